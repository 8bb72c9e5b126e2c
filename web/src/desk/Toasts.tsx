/** What did not work, for a few seconds. */
import type { JSX } from "preact";
import { CrossIcon } from "../core/icons";
import type { DeskStrings } from "../strings/zh";
import { useTools } from "./context";
import type { DeskState } from "./state";

export function Toasts({ state }: { state: DeskState }): JSX.Element {
  const { session, strings } = useTools();
  return (
    <div class="toasts" role="alert">
      {state.toasts.map((toast) => (
        <p key={toast.key} class="toast" data-testid="toast" data-code={toast.code}>
          <span>{refusal(toast.code, toast.who, strings)}</span>
          <button class="icon-button" aria-label={strings.dismiss} onClick={() => session.dismiss(toast.key)}>
            <CrossIcon size={16} />
          </button>
        </p>
      ))}
    </div>
  );
}

/** What was refused, and who has the conversation now. */
export function refusal(code: string, who: string, strings: DeskStrings): string {
  const words = strings.errors[code] ?? strings.errors["other"] ?? code;
  if (!who) return words;
  const name = { bot: strings.whoBot, queue: strings.whoQueue }[who] ?? who;
  return `${words} · ${strings.nowWith(name)}`;
}
