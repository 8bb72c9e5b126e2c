/** Reads the open-ended `data` of a status entry without trusting its types. */
import type { Entry } from "../protocol";

/** The text under `key`; "" when there is none. */
export function dataText(entry: Entry, key: string): string {
  const value = entry.data?.[key];
  return typeof value === "string" ? value : "";
}

/** The number under `key`; 0 when there is none. */
export function dataNumber(entry: Entry, key: string): number {
  const value = entry.data?.[key];
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
