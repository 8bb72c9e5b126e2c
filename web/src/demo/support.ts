/** The chat's element as the demo page uses it; docs/EMBEDDING.md lists all of it. */
export interface SupportElement extends HTMLElement {
  open(): void;
  ask(text: string): void;
  setPage(name: string): void;
}

export function support(): SupportElement | null {
  return document.querySelector<SupportElement>("yunlan-support");
}
