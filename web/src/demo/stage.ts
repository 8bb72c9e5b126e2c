/** The demo's control desk: plays the game around the chat, so that a newcomer sees what each thing changes. */
import { forgetPlayer, type DemoPlayer } from "./player";
import { support } from "./support";

// What is told in the page's address, since the widget reads it when it starts.
const IN_ADDRESS = ["vip", "theme", "look", "lang"];

/** Makes the desk in `root` work for `player`. */
export function setStage(root: HTMLElement, player: DemoPlayer, address: URLSearchParams): void {
  for (const name of IN_ADDRESS) fill(root, name, address);
  root.addEventListener("change", (event) => changed(event.target as HTMLElement, address));
  root.addEventListener("click", (event) => void pressed(event.target as HTMLElement, root, player, address));
}

function fill(root: HTMLElement, name: string, address: URLSearchParams): void {
  const field = root.querySelector<HTMLSelectElement>(`select[data-stage="${name}"]`);
  const value = address.get(name);
  if (field && value !== null) field.value = value;
}

function changed(field: HTMLElement, address: URLSearchParams): void {
  if (!(field instanceof HTMLSelectElement)) return;
  const name = field.dataset["stage"] ?? "";
  if (name === "page") {
    if (field.value) support()?.setPage(field.value);
    return;
  }
  if (field.value) address.set(name, field.value);
  else address.delete(name);
  visit(address);
}

async function pressed(button: HTMLElement, root: HTMLElement, player: DemoPlayer, address: URLSearchParams): Promise<void> {
  if (button.dataset["stage"] === "fresh") {
    forgetPlayer();
    address.delete("player");
    visit(address);
  }
  const kind = button.dataset["event"];
  if (kind) say(root, await happen(player.id, kind, JSON.parse(button.dataset["detail"] ?? "{}")));
}

/** Tells the server of an event, as the game's backend would; whether it took it. */
async function happen(player: string, kind: string, data: unknown): Promise<boolean> {
  try {
    const body = JSON.stringify({ player, kind, data });
    const response = await fetch("/api/demo/events", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    return response.ok;
  } catch {
    return false;
  }
}

function say(root: HTMLElement, done: boolean): void {
  const note = root.querySelector<HTMLElement>(".stage-note");
  if (note) note.textContent = note.dataset[done ? "done" : "failed"] ?? "";
}

function visit(address: URLSearchParams): void {
  location.search = address.toString();
}
