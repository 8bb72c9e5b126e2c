/** What a supervisor does with a colleague's conversation: whisper to its owner, or take it over. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { whisper } from "./commands";
import { draftOf } from "./teamwork";
import { TextDialog } from "./TextDialog";
import { useTools } from "./context";

interface Props {
  conversation: string;
  owner: string; // display name
}

export function WatchButtons({ conversation, owner }: Props): JSX.Element {
  const { session, strings } = useTools();
  const words = strings.team;
  const [open, setOpen] = useState<"whisper" | "take_over" | "">("");
  const close = (): void => setOpen("");
  return (
    <>
      <button class="button quiet small" data-testid="whisper" onClick={() => setOpen("whisper")}>
        {strings.whisper}
      </button>
      <button class="button quiet small" data-testid="take-over" onClick={() => setOpen("take_over")}>
        {words.takeOver}
      </button>
      {open === "whisper" && (
        <TextDialog
          testid="whisper-dialog"
          words={{ title: words.whisperTitle(owner), hint: words.whisperHint, label: words.whisperLabel, submit: words.whisperSubmit }}
          required
          draft={draftOf("whisper", conversation)}
          onSubmit={(text) => {
            close();
            session.do(whisper(conversation, text));
          }}
          onCancel={close}
        />
      )}
      {open === "take_over" && (
        <TextDialog
          testid="take-over-dialog"
          words={{
            title: words.takeOverTitle,
            hint: words.takeOverHint(owner),
            label: words.takeOverNote,
            submit: words.takeOverSubmit,
          }}
          draft={draftOf("take_over", conversation)}
          onSubmit={(note) => {
            close();
            session.takeOver(conversation, note);
          }}
          onCancel={close}
        />
      )}
    </>
  );
}
