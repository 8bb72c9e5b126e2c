/** One entry of the log: a message of the player's or somebody else's, or a line about what happened. */
import type { JSX } from "preact";
import { Markdown } from "../core/markdown";
import { Masked } from "../core/masked";
import type { Pending } from "../core/outbox";
import type { Entry, Image } from "../protocol";
import { AnswerFoot } from "./AnswerFoot";
import { useTools } from "./context";
import { Avatar } from "./Greeting";
import { PictureView } from "./PictureView";
import type { Command, Receipt } from "./state";
import { StatusLine } from "./StatusLine";
import { When } from "./When";

interface EntryProps {
  entry: Entry;
  before: Entry | undefined;
  judged?: boolean | undefined;
  live: boolean; // whether the chips may be tapped
  receipt: Receipt;
  calling: boolean; // the button for a person has been pressed
  offerHuman: boolean;
}

export function EntryView({ entry, before, judged, live, receipt, calling, offerHuman }: EntryProps): JSX.Element | null {
  const { session } = useTools();
  if (entry.kind === "feedback") return null;
  if (entry.kind === "status") return <StatusLine entry={entry} />;
  if (entry.sender === "player") return <OwnBubble entry={entry} receipt={receipt} />;
  const who = entry.sender === "agent" ? "agent" : "bot";
  const same = before?.sender === entry.sender && before.name === entry.name;
  const follows = same && before.kind !== "status" && before.kind !== "feedback";
  return (
    <div class={follows ? "row follows" : "row"} data-n={entry.n} data-sender={entry.sender}>
      <Avatar who={who} />
      <div class="column">
        {!follows && <SenderLine entry={entry} who={who} />}
        <div class={`bubble ${who}`}>
          {entry.kind === "answer" ? <Markdown text={entry.text ?? ""} base={session.server} /> : <Words entry={entry} />}
        </div>
        {entry.kind === "answer" && (
          <AnswerFoot entry={entry} judged={judged} live={live} calling={calling} offerHuman={offerHuman} />
        )}
      </div>
    </div>
  );
}

/** What a person sent: words or a picture. */
function Words({ entry }: { entry: Entry }): JSX.Element {
  const { session, strings } = useTools();
  if (entry.image) {
    return (
      <div class="picture-box" style={roomFor(entry.image)}>
        <PictureView image={entry.image} base={session.server} />
      </div>
    );
  }
  return <Masked text={entry.text ?? ""} names={strings.masked} />;
}

const TALLEST_PX = 220;

/** The room that a picture takes, so that the log does not jump when it has come. */
function roomFor({ width, height }: Image): Record<string, string> {
  return { "--height": `${Math.min(height, TALLEST_PX)}px`, "--ratio": String(width / height) };
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

function OwnBubble({ entry, receipt }: { entry: Entry; receipt: Receipt }): JSX.Element {
  const { strings } = useTools();
  return (
    <div class="row own" data-n={entry.n} data-sender="player">
      <div class="column">
        <div class="bubble own">
          <span class="sr">{strings.you}: </span>
          <Words entry={entry} />
        </div>
        <p class="meta">
          <When at={entry.at} />
          <span class={receipt ? "receipt" : "sr"} data-testid="receipt" data-receipt={receipt || "sent"}>
            {strings[receipt || "sent"]}
          </span>
        </p>
      </div>
    </div>
  );
}

/** A message that the server has not stored yet, or refused. */
export function PendingView({ item, online }: { item: Pending<Command>; online: boolean }): JSX.Element {
  const { session, strings } = useTools();
  const { frame, state } = item;
  const words = { waiting: online ? strings.sending : strings.waitingForNet, acked: strings.sent, failed: strings.failed };
  return (
    <div class="row own" data-state={state} data-sender="player">
      <div class="column">
        <div class={`bubble own ${state}`}>
          <span class="sr">{strings.you}: </span>
          {frame.type === "image" && <PictureView image={{ id: frame.image, width: 0, height: 0 }} base={session.server} />}
          {frame.type === "send" ? frame.text : item.label}
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
