/**
 * The game's page around the widget. It stands for any game's own site: it says who the player is, and opens the chat
 * from its own buttons. `?player=…&name=…&vip=…&lang=…` in the address plays another player.
 */
interface SupportElement extends HTMLElement {
  open(): void;
  ask(text: string): void;
}

const PLAYER_KEY = "yunlan-demo-player";

function rememberedPlayer(): string {
  const kept = localStorage.getItem(PLAYER_KEY);
  if (kept) return kept;
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  const made = "demo-" + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  localStorage.setItem(PLAYER_KEY, made);
  return made;
}

/** Runs before widget.js, which adds the element from the attributes of its script tag. */
function introducePlayer(tag: HTMLScriptElement): void {
  const address = new URLSearchParams(location.search);
  const player = address.get("player") || rememberedPlayer();
  const body: Record<string, string | number> = { player };
  const name = address.get("name");
  const vip = Number(address.get("vip"));
  if (name) body["name"] = name;
  if (vip) body["vip"] = vip;
  tag.dataset["player"] = player;
  tag.dataset["tokenBody"] = JSON.stringify(body);
  const lang = address.get("lang");
  if (lang) tag.dataset["lang"] = lang;
}

function support(): SupportElement | null {
  return document.querySelector<SupportElement>("yunlan-support");
}

function clicked(event: MouseEvent): void {
  const button = (event.target as Element).closest<HTMLElement>("[data-ask], [data-buy]");
  if (!button) return;
  const question = button.dataset["ask"];
  if (question) support()?.ask(question);
  else if (question === "") support()?.open();
  else showShopNote();
}

function showShopNote(): void {
  const note = document.getElementById("shop-note");
  if (note && !note.querySelector("em")) {
    note.prepend(Object.assign(document.createElement("em"), { textContent: note.dataset["note"] ?? "" }));
  }
}

const tag = document.querySelector<HTMLScriptElement>('script[src$="/widget.js"]');
if (tag) introducePlayer(tag);
document.addEventListener("click", clicked);
