/** The player's token for the session: fetched, or set by the page, which is asked for one and given a while. */
import { Refused } from "../core/link";
import { fetchToken, subject, type Token, type TokenSource } from "./token";

const TOKEN_WITHIN_MS = 10_000;

export class TokenKeeper {
  #token: Token | null = null;
  #tokenSet: () => void = () => {};

  constructor(
    private readonly source: TokenSource,
    private readonly needToken: () => void, // tells the page that a (fresh) token is wanted
  ) {}

  /** The page's own token, instead of an address to fetch one from. */
  set(token: string): void {
    this.#token = { token, player: subject(token) };
    this.#tokenSet();
  }

  /** `refused`: the server has turned the last one down. Throws `Refused` when there is none to be had. */
  async fresh(refused: boolean): Promise<Token> {
    if (this.source.url) return fetchToken(this.source);
    if (refused) this.#token = null;
    return this.#token ?? this.#askForToken();
  }

  #askForToken(): Promise<Token> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Refused("token")), TOKEN_WITHIN_MS);
      this.#tokenSet = () => {
        clearTimeout(timer);
        if (this.#token) resolve(this.#token);
      };
      this.needToken();
    });
  }
}
