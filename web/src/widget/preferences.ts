/** What the player has chosen about the chat: kept in the browser for each player apart, over the page's own defaults. */
import { read, write } from "../core/keep";
import { Store } from "../core/store";
import { LANGUAGES, type Language } from "../strings";

export type Theme = "system" | "light" | "dark";
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

export interface Preferences {
  theme: Theme;
  large: boolean; // large type
  simple: boolean; // only the essential, large and with more contrast
  sound: boolean; // a sound for what arrives while the chat is closed
  suggestions: boolean; // what to ask, before typing and while typing
  language: Language;
}

/** The page's defaults, from `attribute` (theme, type, mode); what it does not say or says wrong is as usual. */
export function defaultsFrom(attribute: (name: string) => string | null, language: Language): Preferences {
  return {
    theme: asTheme(attribute("theme")) ?? "system",
    large: attribute("type") === "large",
    simple: attribute("mode") === "simple",
    sound: false,
    suggestions: true,
    language,
  };
}

export function asTheme(value: unknown): Theme | undefined {
  return THEMES.find((theme) => theme === value);
}

export class Preferred {
  readonly store: Store<Preferences>;
  #chosen: Partial<Preferences> = {};

  constructor(
    private scope: string, // the player, "" while nobody knows who
    private defaults: Preferences,
  ) {
    this.#chosen = kept(scope);
    this.store = new Store({ ...defaults, ...this.#chosen });
  }

  choose(change: Partial<Preferences>): void {
    this.#chosen = { ...this.#chosen, ...change };
    write(key(this.scope), this.#chosen);
    this.store.set(change);
  }

  /** Another player, or other defaults of the page. */
  use(scope: string, defaults: Preferences): void {
    if (scope !== this.scope) this.#chosen = kept(scope);
    this.scope = scope;
    this.defaults = defaults;
    this.store.set({ ...this.defaults, ...this.#chosen });
  }
}

const key = (scope: string): string => `prefer:${scope}`;

/** The choices of an earlier visit; anything that is none is left out. */
function kept(scope: string): Partial<Preferences> {
  const found = read<Record<string, unknown>>(key(scope));
  const chosen: Partial<Preferences> = {};
  if (typeof found !== "object" || found === null) return chosen;
  for (const name of ["large", "simple", "sound", "suggestions"] as const) {
    const value = found[name];
    if (typeof value === "boolean") chosen[name] = value;
  }
  const theme = asTheme(found["theme"]);
  if (theme) chosen.theme = theme;
  const language = LANGUAGES.find((one) => one === found["language"]);
  if (language) chosen.language = language;
  return chosen;
}
