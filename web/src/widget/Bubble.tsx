/** One entry of the log: a message of the player's or somebody else's, or a line about what happened. */
import type { JSX } from "preact";
import { Markdown } from "../core/markdown";
import { Masked } from "../core/masked";
import type { Pending } from "../core/outbox";
import type { Entry } from "../protocol";
import { AnswerFoot } from "./AnswerFoot";
import { useTools } from "./context";
import { Avatar } from "./Greeting";
import type { Command } from "./state";
import { StatusLine } from "./StatusLine";
import { When } from "./When";

interface EntryProps {
  entry: Entry;
  before: Entry | undefined;
  judged?: boolean | undefined;
  live: boolean; // whether the chips may be tapped
  calling: boolean; // the button for a person has been pressed
  offerHuman: boolean;
}

export function EntryView({ entry, before, judged, live, calling, offerHuman }: EntryProps): JSX.Element | null {
  const { session, strings } = useTools();
  if (entry.kind === "feedback") return null;
  if (entry.kind === "status") return <StatusLine entry={entry} />;
  if (entry.sender === "player") return <OwnBubble text={entry.text ?? ""} at={entry.at} n={entry.n} />;
  const who = entry.sender === "agent" ? "agent" : "bot";
  const follows = before?.sender === entry.sender && before.kind !== "status" && before.kind !== "feedback";
  return (
    <div class={follows ? "row follows" : "row"} data-n={entry.n} data-sender={entry.sender}>
      <Avatar who={who} />
      <div class="column">
        {!follows && <SenderLine entry={entry} who={who} />}
        <div class={`bubble ${who}`}>
          {entry.kind === "answer" ? (
            <Markdown text={entry.text ?? ""} base={session.server} />
          ) : (
            <Masked text={entry.text ?? ""} names={strings.masked} />
          )}
        </div>
        {entry.kind === "answer" && (
          <AnswerFoot entry={entry} judged={judged} live={live} calling={calling} offerHuman={offerHuman} />
        )}
      </div>
    </div>
  );
}

function SenderLine({ entry, who }: { entry: Entry; who: "bot" | "agent" }): JSX.Element {
  const { strings } = useTools();
  return (
    <p class="meta">
      {who === "agent" && <span class="role">{strings.agent}</span>}
      <span>{who === "bot" ? strings.bot : entry.name}</span>
      <When at={entry.at} />
    </p>
  );
}

function OwnBubble({ text, at, n }: { text: string; at: number; n: number }): JSX.Element {
  const { strings } = useTools();
  return (
    <div class="row own" data-n={n} data-sender="player">
      <div class="column">
        <div class="bubble own">
          <span class="sr">{strings.you}: </span>
          <Masked text={text} names={strings.masked} />
        </div>
        <p class="meta">
          <When at={at} />
          <span class="sr">{strings.sent}</span>
        </p>
      </div>
    </div>
  );
}

/** A message that the server has not stored yet, or refused. */
export function PendingView({ item, online }: { item: Pending<Command>; online: boolean }): JSX.Element {
  const { session, strings } = useTools();
  const { frame, state } = item;
  const text = frame.type === "send" ? frame.text : (item.label ?? "");
  const words = { waiting: online ? strings.sending : strings.waitingForNet, acked: strings.sent, failed: strings.failed };
  return (
    <div class="row own" data-state={state} data-sender="player">
      <div class="column">
        <div class={`bubble own ${state}`}>
          <span class="sr">{strings.you}: </span>
          {text}
        </div>
        <p class={`meta ${state}`}>
          <span>{words[state]}</span>
          {state === "failed" && (
            <>
              <span>{strings.errors[item.code ?? ""] ?? strings.errors["other"]}</span>
              <button class="link-button" data-testid="retry" onClick={() => session.retrySending(frame.id)}>
                {strings.retry}
              </button>
              <button class="link-button" onClick={() => session.remove(frame.id)}>
                {strings.remove}
              </button>
            </>
          )}
        </p>
      </div>
    </div>
  );
}
