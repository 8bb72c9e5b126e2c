/** What stands under an answer of the bot: follow-up chips, 有用 / 没用, the button for a person. */
import type { JSX } from "preact";
import { DownIcon, PersonIcon, UpIcon } from "../core/icons";
import type { Entry } from "../protocol";
import { Chips } from "./Chips";
import { useTools } from "./context";

interface Props {
  entry: Entry;
  judged: boolean | undefined;
  live: boolean; // the newest answer, whose chips may be tapped
  calling: boolean;
  offerHuman: boolean;
}

export function AnswerFoot({ entry, judged, live, calling, offerHuman }: Props): JSX.Element {
  const { session, strings } = useTools();
  const chips = entry.chips ?? [];
  return (
    <>
      {chips.length > 0 && live && <Chips chips={chips} place="answer" label={strings.suggestions} />}
      <div class="foot">
        {entry.faq_id && <Judge n={entry.n} judged={judged} />}
        {offerHuman && (
          <button class="foot-button human" data-testid="human" disabled={calling} onClick={() => session.human()}>
            <PersonIcon size={15} />
            {calling ? strings.humanPending : strings.human}
          </button>
        )}
      </div>
    </>
  );
}

function Judge({ n, judged }: { n: number; judged: boolean | undefined }): JSX.Element {
  const { session, strings } = useTools();
  const done = judged !== undefined;
  return (
    <div class="judge" role="group" aria-label={strings.helpfulAsk}>
      <button
        class="foot-button"
        data-testid="helpful"
        aria-pressed={judged === true}
        disabled={done}
        onClick={() => session.feedback(n, true)}
      >
        <UpIcon size={15} />
        {strings.helpful}
      </button>
      <button
        class="foot-button"
        data-testid="unhelpful"
        aria-pressed={judged === false}
        disabled={done}
        onClick={() => session.feedback(n, false)}
      >
        <DownIcon size={15} />
        {strings.unhelpful}
      </button>
      {done && (
        <span class="thanks" role="status">
          {judged ? strings.helpfulThanks : strings.unhelpfulThanks}
        </span>
      )}
    </div>
  );
}
