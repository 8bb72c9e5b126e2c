/** The wait that lies ahead, as coarse as it is known. */

export interface WaitRange {
  low: number;
  high: number;
  unit: "minute" | "hour";
}

const MINUTE_S = 60;
const HOUR_S = 3600;
const HOURS_FROM_S = 5400; // "1–2 hours" says as much as "70–110 minutes"

/** From the half and the nine tenths of such waits, in seconds; null when the server knows neither (0). */
export function waitRange(p50_s: number, p90_s: number): WaitRange | null {
  if (p50_s <= 0 || p90_s <= 0) return null;
  const unit = p90_s > HOURS_FROM_S ? "hour" : "minute";
  const size = unit === "hour" ? HOUR_S : MINUTE_S;
  const high = Math.max(1, Math.ceil(p90_s / size));
  // Never sooner than half of them really are.
  const low = Math.min(high, Math.max(1, Math.round(p50_s / size)));
  return { low, high, unit };
}
