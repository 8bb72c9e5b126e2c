/** Who plays on the demo page, from its address: `?player=…&name=…&vip=…`. */

const PLAYER_KEY = "yunlan-demo-player";

export interface DemoPlayer {
  id: string;
  name: string;
  vip: number;
}

export function demoPlayer(address: URLSearchParams): DemoPlayer {
  return {
    id: address.get("player") || rememberedId(),
    name: address.get("name") ?? "",
    vip: Number(address.get("vip")) || 0,
  };
}

/** The next visit without a player in its address is somebody new. */
export function forgetPlayer(): void {
  localStorage.removeItem(PLAYER_KEY);
}

function rememberedId(): string {
  const kept = localStorage.getItem(PLAYER_KEY);
  if (kept) return kept;
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  const made = "demo-" + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  localStorage.setItem(PLAYER_KEY, made);
  return made;
}
