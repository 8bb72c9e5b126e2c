"""What players, bot workers, agents, routers and the clock may do in a random history of the handoff engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Optional

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from common import errors
from handoff.deadlines import act as acting
from handoff.engine import Due, OfferKind
from handoff.machine import Disposition, EpisodeState, Owner
from handoff.policy import Overflow
from handoff.protocol import Entry, Player, Summary, SummaryLine
from handoff.store import Command, HandoffRequest, Orphan, Turn, TurnResult, status_entry
from handoff.waiting import Estimate
from tests.services.handoff.engine_histories import AGENTS, MOST, PLAYERS, POLICY, SKILLS, History
from tests.services.handoff.engine_model import (
    GRACE_MS,
    Act,
    pass_faults,
    rest_faults,
)
from tests.services.handoff.engine_pictures import Talk

PAUSES_MS = (
    1,
    999,
    8_000,
    20_000,
    61_000,
    190_000,
    310_000,
    700_000,
    1_900_000,
    15_000_000,
    86_400_000,
    8 * 86_400_000,
)
players = st.sampled_from(PLAYERS)
agents = st.sampled_from(AGENTS)
indexes = st.integers(0, MOST)
mostly = st.sampled_from([True, True, True, True, True, False])  # true: by the one who may, under the right epoch
requests = st.builds(
    HandoffRequest,
    reason=st.just("button"),
    urgency=st.integers(0, 3),
    group=st.sampled_from(["general", "general", "payment", "payment", "account", "refund", "unknown"]),
    tier=st.integers(1, 3),
    scenarios=st.sampled_from([1, 2, 50]),
    failed=st.sampled_from([0, 2, 50]),
    emotion=st.sampled_from(["neutral", "angry"]),
    complaint=st.booleans(),
)
# A player's wish, who has taken it already ("": nobody), who has been invited ("": nobody).
wishes = st.tuples(players, requests, st.sampled_from(["", *AGENTS]), st.sampled_from(["", "", *AGENTS]))


def having(state: EpisodeState) -> Callable[[History], bool]:
    """Whether some conversation is in the state: most steps are tried where they can succeed."""
    return some(lambda talk: talk.state is state)


def some(fits: Callable[[Talk], object]) -> Callable[[History], bool]:
    """Whether some conversation fits."""
    return lambda engine: any(fits(talk) for talk in engine.before.talks.values())


class Players(History):
    """What players do."""

    @rule(player=players)
    def writes(self, player: Player) -> None:
        self.words_of(player)

    @rule(player=players, request=requests)
    def asks_for_a_person(self, player: Player, request: HandoffRequest) -> None:
        self.command(Act("request", player=player.id), lambda command: self.store.request(player, command, request))

    @precondition(having(EpisodeState.QUEUED))
    @rule(index=indexes)
    def cancels(self, index: int) -> None:
        player = self.talk(index, EpisodeState.QUEUED).player
        self.command(Act("cancel", player=player), lambda command: self.store.cancel(player, command))

    @rule(player=players)
    def leaves_a_ticket(self, player: Player) -> None:
        self.command(Act("ticket", player=player.id), lambda command: self.store.ticket(player.id, command, "words"))

    @precondition(having(EpisodeState.QUEUED))
    @rule(index=indexes)
    def wants_to_be_called(self, index: int) -> None:
        player = self.talk(index, EpisodeState.QUEUED).player
        self.command(Act("keep", player=player), lambda command: self.store.keep(player, command))

    @rule(player=players)
    def is_here(self, player: Player) -> None:
        self.attempt(Act("here", player=player.id), self.store.player_here(player.id))

    @precondition(some(lambda talk: talk.rate_due))
    @rule(index=indexes, stars=st.integers(1, 5), mostly=mostly)
    def rates(self, index: int, stars: int, mostly: bool) -> None:
        talk = self.pick(index, lambda talk: talk.rate_due)
        episode = talk.rate_due if mostly else (talk.episodes or ("",))[0]
        self.command(
            Act("rate", player=talk.player, episode=episode),
            lambda command: self.store.rate(talk.player, command, episode, stars, "words", {"solved": stars}),
        )


class Bots(History):
    """What bot workers do."""

    @rule(lease_ms=st.sampled_from([1_000, 60_000]))
    def a_worker_claims(self, lease_ms: int) -> None:
        self.claim(lease_ms)

    def claim(self, lease_ms: int) -> Optional[Turn]:
        turn = self.attempt(Act("claim"), self.store.claim_turn(lease_ms))
        if turn is not None:
            self.turns.append(turn)
            talk = self.before.talks[turn.view.id]
            first = next((e for e in talk.log[talk.cursor :] if e.sender == "player"), None)
            expected = None if talk.owner is Owner.AGENT else first
            self.insist(turn.entry == expected, f"a worker was given {turn.entry}, expected {expected}")
        return turn

    @precondition(lambda self: self.turns)
    @rule(index=indexes, request=st.none() | requests)
    def a_worker_finishes(self, index: int, request: Optional[HandoffRequest]) -> None:
        """Also one that comes late, or a second time."""
        turn = self.turns[-1 - index % len(self.turns)]
        self.finish(turn, "commit", request)

    def finish(self, turn: Turn, name: str, request: Optional[HandoffRequest] = None) -> None:
        act = Act(name, conversation=turn.view.id)
        if turn.entry is None:
            if turn.view.id in self.before.talks:
                lines = [SummaryLine(kind="quote", refs=[1], text="words")]
                summary = Summary(lines=lines, upto=turn.view.last)
                self.attempt(replace(act, name="summary"), self.store.set_summary(turn, summary))
            return
        reply = Entry(n=0, at=self.before.now, sender="bot", kind="answer", text=f"reply to {turn.entry.n}")
        talk = self.before.talks.get(turn.view.id)
        allowed = (
            talk is not None
            and talk.lease == turn.token
            and talk.owner is not Owner.AGENT
            and talk.cursor == turn.view.cursor
        )
        try:
            self.backend.run(self.store.commit(turn, TurnResult([reply], "{}", {"intent": "x"}, request)))
        except (errors.LeaseLost, errors.NotOwner, errors.UnknownConversation) as refusal:
            self.insist(not allowed, f"{act} was refused: {refusal!r}")
            self.unchanged(act)
            return
        self.check(self.backend.picture(), act)
        answered = (turn.view.id, turn.entry.n)
        self.insist(allowed and answered not in self.committed, f"{act} committed late or twice: {answered}")
        self.committed.add(answered)

    @rule(player=players)
    def a_worker_freezes(self, player: Player) -> None:
        """Its lease runs out, another one has the turn, and then it comes back."""
        self.words_of(player)
        frozen = self.claim(1_000)
        self.backend.clock.advance(1_001)
        self.before = self.backend.picture()
        other = self.claim(60_000)
        for turn in (frozen, other, frozen):
            if turn is not None:
                self.finish(turn, "commit")

    @precondition(lambda self: self.turns)
    @rule(index=indexes)
    def a_worker_renews(self, index: int) -> None:
        turn = self.turns[-1 - index % len(self.turns)]
        talk = self.before.talks.get(turn.view.id)
        holds = talk is not None and talk.lease == turn.token
        try:
            self.backend.run(self.store.renew(turn, 30_000))
        except errors.LeaseLost:
            self.insist(not holds, "a lease that is held was not renewed")
            self.unchanged(Act("renew"))
            return
        self.insist(holds, "a lost lease was renewed")
        self.check(self.backend.picture(), Act("renew"))


class Offers(History):
    """What becomes of offers."""

    @rule(agent=agents, index=indexes, stale=mostly)
    def an_offer_is_made(self, agent: str, index: int, stale: bool) -> None:
        """Also on an old snapshot."""
        if stale:
            self.seen += self.backend.run(self.store.waiting())
        if not self.seen:
            return
        waiting = self.seen[-1 - index % len(self.seen)]
        self.attempt(
            Act("offer", conversation=waiting.conversation, to=agent, kind=waiting.kind.value),
            self.store.offer(waiting, agent),
        )

    @precondition(lambda self: self.offered)
    @rule(agent=agents, index=indexes, mostly=mostly, newest=mostly)
    def answers_an_offer(self, agent: str, index: int, mostly: bool, newest: bool) -> None:
        offer, agent = self.an_offer(agent, index, mostly, newest)
        self.take(agent, offer)

    def take(self, agent: str, offer: str) -> None:
        self.command(
            Act("take", agent=agent, offer=offer, conversation=self.before.offers[offer].conversation),
            lambda command: self.store.take(agent, command, offer),
        )

    @precondition(lambda self: self.offered)
    @rule(agent=agents, index=indexes, mostly=mostly, newest=mostly)
    def rejects_an_offer(self, agent: str, index: int, mostly: bool, newest: bool) -> None:
        offer, agent = self.an_offer(agent, index, mostly, newest)
        self.command(Act("reject", agent=agent, offer=offer), lambda command: self.store.reject(agent, command, offer))

    @precondition(lambda self: self.offered)
    @rule(index=indexes, newest=mostly)
    def an_offer_runs_out(self, index: int, newest: bool) -> None:
        offer, _ = self.an_offer("", index, True, newest)
        self.attempt(Act("expire", offer=offer), self.store.expire_offer(offer))

    def an_offer(self, agent: str, index: int, mostly: bool, newest: bool) -> tuple[str, str]:
        """A pending one, or (not `newest`) one of those that ended; and its agent, or `agent`."""
        fitting = [id for id in self.offered if (id in self.before.pending) is newest] or self.offered
        offer = fitting[-1 - index % len(fitting)]
        return offer, self.before.offers[offer].agent if mostly else agent


class Agents(Offers):
    """What agents do with conversations."""

    @rule(agent=agents, status=st.sampled_from(["online"] * 4 + ["busy", "break"]), capacity=st.integers(1, 4))
    def presence(self, agent: str, status: str, capacity: int) -> None:
        self.command(
            Act("presence", agent=agent),
            lambda command: self.store.presence(agent, f"display {agent}", command, status, capacity),
        )

    @precondition(having(EpisodeState.QUEUED))
    @rule(agent=agents, index=indexes)
    def takes_from_the_list(self, agent: str, index: int) -> None:
        self.takes(agent, self.talk(index, EpisodeState.QUEUED).id)

    def takes(self, agent: str, conversation: str) -> None:
        self.command(
            Act("accept", agent=agent, conversation=conversation),
            lambda command: self.store.accept(agent, f"display {agent}", command, conversation),
        )

    @precondition(having(EpisodeState.ACTIVE))
    @rule(agent=agents, index=indexes, mostly=mostly, stale=mostly)
    def says(self, agent: str, index: int, mostly: bool, stale: bool) -> None:
        talk = self.talk(index, EpisodeState.ACTIVE)
        agent, epoch = self.who(talk, agent, mostly), talk.epoch - (not stale)
        text = self.text("words-")
        stored = self.command(
            Act("say", agent=agent, conversation=talk.id, epoch=epoch),
            lambda command: self.store.say(agent, f"display {agent}", command, talk.id, epoch, text),
        )
        if stored is not None:
            logged = self.before.talks[talk.id].log[stored.n - 1]
            self.insist((logged.sender, logged.text) == ("agent", text), f"{text} was acknowledged, {logged} is there")

    @precondition(lambda self: self.before.talks)
    @rule(agent=agents, index=indexes, whispered=st.booleans())
    def notes(self, agent: str, index: int, whispered: bool) -> None:
        talk, text = self.talk(index), self.text()
        write = self.store.whisper if whispered else self.store.note
        stored = self.command(
            Act("whisper" if whispered else "note", agent=agent, conversation=talk.id),
            lambda command: write(f"display {agent}", agent, command, talk.id, text),
        )
        assert stored is not None
        kept = self.before.talks[talk.id].notes[stored.n - 1]
        self.insist(kept.text == text, f"{text} was acknowledged, {kept} is there")

    @precondition(having(EpisodeState.ACTIVE))
    @rule(agent=agents, index=indexes, mostly=mostly, stale=mostly, promise=st.booleans())
    def gives_back(self, agent: str, index: int, mostly: bool, stale: bool, promise: bool) -> None:
        talk = self.talk(index, EpisodeState.ACTIVE)
        agent, epoch = self.who(talk, agent, mostly), talk.epoch - (not stale)
        promised = self.text("promise-") if promise else ""
        self.command(
            Act("give_back", agent=agent, conversation=talk.id, epoch=epoch),
            lambda command: self.store.give_back(agent, command, talk.id, epoch, promised),
        )

    @precondition(having(EpisodeState.WRAP_UP))
    @rule(agent=agents, index=indexes, mostly=mostly)
    def wraps_up(self, agent: str, index: int, mostly: bool) -> None:
        talk, comment = self.talk(index, EpisodeState.WRAP_UP), self.text()
        agent = self.who(talk, agent, mostly)
        self.command(
            Act("wrap_up", agent=agent, conversation=talk.id),
            lambda command: self.store.wrap_up(agent, command, talk.id, Disposition.SOLVED, comment),
        )

    @precondition(having(EpisodeState.ACTIVE))
    @rule(agent=agents, index=indexes, mostly=mostly, stale=mostly)
    def closes(self, agent: str, index: int, mostly: bool, stale: bool) -> None:
        talk = self.talk(index, EpisodeState.ACTIVE)
        self.close(self.who(talk, agent, mostly), talk.id, talk.epoch - (not stale))

    def close(self, agent: str, conversation: str, epoch: int) -> None:
        comment = self.text()
        self.command(
            Act("close", agent=agent, conversation=conversation, epoch=epoch),
            lambda command: self.store.close(agent, command, conversation, epoch, Disposition.SOLVED, comment),
        )

    @precondition(having(EpisodeState.ACTIVE))
    @rule(
        agent=agents,
        to=st.sampled_from([*AGENTS, *AGENTS, "tech", "general", "unknown"]),
        index=indexes,
        mostly=mostly,
        then=st.sampled_from(["nothing", "accepted", "again"]),
    )
    def transfers(self, agent: str, to: str, index: int, mostly: bool, then: str) -> None:
        talk = self.talk(index, EpisodeState.ACTIVE)
        agent, to = self.who(talk, agent, mostly), self.other(talk, to, mostly)
        self.transfer(agent, talk, to)
        self.accepts(talk.id, to, then == "accepted")
        for colleague in AGENTS if then == "again" else ():
            self.transfer(agent, self.before.talks[talk.id], colleague)

    def transfer(self, agent: str, talk: Talk, to: str) -> None:
        text, kind = self.text(), "agent" if to in AGENTS else "group"
        to_agent, to_group = (to, "") if kind == "agent" else ("", to)
        self.command(
            Act("transfer", agent=agent, conversation=talk.id, epoch=talk.epoch, to=to, kind=kind),
            lambda command: self.store.transfer(agent, command, talk.id, talk.epoch, to_agent, to_group, text),
        )

    @precondition(some(lambda talk: talk.transfer))
    @rule(agent=agents, index=indexes, mostly=mostly)
    def takes_a_transfer_back(self, agent: str, index: int, mostly: bool) -> None:
        talk = self.pick(index, lambda talk: talk.transfer)
        agent = self.who(talk, agent, mostly)
        self.command(
            Act("cancel_transfer", agent=agent, conversation=talk.id),
            lambda command: self.store.cancel_transfer(agent, command, talk.id),
        )

    @precondition(having(EpisodeState.ACTIVE))
    @rule(agent=agents, colleague=agents, index=indexes, mostly=mostly, at_once=st.booleans())
    def invites(self, agent: str, colleague: str, index: int, mostly: bool, at_once: bool) -> None:
        talk = self.talk(index, EpisodeState.ACTIVE)
        agent, colleague = self.who(talk, agent, mostly), self.other(talk, colleague, mostly)
        self.invite(agent, talk, colleague)
        self.accepts(talk.id, colleague, at_once)

    def invite(self, agent: str, talk: Talk, colleague: str) -> None:
        text = self.text()
        self.command(
            Act("invite", agent=agent, conversation=talk.id, epoch=talk.epoch, to=colleague),
            lambda command: self.store.invite(agent, command, talk.id, talk.epoch, colleague, text),
        )

    def accepts(self, conversation: str, agent: str, at_once: bool) -> None:
        """The colleague answers before anything else happens."""
        mine = [id for id, o in self.before.offers.items() if (o.conversation, o.agent) == (conversation, agent)]
        for offer in mine if at_once else ():
            if offer in self.before.pending:
                self.take(agent, offer)

    @precondition(some(lambda talk: talk.guests))
    @rule(agent=agents, guest=agents, index=indexes, mostly=mostly)
    def lets_go(self, agent: str, guest: str, index: int, mostly: bool) -> None:
        talk = self.pick(index, lambda talk: talk.guests)
        agent = self.who(talk, agent, mostly)
        guest = min(talk.guests) if mostly and talk.guests else guest
        self.command(
            Act("dismiss", agent=agent, conversation=talk.id, to=guest),
            lambda command: self.store.dismiss(agent, command, talk.id, guest),
        )

    @precondition(having(EpisodeState.ACTIVE))
    @rule(agent=agents, index=indexes, noted=st.booleans())
    def takes_over(self, agent: str, index: int, noted: bool) -> None:
        talk, text = self.talk(index, EpisodeState.ACTIVE), self.text() if noted else ""
        agent = min(talk.guests) if noted and talk.guests else agent
        self.command(
            Act("take_over", agent=agent, conversation=talk.id),
            lambda command: self.store.take_over(agent, f"display {agent}", command, talk.id, text),
        )

    @precondition(having(EpisodeState.ACTIVE))
    @rule(agent=agents, index=indexes, mostly=mostly)
    def opens_a_ticket(self, agent: str, index: int, mostly: bool) -> None:
        talk = self.talk(index, EpisodeState.ACTIVE)
        agent = self.who(talk, agent, mostly)
        self.command(
            Act("agent_ticket", agent=agent, conversation=talk.id),
            lambda command: self.store.agent_ticket(agent, f"display {agent}", command, talk.id, "words"),
        )


class Workers(History):
    """What routers and the handoff worker do."""

    @rule()
    def a_router_passes(self) -> None:
        before = self.before
        self.attempt(Act("route"), self.router.run_once())
        faults = list(pass_faults(before, self.before, self.declined(), SKILLS, POLICY))
        self.insist(not faults, f"route: {faults}")

    @rule()
    def a_router_settles(self) -> None:
        for _ in range(3):
            self.a_router_passes()
        faults = list(rest_faults(self.before, self.declined(), POLICY, AGENTS))
        self.insist(not faults, f"after routing: {faults}")

    def declined(self) -> dict[str, Any]:
        return {item.conversation: item.declined for item in self.backend.run(self.store.waiting())}

    @rule(stale=mostly, index=indexes)
    def an_orphan_is_requeued(self, stale: bool, index: int) -> None:
        """Also one that was found earlier."""
        if stale:
            self.orphans += self.backend.run(self.store.orphans())
        if not self.orphans:
            return
        self.requeue(self.orphans[-1 - index % len(self.orphans)])

    def requeue(self, orphan: Orphan) -> None:
        self.attempt(
            Act("requeue", conversation=orphan.conversation, epoch=orphan.epoch, to=orphan.guest),
            self.store.requeue(orphan),
        )

    @precondition(having(EpisodeState.ACTIVE))
    @rule(index=indexes, back=st.sets(agents))
    def an_agent_comes_back_in_time(self, index: int, back: set[str]) -> None:
        """Nobody is heard of for a while; of those who come back before the worker acts nothing is taken."""
        self.backend.clock.advance(GRACE_MS + 1)
        orphans = self.backend.run(self.store.orphans())
        for agent in sorted(back):
            self.backend.run(self.store.beat(agent))
        self.before = self.backend.picture()
        for orphan in sorted(orphans, key=lambda orphan: (orphan.conversation, orphan.guest))[: index + 1]:
            self.requeue(orphan)

    @precondition(having(EpisodeState.WRAP_UP))
    @rule(index=indexes)
    def a_wrap_up_runs_out(self, index: int) -> None:
        talk = self.talk(index, EpisodeState.WRAP_UP)
        self.attempt(Act("expire_wrap_up", conversation=talk.id), self.store.expire_wrap_up(talk.id))

    @precondition(having(EpisodeState.QUEUED))
    @rule(index=indexes)
    def a_player_is_called(self, index: int) -> None:
        talk = self.talk(index, EpisodeState.QUEUED)
        self.attempt(Act("call", conversation=talk.id), self.store.call(talk.id))

    @precondition(having(EpisodeState.QUEUED))
    @rule(
        index=indexes,
        overflow=st.sampled_from(
            [Overflow("group", "tech"), Overflow("group", "general"), Overflow("ticket"), Overflow("callback")]
        ),
    )
    def a_group_overflows(self, index: int, overflow: Overflow) -> None:
        talk = self.talk(index, EpisodeState.QUEUED)
        self.attempt(
            Act("overflow", conversation=talk.id, to=overflow.group, kind=overflow.kind),
            self.store.overflow(talk.id, overflow, "words", self.before.now + 3_600_000),
        )

    @rule(player=players)
    def a_ticket_is_told(self, player: Player) -> None:
        entry = status_entry(self.before.now, "ticket_update", {"number": "T1", "state": "solved", "text": "words"})
        self.command(Act("tell", player=player.id), lambda command: self.store.tell(player, command, entry))

    @rule(index=indexes, fresh=mostly)
    def a_timer_fires(self, index: int, fresh: bool) -> None:
        """Also one that another router read earlier; it fires only when it still stands at that time."""
        if fresh:
            self.dues += self.backend.run(self.store.due())
        if not self.dues:
            return
        self.fire(self.dues[-1 - index % len(self.dues)])

    @precondition(lambda self: self.before.timers)
    @rule(index=indexes, early_ms=st.sampled_from([0, 1, 1_000]))
    def a_timer_fires_too_early_or_twice(self, index: int, early_ms: int) -> None:
        timers = sorted(self.before.timers.items())
        (conversation, kind), at = timers[index % len(timers)]
        self.fire(Due(conversation, kind, at - early_ms))

    def fire(self, due: Due) -> None:
        stands = self.before.timers.get((due.conversation, due.kind)) == due.at <= self.before.now
        if due.conversation not in self.before.talks:
            return
        view = self.backend.run(self.store.view(due.conversation))
        firing = acting(due, view, POLICY, self.before.now, (1, Estimate(0, 0)), "words")
        fired = self.attempt(Act("fire", conversation=due.conversation), self.store.fire(due, firing))
        self.insist(fired is stands, f"{due} fired: {fired}, it stands: {stands}")

    @rule(since_ms=st.sampled_from([0, 60_000]), index=indexes, told=st.booleans())
    def a_quiet_conversation_is_archived(self, since_ms: int, index: int, told: bool) -> None:
        """Also on a view that was read earlier, and when the player is told something between."""
        self.views += self.backend.run(self.store.quiet(self.before.now - since_ms))
        if not self.views:
            return
        view = self.views[-1 - index % len(self.views)]
        if told:
            self.a_ticket_is_told(view.player)
        talk = self.before.talks.get(view.id)
        free = (
            talk is not None
            and (talk.last, talk.notes_last) == (view.last, view.notes)
            and talk.state is EpisodeState.NONE
            and talk.player_n <= talk.cursor
            and not talk.lease
        )
        forgotten = self.attempt(Act("forget", conversation=view.id), self.store.forget(view))
        self.insist(forgotten is (talk is None or free), f"forgotten is {forgotten}: {talk}")


class Times(Players, Offers, Workers):
    """How time passes, what is sent again, what readers see."""

    @rule(ms=st.sampled_from(PAUSES_MS), silent=st.sets(agents), away=st.sets(players))
    def time_passes(self, ms: int, silent: set[str], away: set[Player]) -> None:
        self.backend.clock.advance(ms)
        for agent in AGENTS:
            if agent not in silent:
                self.backend.run(self.store.beat(agent))
        self.before = self.backend.picture()
        for player in PLAYERS:
            if player not in away:
                self.is_here(player)

    @precondition(lambda self: self.before.timers)
    @rule(index=indexes, silent=st.sets(agents), away=st.sets(players))
    def a_timer_comes(self, index: int, silent: set[str], away: set[Player]) -> None:
        (conversation, kind), at = sorted(self.before.timers.items())[index % len(self.before.timers)]
        self.time_passes(max(0, at - self.before.now), silent, away)
        if (conversation, kind) in self.before.timers:
            self.fire(Due(conversation, kind, self.before.timers[conversation, kind]))

    @precondition(lambda self: self.before.pending)
    @rule(index=indexes, silent=st.sets(agents), early_ms=st.integers(0, 1), late=st.booleans())
    def an_offer_times_out(self, index: int, silent: set[str], early_ms: int, late: bool) -> None:
        """Perhaps while its agent still tries to accept it."""
        offer = sorted(self.before.pending)[index % len(self.before.pending)]
        self.time_passes(max(0, self.before.offers[offer].expires_at - early_ms - self.before.now), silent, set())
        if late:
            self.take(self.before.offers[offer].agent, offer)
        self.attempt(Act("expire", offer=offer), self.store.expire_offer(offer))

    @precondition(having(EpisodeState.QUEUED))
    @rule()
    def nobody_answers(self) -> None:
        """Offer after offer is missed."""
        for _ in range(POLICY.missed + 1):
            self.a_router_passes()
            self.time_passes(POLICY.times.accept * 1000, set(), set())
            for offer in sorted(self.backend.run(self.store.overdue_offers())):
                self.attempt(Act("expire", offer=offer), self.store.expire_offer(offer))

    @precondition(lambda self: self.done)
    @rule(index=st.integers(0, 30))
    def a_command_is_repeated(self, index: int) -> None:
        call, command, stored = self.done[-1 - index % len(self.done)]
        again = self.backend.run(call(command))
        self.insist(again == stored, f"{command.id} was answered {stored} and then {again}")
        self.unchanged(Act("repeat"))
        with pytest.raises(errors.IdConflict):
            self.backend.run(call(Command(command.id, "another body")))
        self.unchanged(Act("repeat with another body"))

    @rule(agent=agents)
    def a_desk_reads(self, agent: str) -> None:
        """What the port says is what is kept."""
        p, run = self.before, self.backend.run
        items, total = run(self.store.queue())
        self.insist([item.conversation for item in items] == [id for _, id in p.queue], "the list is not in order")
        self.insist(total == len(p.queue), f"{total} wait")
        for group, ids in p.group_queues.items():
            places = [run(self.store.position(id)) for id in ids]
            self.insist(places == list(range(1, len(ids) + 1)), f"places {places} in {group}")
        pending = {id for id in p.pending if p.offers[id].agent == agent}
        self.insist({offer.id for offer in run(self.store.offers_of(agent))} == pending, "offers of an agent")
        slots = sorted(p.agents[agent].load) if agent in p.agents else []
        self.insist(run(self.store.conversations_of_agent(agent)) == slots, "slots of an agent")
        loads = {now.id: now.load for now in run(self.store.agents())}
        self.insist(all(p.agents[id].taken == load for id, load in loads.items()), f"loads {loads}")
        for item in run(self.store.waiting()):
            kind = OfferKind.QUEUE if p.talks[item.conversation].owner is Owner.QUEUE else OfferKind.TRANSFER
            self.insist(item.kind is kind and item.key == p.talks[item.conversation].key, f"{item}")
