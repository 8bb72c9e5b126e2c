/** A stand-in for the browser's storage, which Node has not. */
import { vi } from "vitest";

export class KeptInMemory {
  [key: string]: unknown;

  getItem(key: string): string | null {
    return (this[key] as string | undefined) ?? null;
  }

  setItem(key: string, value: string): void {
    this[key] = value;
  }

  removeItem(key: string): void {
    delete this[key];
  }
}

/** Puts an empty one in the place of `localStorage` and `sessionStorage`. */
export function keepInMemory(): void {
  vi.stubGlobal("localStorage", new KeptInMemory());
  vi.stubGlobal("sessionStorage", new KeptInMemory());
}
