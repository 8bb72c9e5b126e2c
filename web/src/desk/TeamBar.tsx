/** Under the head of a conversation: how long the player has waited, who helps, and what colleagues can do together. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { duration, useNow } from "../core/time";
import { AskDialog } from "./AskDialog";
import { letGo, openTicket } from "./commands";
import { response } from "./deadlines";
import { Tag } from "./Tags";
import { draftOf, isGuest, mayWrite, supervises } from "./teamwork";
import { TextDialog } from "./TextDialog";
import { WatchButtons } from "./WatchButtons";
import { useTools } from "./context";
import { isWaiting, type DeskState, type Followed } from "./state";

interface Props {
  state: DeskState;
  conversation: Followed;
}

export function TeamBar({ state, conversation }: Props): JSX.Element | null {
  const { strings } = useTools();
  const { snapshot } = conversation;
  const me = state.agent?.id ?? "";
  if (snapshot?.owner !== "agent") return null;
  const watching = supervises(state.agent) && !snapshot.mine;
  return (
    <div class="team-bar" role="group" aria-label={strings.team.tools}>
      <ResponseTime state={state} conversation={conversation} />
      <Guests state={state} conversation={conversation} />
      <span class="team-buttons">
        {snapshot.mine && <AskButtons conversation={conversation} />}
        {mayWrite(conversation, me) && <TicketButton state={state} conversation={conversation} />}
        {isGuest(conversation, me) && <LeaveButton state={state} conversation={conversation} me={me} />}
        {watching && <WatchButtons conversation={conversation.id} owner={snapshot.agent_name ?? ""} />}
      </span>
    </div>
  );
}

const TONES = { calm: "plain", warned: "amber", late: "red" } as const;

function ResponseTime({ state, conversation }: Props): JSX.Element | null {
  const words = useTools().strings.response;
  const now = useNow(true) + state.skew;
  const waited = response(conversation, now);
  if (!waited) return null;
  return (
    <span data-testid="response" data-kind={waited.kind} data-urgency={waited.urgency}>
      <Tag tone={TONES[waited.urgency]}>{words[waited.kind](duration(waited.ms))}</Tag>
    </span>
  );
}

function Guests({ state, conversation }: Props): JSX.Element | null {
  const { session, strings } = useTools();
  const guests = conversation.snapshot?.guests ?? [];
  if (guests.length === 0) return null;
  const busy = isWaiting(state, "dismiss", conversation.id);
  return (
    <span class="guests" data-testid="guests">
      <span class="soft">{strings.team.guests}</span>
      {guests.map((guest) => (
        <span key={guest.id} class="guest">
          {guest.display}
          {conversation.snapshot?.mine && (
            <button
              class="link-button"
              data-testid="dismiss-guest"
              disabled={busy}
              aria-label={strings.team.dismiss(guest.display)}
              onClick={() => session.do(letGo(conversation, guest.id))}
            >
              {strings.team.dismissShort}
            </button>
          )}
        </span>
      ))}
    </span>
  );
}

function AskButtons({ conversation }: { conversation: Followed }): JSX.Element {
  const words = useTools().strings.team;
  const [asking, setAsking] = useState<"transfer" | "invite" | "">("");
  return (
    <>
      <button
        class="button quiet small"
        data-testid="transfer"
        disabled={Boolean(conversation.snapshot?.transfer)}
        onClick={() => setAsking("transfer")}
      >
        {words.transfer}
      </button>
      <button class="button quiet small" data-testid="invite" onClick={() => setAsking("invite")}>
        {words.invite}
      </button>
      {asking && <AskDialog what={asking} conversation={conversation} onClose={() => setAsking("")} />}
    </>
  );
}

function TicketButton({ state, conversation }: Props): JSX.Element {
  const { session, strings } = useTools();
  const words = strings.team;
  const [open, setOpen] = useState(false);
  const submit = (text: string): void => {
    setOpen(false);
    session.do(openTicket(conversation, text));
  };
  return (
    <>
      <button
        class="button quiet small"
        data-testid="ticket"
        disabled={isWaiting(state, "ticket", conversation.id)}
        onClick={() => setOpen(true)}
      >
        {words.ticket}
      </button>
      {open && (
        <TextDialog
          testid="ticket-dialog"
          words={{ title: words.ticketTitle, hint: words.ticketHint, label: words.ticketLabel, submit: words.ticketSubmit }}
          required
          draft={draftOf("ticket", conversation.id)}
          onSubmit={submit}
          onCancel={() => setOpen(false)}
        />
      )}
    </>
  );
}

function LeaveButton({ state, conversation, me }: Props & { me: string }): JSX.Element {
  const { session, strings } = useTools();
  return (
    <button
      class="button quiet small"
      data-testid="leave"
      disabled={isWaiting(state, "dismiss", conversation.id)}
      onClick={() => session.do(letGo(conversation, me))}
    >
      {strings.team.leave}
    </button>
  );
}
