/** Keys of a message field. */

/** Enter sends; Shift+Enter breaks the line; an Enter that ends an input method's composition does neither. */
export function isSendKey(event: KeyboardEvent): boolean {
  const composing = event.isComposing || event.keyCode === 229;
  return event.key === "Enter" && !event.shiftKey && !event.altKey && !composing;
}

/** Lets `act` through at most once in `ms`. */
export function throttle(ms: number, act: () => void): () => void {
  let last = 0;
  return () => {
    if (Date.now() - last < ms) return;
    last = Date.now();
    act();
  };
}

/** Makes a field as high as its text, up to `tallest` pixels. */
export function grow(field: HTMLTextAreaElement | null, tallest: number): void {
  if (!field) return;
  field.style.height = "auto";
  field.style.height = `${Math.min(tallest, field.scrollHeight)}px`;
}
