/** What a page remembers in the browser. Where storage is forbidden it simply forgets. */
const ROOT = "yunlan:";

export function read<T>(key: string): T | null {
  try {
    const text = localStorage.getItem(ROOT + key);
    return text === null ? null : (JSON.parse(text) as T);
  } catch {
    return null;
  }
}

export function write(key: string, value: unknown): void {
  try {
    if (value === null || value === "") localStorage.removeItem(ROOT + key);
    else localStorage.setItem(ROOT + key, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden: the page works, it only forgets.
  }
}

/** Removes what is kept of `scope`, under `name:scope` and `name:scope:…`, but for the names in `except`. */
export function forget(scope: string, except: readonly string[]): void {
  for (const key of keys("")) {
    const [name = "", ...rest] = key.split(":");
    const other = `${rest.join(":")}:`;
    if (other.startsWith(`${scope}:`) && !except.includes(name)) write(key, null);
  }
}

export interface Shelved {
  order: number;
  frame: { id: string };
}

/**
 * A set of things under one prefix, each under a key of its own: two tabs of one person don't overwrite each other.
 */
export class Shelf<T extends Shelved> {
  constructor(private readonly name: string) {}

  put(item: T): void {
    write(this.#key(item.frame.id), item);
  }

  remove(id: string): void {
    write(this.#key(id), null);
  }

  /** Everything on the shelf, in the order in which it was put there. */
  all(): T[] {
    const found: T[] = [];
    for (const key of keys(this.#key(""))) {
      const item = read<T>(key);
      if (item?.frame?.id) found.push(item);
    }
    return found.sort((a, b) => a.order - b.order);
  }

  #key(id: string): string {
    return `${this.name}:${id}`;
  }
}

function keys(prefix: string): string[] {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(ROOT + prefix))
      .map((key) => key.slice(ROOT.length));
  } catch {
    return [];
  }
}
