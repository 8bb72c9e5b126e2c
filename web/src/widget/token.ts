/** Where the widget gets the player's token from: the page's own address for it, or the page's script. */
import { Refused } from "../core/link";

export interface TokenSource {
  url: string; // "" when the page sets tokens itself
  body: string; // JSON that goes with the request
}

export interface Token {
  token: string;
  player: string; // whom it names; only a name for what the browser keeps
}

export async function fetchToken(source: TokenSource): Promise<Token> {
  const response = await fetch(source.url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: source.body || "{}",
    credentials: "include",
  });
  if (response.status >= 400 && response.status < 500 && response.status !== 429) throw new Refused("token");
  if (!response.ok) throw new Error(`token: ${response.status}`);
  const answer = (await response.json()) as Partial<Token>;
  if (!answer.token) throw new Refused("token");
  return { token: answer.token, player: answer.player ?? subject(answer.token) };
}

/** The `sub` of a JWT, unverified: the server alone decides who a token names. */
export function subject(token: string): string {
  try {
    const payload = token.split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as { sub?: unknown };
    return typeof claims.sub === "string" ? claims.sub : "";
  } catch {
    return "";
  }
}
