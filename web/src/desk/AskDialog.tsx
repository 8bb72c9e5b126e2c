/** Asks a colleague, or a group, to take a conversation over or to help with it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { sendable } from "../core/text";
import { invite, transfer } from "./commands";
import { Dialog } from "./Dialog";
import { Loaded } from "./Loaded";
import { usePolled } from "./polled";
import { askable, freeSlots, onlineIn, skill, team, type Colleague, type Team } from "./team";
import { draftOf } from "./teamwork";
import { NoteField } from "./TextDialog";
import { useTools } from "./context";
import type { Followed } from "./state";

interface Props {
  what: "transfer" | "invite";
  conversation: Followed;
  onClose(): void;
}

/** An agent's or a group's id behind "a:" or "g:". */
type Choice = "" | `a:${string}` | `g:${string}`;

export function AskDialog({ what, conversation, onClose }: Props): JSX.Element {
  const { session, strings } = useTools();
  const words = strings.team;
  const polled = usePolled(team, "team");
  const draft = draftOf(what, conversation.id);
  const [note, setNote] = useState(session.draft(draft));
  const [choice, setChoice] = useState<Choice>("");
  const transferring = what === "transfer";
  const ready = choice !== "" && (sendable(note) || (!transferring && !note.trim()));
  const change = (text: string): void => {
    setNote(text);
    session.keepDraft(draft, text);
  };
  const submit = (): void => {
    if (!ready) return;
    const id = choice.slice(2);
    if (!transferring) session.do(invite(conversation, id, note));
    else session.do(transfer(conversation, choice.startsWith("g:") ? { group: id } : { agent: id }, note));
    onClose();
  };
  return (
    <Dialog
      testid={`${what}-dialog`}
      title={transferring ? words.transferTitle : words.inviteTitle}
      hint={transferring ? words.transferHint : words.inviteHint}
      onCancel={onClose}
      onSubmit={submit}
    >
      <Loaded polled={polled}>
        {(found) => <Choices team={found} groups={transferring} conversation={conversation} chosen={choice} onChoose={setChoice} />}
      </Loaded>
      <NoteField label={transferring ? words.transferNote : words.inviteNote} text={note} onText={change} />
      <div class="dialog-actions">
        <button class="button quiet" type="button" onClick={onClose}>
          {strings.cancel}
        </button>
        <button class="button" type="submit" data-testid={`${what}-submit`} disabled={!ready}>
          {transferring ? words.transferSubmit : words.inviteSubmit}
        </button>
      </div>
    </Dialog>
  );
}

interface ChoicesProps {
  team: Team;
  groups: boolean; // a group may be asked too
  conversation: Followed;
  chosen: Choice;
  onChoose(choice: Choice): void;
}

function Choices({ team: found, groups, conversation, chosen, onChoose }: ChoicesProps): JSX.Element {
  const { strings } = useTools();
  const words = strings.team;
  const group = conversation.snapshot?.episode?.group ?? "";
  const guests = conversation.snapshot?.guests?.map((guest) => guest.id) ?? [];
  const agents = askable(found.agents, group, guests);
  return (
    <>
      <fieldset class="choices">
        <legend>{words.colleagues}</legend>
        {agents.length === 0 && <p class="nothing">{words.nobody}</p>}
        {agents.map((one) => (
          <Option key={one.id} value={`a:${one.id}`} chosen={chosen} disabled={freeSlots(one) === 0} onChoose={onChoose}>
            <ColleagueWords one={one} group={group} />
          </Option>
        ))}
      </fieldset>
      {groups && (
        <fieldset class="choices">
          <legend>{words.groups}</legend>
          {found.groups.map((one) => (
            <Option key={one.id} value={`g:${one.id}`} chosen={chosen} disabled={false} onChoose={onChoose}>
              <b>{one.name}</b>
              <span class="soft">{words.onlineIn(onlineIn(found.agents, one.id))}</span>
            </Option>
          ))}
        </fieldset>
      )}
    </>
  );
}

interface OptionProps {
  value: Choice;
  chosen: Choice;
  disabled: boolean;
  onChoose(choice: Choice): void;
  children: JSX.Element | JSX.Element[];
}

function Option({ value, chosen, disabled, onChoose, children }: OptionProps): JSX.Element {
  return (
    <label class={value === chosen ? "choice chosen" : "choice"} data-testid={`choice-${value}`}>
      <input type="radio" name="choice" value={value} checked={value === chosen} disabled={disabled} onChange={() => onChoose(value)} />
      {children}
    </label>
  );
}

function ColleagueWords({ one, group }: { one: Colleague; group: string }): JSX.Element {
  const { strings } = useTools();
  const free = freeSlots(one);
  const level = skill(one, group);
  const place = one.status === "online" && (free > 0 ? strings.team.free(`${free}/${one.capacity}`) : strings.team.full);
  return (
    <>
      <b>{one.display}</b>
      <span class={`presence ${one.status}`}>
        <span class="lamp" />
        {strings.status[one.status]}
      </span>
      <span class="soft">
        {[place, level > 0 && strings.team.skill(level)].filter(Boolean).join(" · ")}
      </span>
    </>
  );
}
