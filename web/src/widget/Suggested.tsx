/** 猜你想问: the big card and the questions for this moment, and the switch that puts them away. */
import type { JSX } from "preact";
import { BigCard } from "./BigCard";
import { Chips, leaveForLog } from "./Chips";
import { useTools } from "./context";
import type { ChatState } from "./state";
import { besideCard } from "./suggestions";

export function Suggested({ state }: { state: ChatState }): JSX.Element | null {
  const { strings, preferences, choose } = useTools();
  const chips = besideCard(state.chips, state.card);
  if (chips.length === 0 && !state.card) return null;
  const turn = (event: Event): void => {
    leaveForLog(event);
    choose({ suggestions: !preferences.suggestions });
  };
  if (!preferences.suggestions) {
    return (
      <button class="link-button suggest-switch" data-testid="suggest-on" onClick={turn}>
        {strings.suggest.on}
      </button>
    );
  }
  return (
    <>
      {state.card && <BigCard card={state.card} />}
      {chips.length > 0 && (
        <>
          <p class="suggest-head">
            <span>{strings.suggestions}</span>
            {!preferences.simple && (
              <button class="link-button suggest-switch" data-testid="suggest-off" onClick={turn}>
                {strings.suggest.off}
              </button>
            )}
          </p>
          <Chips chips={chips} place="opening" label={strings.suggestions} />
        </>
      )}
    </>
  );
}
