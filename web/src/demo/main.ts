/**
 * The game's page around the widget. It stands for any game's own site: it says who the player is, and opens the chat
 * from its own buttons. `?player=…&name=…&vip=…&lang=…&theme=…&look=…` in the address plays another player.
 */
import { demoPlayer, type DemoPlayer } from "./player";
import { setStage } from "./stage";
import { support } from "./support";

/** Runs before widget.js, which adds the element from the attributes of its script tag. */
function introducePlayer(tag: HTMLScriptElement, player: DemoPlayer, address: URLSearchParams): void {
  const { id, name, vip } = player;
  tag.dataset["player"] = id;
  tag.dataset["tokenBody"] = JSON.stringify({ player: id, ...(name && { name }), ...(vip && { vip }) });
  const look = address.get("look");
  const options = {
    lang: address.get("lang"),
    theme: address.get("theme"),
    type: look === "large" ? look : null,
    mode: look === "simple" ? look : null,
  };
  for (const [option, value] of Object.entries(options)) if (value) tag.dataset[option] = value;
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

const address = new URLSearchParams(location.search);
const player = demoPlayer(address);
const tag = document.querySelector<HTMLScriptElement>('script[src$="/widget.js"]');
const stage = document.querySelector<HTMLElement>(".stage");
if (tag) introducePlayer(tag, player, address);
if (stage) setStage(stage, player, address);
document.addEventListener("click", clicked);
