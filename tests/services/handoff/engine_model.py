"""The oracle of the handoff engine: what must hold in every state, across every step, and when a command may succeed.

Written from docs/HANDOFF.md and the ports' docstrings, not from an implementation; the twin and Redis are judged by the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Optional

import msgspec

from handoff.machine import EndReason, EpisodeState, Owner
from handoff.policy import TIERS, Policy
from handoff.priority import most_ms
from handoff.protocol import Episode
from tests.services.handoff.engine_pictures import Picture, Talk

SECRET = "internal-"  # every text that only agents may read begins so
LIFE = {  # the states in which an episode with this end may stand
    EpisodeState.QUEUED: Owner.QUEUE,
    EpisodeState.ACTIVE: Owner.AGENT,
    EpisodeState.WRAP_UP: Owner.BOT,
    EpisodeState.NONE: Owner.BOT,
}
LIVES = {EpisodeState.QUEUED, EpisodeState.ACTIVE}
DEADLINES_IN = {"first": LIVES, "resolution": LIVES, "next": {EpisodeState.ACTIVE}}
TIMERS_IN = {
    "notice": EpisodeState.QUEUED, "call": EpisodeState.QUEUED, "open": EpisodeState.QUEUED,
    "idle": EpisodeState.ACTIVE, "ask": EpisodeState.ACTIVE, "close": EpisodeState.ACTIVE,
}  # fmt: skip
RATED = ("score", "rating_text", "ratings", "weighted", "summary")  # what may change once an episode has ended
# How a pending offer may end in a step; steps that are not named end none.
ENDINGS: dict[str, set[str]] = {
    "accept": {"accepted", "rescinded"}, "take": {"accepted", "rescinded"}, "take_over": {"rescinded"},
    "reject": {"rejected"}, "expire": {"timed_out", "rescinded"}, "presence": {"rescinded"},
    "cancel": {"cancelled"}, "ticket": {"cancelled"}, "cancel_transfer": {"rescinded"},
    "close": {"rescinded"}, "give_back": {"rescinded"}, "requeue": {"rescinded"}, "fire": {"rescinded", "cancelled"},
    "route": {"timed_out", "rescinded", "cancelled"},
}  # fmt: skip
WAKES = {"append", "say", "give_back"}  # a parked conversation takes its slot back, even above the capacity
SEVERAL = {"route"}  # steps of several commands


@dataclass(frozen=True)
class Act:
    """A step: which method was called, by whom, about what."""

    name: str
    agent: str = ""
    player: str = ""
    conversation: str = ""
    offer: str = ""
    epoch: int = 0
    to: str = ""  # the other agent, or the group
    kind: str = ""
    episode: str = ""


def state_faults(p: Picture, policy: Policy) -> Iterator[str]:
    """What is wrong with a state."""
    for talk in p.talks.values():
        yield from _ownership(p, talk)
        yield from _numbering(talk)
        yield from _timers_of(p, talk)
        yield from _work(p, talk)
        yield from _priority(p, talk, policy)
    yield from _queue(p)
    yield from _slots(p, policy)
    yield from _offers(p, policy)
    yield from _episodes(p)
    for id, kind in p.timers:
        if id not in p.talks:
            yield f"timer {kind} of {id}, which is gone"
    if set(p.open_of.values()) != set(p.talks) or any(p.talks[id].player != who for who, id in p.open_of.items()):
        yield "a player's open conversation is not the one that lives"
    for id, agent in p.agents.items():
        if agent.status == "online" and agent.missed >= policy.missed:
            yield f"{id} is online after {agent.missed} missed offers"


def _ownership(p: Picture, talk: Talk) -> Iterator[str]:
    """Exactly one of queued, owned, ended (or back with the bot), and everything that says so agrees."""
    where = f"{talk.id} ({talk.owner.value}, {talk.state.value})"
    if LIFE[talk.state] is not talk.owner:
        yield f"{where}: no such pair of owner and state"
    queued = talk.id in {id for _, id in p.queue}
    if queued != (talk.state is EpisodeState.QUEUED):
        yield f"{where}: in the queue is {queued}"
    if (talk.id in p.wrap_ups) != (talk.state is EpisodeState.WRAP_UP):
        yield f"{where}: among the wrap-ups is {talk.id in p.wrap_ups}"
    if bool(talk.agent) != (talk.state in (EpisodeState.ACTIVE, EpisodeState.WRAP_UP)):
        yield f"{where}: its agent is {talk.agent!r}"
    if bool(talk.episode) != (talk.state is not EpisodeState.NONE):
        yield f"{where}: its episode is {talk.episode!r}"
    elif talk.episode and p.episodes[talk.episode].state != talk.state.value:
        yield f"{where}: its episode is {p.episodes[talk.episode].state}"
    alive = [id for id in talk.episodes if p.episodes[id].state != "ended"]
    if alive != ([talk.episode] if talk.episode else []):
        yield f"{where}: episodes {alive} have not ended"
    if talk.owner is not Owner.AGENT and (talk.guests or talk.transfer or talk.idle or talk.unanswered or talk.invites):
        yield f"{where}: guests, invitations, a transfer or a lent slot are left behind"
    if talk.owner is not Owner.QUEUE and (talk.called or talk.held or talk.kept):
        yield f"{where}: called, held or kept without waiting"
    if talk.agent in talk.guests:
        yield f"{where}: its owner is also its guest"
    if talk.rate_due and (
        talk.rate_due not in talk.episodes or p.episodes[talk.rate_due].state in ("queued", "active")
    ):
        yield f"{where}: a rating is asked for an episode that goes on"


def _numbering(talk: Talk) -> Iterator[str]:
    if [e.n for e in talk.log] != list(range(1, talk.last + 1)):
        yield f"{talk.id}: log numbers {[e.n for e in talk.log]}, counter {talk.last}"
    if [n.n for n in talk.notes] != list(range(1, talk.notes_last + 1)):
        yield f"{talk.id}: note numbers {[n.n for n in talk.notes]}, counter {talk.notes_last}"
    for entry in talk.log:
        if SECRET.encode() in msgspec.json.encode(entry):
            yield f"{talk.id}: the player reads an internal text in entry {entry.n}"
    if not 0 <= talk.cursor <= talk.last or talk.player_n > talk.last:
        yield f"{talk.id}: cursor {talk.cursor} or player's entry {talk.player_n} beyond {talk.last}"


def _timers_of(p: Picture, talk: Talk) -> Iterator[str]:
    kinds = {kind for id, kind in p.timers if id == talk.id}
    for kind in kinds:
        name, _, stage = kind.partition(".")
        right = talk.state in DEADLINES_IN[name] if stage else talk.state is TIMERS_IN[name]
        if not right:
            yield f"{talk.id}: timer {kind} while {talk.state.value}"
    for name in DEADLINES_IN:
        if sum(kind.startswith(f"{name}.") for kind in kinds) > 1:
            yield f"{talk.id}: several stages of {name}"
    needed = {
        "notice": talk.state is EpisodeState.QUEUED,
        "call": talk.called,
        "open": talk.held,
        "idle": talk.owner is Owner.AGENT and not talk.idle,
    }
    for kind, there in needed.items():
        if (kind in kinds) != there:
            yield f"{talk.id}: timer {kind} is {'not ' * there}set ({talk.state.value})"
    if not talk.unanswered and any(kind.startswith("next.") for kind in kinds):
        yield f"{talk.id}: a deadline for the next answer and nothing to answer"
    answered = talk.episode and p.episodes[talk.episode].responded_at
    if answered and any(kind.startswith("first.") for kind in kinds):
        yield f"{talk.id}: a deadline for the first answer after it was given"


def _work(p: Picture, talk: Talk) -> Iterator[str]:
    """A player's message and a summary never wait for a worker who is not told."""
    unanswered = talk.owner is not Owner.AGENT and talk.player_n > talk.cursor
    if (unanswered or talk.summary_due) and talk.id not in p.ready:
        yield f"{talk.id}: has work for a bot worker and is not put before them"
    if talk.summary_due and talk.summary_due not in talk.episodes:
        yield f"{talk.id}: a summary of an unknown episode is due"


def _priority(p: Picture, talk: Talk, policy: Policy) -> Iterator[str]:
    """No head start beyond the proven bound (docs/HANDOFF.md, theorem 1)."""
    if talk.episode:
        gained = p.episodes[talk.episode].requested_at - talk.key
        if not 0 <= gained <= most_ms(policy.weights):
            yield f"{talk.id}: a head start of {gained} ms"


def _queue(p: Picture) -> Iterator[str]:
    order = [(talk.key, talk.id) for talk in p.talks.values() if talk.owner is Owner.QUEUE]
    if list(p.queue) != sorted(order):
        yield f"queue {p.queue}, expected {sorted(order)}"
    for group in {talk.group for talk in p.talks.values()} | set(p.group_queues):
        expected = tuple(id for key, id in sorted(order) if p.talks[id].group == group)
        if p.group_queues.get(group, ()) != expected:
            yield f"queue of {group} {p.group_queues.get(group)}, expected {expected}"
    wanted = {}
    for talk in p.talks.values():
        if talk.offer or talk.held:
            continue
        if talk.owner is Owner.QUEUE:
            wanted[talk.id] = f"queue:{talk.group}"
        elif talk.transfer_group:
            wanted[talk.id] = "transfers"
    if dict(p.wanted) != wanted:
        yield f"open to offers {p.wanted}, expected {wanted}"


def _slots(p: Picture, policy: Policy) -> Iterator[str]:
    """A slot exactly for the owner (nothing while it is lent), each guest and a wrap-up."""
    expected: dict[str, dict[str, int]] = {agent: {} for agent in p.agents}
    for talk in p.talks.values():
        for guest in talk.guests:
            expected[guest][talk.id] = policy.units["guest"]
        if talk.agent:
            expected[talk.agent][talk.id] = 0 if talk.idle else policy.units["chat"]
    for id, agent in p.agents.items():
        if dict(agent.load) != expected[id]:
            yield f"slots of {id} {dict(agent.load)}, expected {expected[id]}"


def _offers(p: Picture, policy: Policy) -> Iterator[str]:
    """Pending offers hold units of their agent; at most one of a conversation to own it; each is about something."""
    units: dict[str, dict[str, int]] = {agent: {} for agent in p.agents}
    owning: dict[str, list[str]] = {}
    invites: dict[str, set[str]] = {}
    for id in p.pending:
        offer = p.offers[id]
        if offer.state != "pending":
            yield f"offer {id} is {offer.state} and among the pending ones"
        units[offer.agent][id] = policy.units["guest" if offer.kind == "invite" else "chat"]
        if offer.kind == "invite":
            invites.setdefault(offer.conversation, set()).add(id)
        else:
            owning.setdefault(offer.conversation, []).append(id)
        talk = p.talks.get(offer.conversation)
        if talk is None or (talk.owner is Owner.QUEUE) != (offer.kind == "queue") or talk.owner is Owner.BOT:
            yield f"offer {id} ({offer.kind}) of a conversation that is not to be had"
        elif offer.agent == talk.agent or (offer.kind == "invite" and offer.agent in talk.guests):
            yield f"offer {id} ({offer.kind}) to somebody who has it"
        elif offer.kind == "transfer" and not talk.transfer:
            yield f"offer {id} of a transfer that nobody asked for"
    if any(offer.state == "pending" and id not in p.pending for id, offer in p.offers.items()):
        yield "a pending offer is not among the pending ones"
    for agent, staff in p.agents.items():
        if dict(staff.offers) != units[agent]:
            yield f"{agent} holds units for {dict(staff.offers)}, expected {units[agent]}"
    for talk in p.talks.values():
        if owning.get(talk.id, []) != ([talk.offer] if talk.offer else []):
            yield f"{talk.id}: pending offers {owning.get(talk.id)}, it names {talk.offer!r}"
        if invites.get(talk.id, set()) != talk.invites:
            yield f"{talk.id}: pending invitations {invites.get(talk.id)}, it names {set(talk.invites)}"
        direct = bool(talk.transfer) and not talk.transfer_group
        if direct and not talk.offer:
            yield f"{talk.id}: a transfer to one agent without an offer to them"


def _episodes(p: Picture) -> Iterator[str]:
    """Exactly one end, and stays that follow each other."""
    reasons = {reason.value for reason in EndReason}
    for id, episode in p.episodes.items():
        ended = episode.state == "ended"
        if ended != (episode.end_reason in reasons) or ended != bool(episode.ended_at):
            yield f"episode {id} ({episode.state}) ended {episode.end_reason!r} at {episode.ended_at}"
        stays = episode.owners
        open_stays = [stay.agent for stay in stays if not stay.until]
        if open_stays != ([episode.agent] if episode.state == "active" else []):
            yield f"episode {id} ({episode.state}, {episode.agent!r}): stays {stays}"
        if bool(episode.accepted_at) != bool(stays):
            yield f"episode {id}: accepted at {episode.accepted_at}, stays {stays}"
    owner = {talk.episode: talk.agent for talk in p.talks.values() if talk.owner is Owner.AGENT}
    for id, agent in owner.items():
        if p.episodes[id].agent != agent:
            yield f"episode {id} is {p.episodes[id].agent}'s, the conversation {agent}'s"


def change_faults(before: Picture, after: Picture, act: Act, policy: Policy) -> Iterator[str]:
    """What is wrong with a step."""
    for id, old in before.talks.items():
        new = after.talks.get(id)
        if new is None:
            if act.name != "forget":
                yield f"{id} is gone"
            continue
        yield from _log_change(old, new, act)
        yield from _owner_change(before, after, old, new, act)
    for id, old_episode in before.episodes.items():
        if id in after.episodes:
            yield from _episode_change(id, old_episode, after.episodes[id])
    for id, old_offer in before.offers.items():
        new_offer = after.offers.get(id)
        if new_offer is None or new_offer.state == old_offer.state:
            continue
        if old_offer.state != "pending" or new_offer.state not in ENDINGS.get(act.name, ()):
            yield f"{act.name}: offer {id} from {old_offer.state} to {new_offer.state}"
        elif act.name == "accept" and (new_offer.state == "accepted") != (old_offer.agent == act.agent):
            yield f"{act.name}: the offer to {old_offer.agent} is {new_offer.state}"
    for id, agent in after.agents.items():
        was = before.agents[id].taken if id in before.agents else 0
        if act.name not in WAKES and agent.taken > max(was, agent.capacity * 100):
            yield f"{act.name}: {id} has {agent.taken} of {agent.capacity * 100} units"
    yield from _effect(before, after, act, policy)


def _log_change(old: Talk, new: Talk, act: Act) -> Iterator[str]:
    """Logs only grow; an agent's words come from an owner or guest under the epoch, a bot's never while an agent has it."""
    if new.log[: len(old.log)] != old.log or new.notes[: len(old.notes)] != old.notes:
        yield f"{act.name}: {old.id} lost or changed entries"
    for entry in new.log[len(old.log) :]:
        if entry.sender == "bot" and (act.name != "commit" or old.owner is Owner.AGENT):
            yield f"{act.name}: the bot talks over the agent in {old.id}"
        if entry.sender == "agent" and (act.name != "say" or act.epoch != old.epoch):
            yield f"{act.name}: an agent's words under a stale epoch in {old.id}"
        if entry.sender == "agent" and act.agent not in {old.agent, *old.guests}:
            yield f"{act.name}: words of {act.agent}, who has no part in {old.id}"


def _owner_change(before: Picture, after: Picture, old: Talk, new: Talk, act: Act) -> Iterator[str]:
    def owner(talk: Talk) -> tuple[Owner, str]:
        return talk.owner, talk.agent if talk.owner is Owner.AGENT else ""

    moved = owner(old) != owner(new)
    risen = new.epoch - old.epoch
    if risen < moved or (act.name not in SEVERAL and risen != moved):
        yield f"{act.name}: {old.id} from {owner(old)} to {owner(new)}, epoch {old.epoch} to {new.epoch}"
    if new.cursor < old.cursor:
        yield f"{act.name}: {old.id}'s cursor went back"
    hands = (old.owner is Owner.AGENT) != (new.owner is Owner.AGENT)
    if hands and act.name not in SEVERAL and new.cursor != new.last:
        yield f"{act.name}: the bot's cursor stayed at {new.cursor} of {new.last}"
    if old.episode and old.episode == new.episode and new.key > old.key:
        yield f"{act.name}: {old.id}'s key rose from {old.key} to {new.key}"
    if act.name == "requeue" and new.key != old.key:
        yield f"{old.id} was requeued with another key"


def _episode_change(id: str, old: Episode, new: Episode) -> Iterator[str]:
    if old.state == "ended":
        fixed = msgspec.structs.replace(new, **{name: getattr(old, name) for name in RATED})
        if fixed != old:
            yield f"episode {id} changed after its end: {old} -> {new}"
    if old.requested_at != new.requested_at or (old.accepted_at and old.accepted_at != new.accepted_at):
        yield f"episode {id}: its wait clock started again"
    if old.responded_at and old.responded_at != new.responded_at:
        yield f"episode {id} was answered first twice"
    if new.tier < old.tier or new.urgency < old.urgency or new.late[: len(old.late)] != old.late:
        yield f"episode {id} became less urgent: {old} -> {new}"
    if new.late != old.late and new.tier == old.tier < TIERS[-1]:
        yield f"episode {id} missed {new.late} and stays in tier {new.tier}"
    if len(new.owners) < len(old.owners) or new.offers < old.offers or new.missed < old.missed:
        yield f"episode {id} forgot offers or owners: {old} -> {new}"


def _effect(before: Picture, after: Picture, act: Act, policy: Policy) -> Iterator[str]:
    """What a step that succeeded must have brought about."""
    conversation = act.conversation or (before.offers[act.offer].conversation if act.offer in before.offers else "")
    new = after.talks.get(conversation)
    if new is None:
        return
    old = before.talks[conversation]
    made = {id for id in after.offers if id not in before.offers}
    expected = {"offer": 1, "invite": 1, "transfer": int(act.kind == "agent")}.get(act.name, 0)
    if len(made) != expected and act.name not in SEVERAL:
        yield f"{act.name}: made {len(made)} offers"
    invited = act.name == "take" and before.offers[act.offer].kind == "invite"
    if (act.name in ("accept", "take", "take_over") and not invited) and new.agent != act.agent:
        yield f"{act.name}: it is {new.agent}'s, not {act.agent}'s"
    if invited and act.agent not in new.guests:
        yield f"{act.agent} accepted the invitation and is no guest"
    ends = {"close": EpisodeState.NONE, "give_back": EpisodeState.WRAP_UP, "requeue": EpisodeState.QUEUED}
    if act.name in ends and not act.to and new.state is not ends[act.name]:
        yield f"{act.name}: the conversation is {new.state.value}"
    if act.name in ("close", "give_back") and new.rate_due != old.episode:
        yield f"{act.name}: the player is not asked for a rating"
    if act.name == "give_back" and after.wrap_ups[new.id] != after.now + policy.times.wrap_up * 1000:
        yield f"the wrap-up ends at {after.wrap_ups[new.id]}"
    if act.name == "say" and new.unanswered:
        yield "an answer leaves the player's words unanswered"
    if act.name in WAKES and new.idle:
        yield f"{act.name}: the conversation stays parked"
    if act.name == "append" and new.owner is Owner.AGENT:
        if not new.unanswered:
            yield "the player's words count as answered"
        if {(new.id, "ask"), (new.id, "close")} & set(after.timers):
            yield "a player who has written is asked whether they are there"
    if act.name == "overflow" and act.kind == "group" and new.group != act.to:
        yield f"it was moved to {act.to} and is in {new.group}"
    if act.name == "expire" and after.offers[act.offer].state == "timed_out":
        yield from _missed(before, after, before.offers[act.offer].agent, policy)


def _missed(before: Picture, after: Picture, agent: str, policy: Policy) -> Iterator[str]:
    missed = before.agents[agent].missed + 1
    online = before.agents[agent].status == "online"
    if after.agents[agent].missed != missed or (online and missed >= policy.missed) != (
        online and after.agents[agent].status == "break"
    ):
        yield f"{agent} missed {missed} offers and is {after.agents[agent]}"


def pass_faults(
    before: Picture,
    after: Picture,
    declined: dict[str, Collection[str]],
    skills: dict[str, dict[str, int]],
    policy: Policy,
) -> Iterator[str]:
    """What is wrong with one pass of the router: skill, and nobody served who stands behind somebody who could have been.

    `declined`: who turned down each conversation that is still open to offers; `skills`: each agent's proficiencies.
    """
    made = {
        offer.conversation: offer
        for id, offer in after.offers.items()
        if id not in before.offers and offer.kind == "queue" and offer.state == "pending"
    }
    for id, offer in made.items():
        if skills.get(offer.agent, {}).get(after.talks[id].group, 0) < _needed(after, id, policy):
            yield f"{offer.agent} was offered {id} without the skill"
    for id, talk in after.talks.items():
        told = [e for e in talk.log[len(before.talks[id].log) :] if e.event == "still_waiting"]
        if len(told) > 1:
            yield f"{id} was told {len(told)} times at once that it waits"
    for id, where in after.wanted.items():
        talk = after.talks[id]
        waits = where.startswith("queue:") and before.wanted.get(id) == where and not talk.called
        passed_over = waits and _present(after, talk, policy)
        for other, offer in made.items() if passed_over else ():
            could = skills.get(offer.agent, {}).get(talk.group, 0) >= _needed(after, id, policy)
            behind = (after.talks[other].key, other) > (talk.key, id)
            if behind and could and offer.agent not in declined[id]:
                yield f"{other} was offered to {offer.agent} before {id}"


def rest_faults(
    p: Picture, declined: dict[str, Collection[str]], policy: Policy, agents: Collection[str]
) -> Iterator[str]:
    """After the router has nothing more to do: no request of the last step waits while an agent has room for it."""
    for id in p.wanted:
        talk = p.talks[id]
        waited = p.now - p.episodes[talk.episode].requested_at
        steps = policy.group(talk.transfer_group or talk.group).steps
        ready = talk.owner is Owner.AGENT or (_present(p, talk, policy) and not talk.called)
        if not ready or waited < steps[-1].after * 1000 or steps[-1].skill:
            continue
        for agent in agents:
            if available(p, agent, policy.units["chat"]) and agent not in declined[id] and agent != talk.agent:
                yield f"{id} waits while {agent} has room"


def _needed(p: Picture, id: str, policy: Policy) -> int:
    waited = p.now - p.episodes[p.talks[id].episode].requested_at
    return [step.skill for step in policy.group(p.talks[id].group).steps if step.after * 1000 <= waited][-1]


def _present(p: Picture, talk: Talk, policy: Policy) -> bool:
    seen = p.players.get(talk.player)
    return seen is not None and p.now - seen <= policy.times.present * 1000


def drained_faults(p: Picture) -> Iterator[str]:
    """What is left although everybody was served."""
    for talk in p.talks.values():
        if talk.state is not EpisodeState.NONE or talk.player_n > talk.cursor or talk.summary_due:
            yield f"{talk.id} is {talk.state.value}, cursor {talk.cursor} of {talk.player_n}, {talk.summary_due!r}"
    for id, agent in p.agents.items():
        if agent.load or agent.offers:
            yield f"{id} keeps {agent.load} {agent.offers}"
    for name in ("queue", "wanted", "timers", "pending", "ready", "wrap_ups"):
        if left := getattr(p, name):
            yield f"{name} is left with {left}"
    if doubles := [id for id, times in Counter(id for t in p.talks.values() for id in t.episodes).items() if times > 1]:
        yield f"episodes {doubles} belong to several conversations"


GRACE_MS = 12_000


def is_seen(p: Picture, agent: str) -> bool:
    """Whether an agent's desk is connected."""
    return agent in p.agents and p.agents[agent].seen >= p.now - GRACE_MS


def available(p: Picture, agent: str, units: int) -> bool:
    """Whether an agent may be given so much more."""
    staff = p.agents.get(agent)
    return (
        staff is not None
        and staff.status == "online"
        and is_seen(p, agent)
        and staff.taken + units <= staff.capacity * 100
    )


def permitted(p: Picture, act: Act, policy: Policy) -> bool:
    """Whether a step may succeed: it must then, and must be refused otherwise."""
    if act.name in ("request", "cancel", "ticket", "keep", "rate"):
        return _player_may(p.talks.get(p.open_of.get(act.player, "")), act)
    if act.name in ("take", "reject", "expire"):
        return _offer_may(p, act)
    talk = p.talks.get(act.conversation)
    if talk is None:
        return act.name not in _TALK_RULES
    rule = _TALK_RULES.get(act.name)
    return rule is None or rule(p, talk, act, policy)


def _player_may(talk: Optional[Talk], act: Act) -> bool:
    if act.name == "request":
        return talk is None or talk.owner is Owner.BOT
    if talk is None:
        return False
    if act.name == "rate":
        return bool(act.episode) and talk.rate_due == act.episode
    if act.name == "ticket":
        return talk.owner is not Owner.AGENT
    return talk.owner is Owner.QUEUE


def _offer_may(p: Picture, act: Act) -> bool:
    offer = p.offers.get(act.offer)
    if offer is None or offer.state != "pending":
        return False
    if act.name == "expire":
        return offer.expires_at <= p.now or not is_seen(p, offer.agent)
    if offer.agent != act.agent:
        return False
    return act.name == "reject" or (offer.expires_at > p.now and available(p, act.agent, 0))


def _owns(talk: Talk, act: Act) -> bool:
    return talk.owner is Owner.AGENT and talk.agent == act.agent and talk.epoch == act.epoch


def _may_accept(p: Picture, talk: Talk, act: Act, policy: Policy) -> bool:
    mine = talk.offer != "" and p.offers[talk.offer].agent == act.agent
    return talk.owner is Owner.QUEUE and available(p, act.agent, 0 if mine else policy.units["chat"])


def _may_offer(p: Picture, talk: Talk, act: Act, policy: Policy) -> bool:
    queued = act.kind == "queue" and talk.owner is Owner.QUEUE and not talk.called and not talk.held
    handed = act.kind == "transfer" and talk.owner is Owner.AGENT and bool(talk.transfer_group)
    free = not talk.offer and talk.agent != act.to
    return (queued or handed) and free and available(p, act.to, policy.units["chat"])


def _may_say(p: Picture, talk: Talk, act: Act, policy: Policy) -> bool:
    return _owns(replace(talk, agent=act.agent) if act.agent in talk.guests else talk, act)


def _may_transfer(p: Picture, talk: Talk, act: Act, policy: Policy) -> bool:
    free = _owns(talk, act) and not talk.transfer and act.to != act.agent
    if act.kind == "group":
        return free and act.to in policy.groups
    return free and available(p, act.to, policy.units["chat"])


def _may_invite(p: Picture, talk: Talk, act: Act, policy: Policy) -> bool:
    taken = {act.agent, *talk.guests, *(p.offers[id].agent for id in talk.invites)}
    return _owns(talk, act) and act.to not in taken and available(p, act.to, policy.units["guest"])


def _may_take_over(p: Picture, talk: Talk, act: Act, policy: Policy) -> bool:
    held = p.agents[act.agent].load.get(talk.id, 0) if act.agent in p.agents else 0
    other = talk.owner is Owner.AGENT and talk.agent != act.agent
    return other and available(p, act.agent, policy.units["chat"] - held)


def _may_requeue(p: Picture, talk: Talk, act: Act, policy: Policy) -> bool:
    if act.to:
        return act.to in talk.guests and not is_seen(p, act.to)
    return talk.owner is Owner.AGENT and talk.epoch == act.epoch and not is_seen(p, talk.agent)


_TALK_RULES: dict[str, Callable[[Picture, Talk, Act, Policy], bool]] = {
    "accept": _may_accept,
    "offer": _may_offer,
    "say": _may_say,
    "transfer": _may_transfer,
    "invite": _may_invite,
    "take_over": _may_take_over,
    "requeue": _may_requeue,
    "note": lambda p, talk, act, policy: True,
    "whisper": lambda p, talk, act, policy: True,
    "give_back": lambda p, talk, act, policy: _owns(talk, act),
    "close": lambda p, talk, act, policy: _owns(talk, act),
    "wrap_up": lambda p, talk, act, policy: talk.state is EpisodeState.WRAP_UP and talk.agent == act.agent,
    "expire_wrap_up": lambda p, talk, act, policy: p.wrap_ups.get(talk.id, p.now + 1) <= p.now,
    "cancel_transfer": lambda p, talk, act, policy: (
        talk.owner is Owner.AGENT and talk.agent == act.agent and bool(talk.transfer)
    ),
    "dismiss": lambda p, talk, act, policy: act.agent in (act.to, talk.agent) and act.to in talk.guests,
    "agent_ticket": lambda p, talk, act, policy: act.agent == talk.agent or act.agent in talk.guests,
    "call": lambda p, talk, act, policy: talk.owner is Owner.QUEUE and not talk.offer and not talk.called,
    "overflow": lambda p, talk, act, policy: (
        talk.owner is Owner.QUEUE and not talk.offer and not talk.called and not talk.held
    ),
}
