"""The bot's summary for an agent: facts with evidence, built from what was said and understood, without a language model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Optional

from common.errors import SupportError
from handoff.protocol import Episode, Summary, SummaryLine

MAX_QUOTES = 6
MAX_QUOTE = 200  # characters
MAX_ANSWERS = 8
MAX_QUESTIONS = 4
MAX_EARLIER = 5
COMPLAINT_GROUP = "complaint"  # the skill group whose episodes are complaints
_CERTAIN = 0.5  # a scenario below this probability is not named as the player's wish
_LIKELY = 3  # so many scenarios of an unclear message may be what it was about
_BARE = 4  # a message with at most so many letters beside its entities only hands over facts
_NOT_A_WISH = frozenset({"smalltalk", "handoff"})
_UNCLEAR = frozenset({"fallback", "clarify", None})  # None: the bot has not come to it yet


class NothingToSummarise(SupportError):
    """The player has neither said a word nor sent a picture."""

    code = "nothing_to_summarise"


class Result(str, Enum):
    """What came of an answer."""

    SHOWN = "shown"  # the player said nothing about it
    HELPED = "helped"  # the player pressed 有用, or said that it is solved
    NOT_HELPED = "not_helped"  # the player pressed 没用, or said that it is not
    ASKED_AGAIN = "asked_again"  # the player asked the same thing after it


class Open(str, Enum):
    """Why a question of the player is open."""

    UNANSWERED = "unanswered"  # the bot did not understand it, asked back, or has not come to it
    NOT_HELPED = "not_helped"  # the answer did not help
    NO_VERDICT = "no_verdict"  # the newest question; whether its answer helped is not known


@dataclass(frozen=True)
class Said:
    """A message of the player: its log number, its words, and what the bot made of them (`bot.understand`'s fields)."""

    n: int
    text: str
    understanding: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """An FAQ entry that the bot showed in log entry `n`, and whether the player pressed that it helped."""

    n: int
    faq_id: str
    question: str
    helped: Optional[bool] = None
    verdict_n: int = 0  # log number of 有用 / 没用

    @property
    def scenario(self) -> str:
        """The scenario that the entry answers; its id begins with it."""
        return self.faq_id.partition(".")[0]


@dataclass(frozen=True)
class Earlier:
    """A handoff episode before this one."""

    episode: str
    at: int  # when the player asked for a person, UTC milliseconds
    group: str = ""
    scenario: str = ""
    end: str = ""  # a handoff.machine.EndReason; empty while the last agent still writes notes
    disposition: str = ""
    score: float = 0.0  # 1..5, of the five dimensions where all were rated; 0: not rated


@dataclass(frozen=True)
class Promise:
    """What an agent promised the player in an earlier episode."""

    text: str
    episode: str = ""
    agent: str = ""  # display name
    at: int = 0  # UTC milliseconds


@dataclass(frozen=True)
class Transcript:
    """A conversation, as far as a summary needs it."""

    said: Sequence[Said]
    shown: Sequence[Shown]
    upto: int  # newest log number
    replied: Sequence[int] = ()  # log numbers of agents' messages
    earlier: Sequence[Earlier] = ()  # any order
    promises: Sequence[Promise] = ()  # oldest first
    pictures: Sequence[int] = ()  # log numbers of the player's pictures


def history(episodes: Sequence[Episode], current: str) -> tuple[list[Earlier], list[Promise]]:
    """The episodes other than `current`, and what was promised in them; `episodes` oldest first."""
    before = [episode for episode in episodes if episode.id != current]
    return [_earlier_of(episode) for episode in before], [
        Promise(e.promise, e.id, e.owners[-1].name if e.owners else "", e.ended_at) for e in before if e.promise
    ]


def summarise(transcript: Transcript, reason: str, urgency: int, scenario_names: Mapping[str, str]) -> Summary:
    """What an agent must know before the first word.

    Every line about this conversation names the log numbers it rests on, a line about an earlier episode has
    `data.episode`; urgency and reason are the request's own.

    Raises:
        NothingToSummarise: the player has said nothing and sent no picture.
    """
    said = [s for s in transcript.said if s.text.strip()]
    closing = [SummaryLine(kind="urgency", refs=[], data={"level": urgency}), reason_line(reason)]
    if not said:
        if not transcript.pictures:
            raise NothingToSummarise("the player has said nothing", reason=reason)
        return Summary(lines=[*_pictures(transcript.pictures), *closing], upto=transcript.upto)
    wishes = [s for s in said if _decision(s) not in _NOT_A_WISH] or said
    asking = _asking(wishes)
    lines = [
        *_wish(asking, scenario_names),
        *_scenarios(asking, scenario_names),
        *_quotes(wishes),
        *_facts(said),
        *_pictures(transcript.pictures),
        *_questions(said, transcript),
        *_answers(said, transcript.shown),
        *_promises(transcript.promises),
        *_earlier(transcript.earlier, scenario_names),
        *_tone(said),
        *_risk(said),
        *closing,
    ]
    return Summary(lines=lines, upto=transcript.upto)


def reason_line(reason: str) -> SummaryLine:
    """Why the conversation was handed over: all there is to say of a player without a word."""
    return SummaryLine(kind="reason", refs=[], data={"code": reason})


def _earlier_of(episode: Episode) -> Earlier:
    score = episode.weighted or float(episode.score)
    return Earlier(
        episode.id,
        episode.requested_at,
        episode.group,
        episode.scenario,
        episode.end_reason,
        episode.disposition,
        score,
    )


# -- reading what the bot understood --


def _decision(said: Said) -> Any:
    return said.understanding.get("decision")


def _top(said: Said) -> tuple[str, float]:
    ranking = said.understanding.get("scenario_ranking") or [{}]
    return str(ranking[0].get("name", "")), float(ranking[0].get("confidence", 0.0))


def _intent(said: Said) -> str:
    return str((said.understanding.get("intent") or {}).get("name") or "")


def _entities(said: Said) -> list[Mapping[str, Any]]:
    return list(said.understanding.get("entities") or [])


def _is_pick(said: Said) -> bool:
    return any(entity.get("entity") == "faq_id" for entity in _entities(said))


def _only_hands_over_facts(said: Said) -> bool:
    """Whether little is left of a message without its entities: an order number, sent on its own, is no question."""
    spans = [range(e["start"], e["end"]) for e in _entities(said) if "start" in e and "end" in e]
    inside = {position for span in spans for position in span}
    left = sum(char.isalnum() for position, char in enumerate(said.text) if position not in inside)
    return bool(inside) and left <= _BARE


def _asking(wishes: Sequence[Said]) -> list[Said]:
    """The messages that ask: not those which only hand over facts after the first one."""
    return [s for s in wishes if s is wishes[0] or not _only_hands_over_facts(s)]


# -- the player's wish --


def _likely(wishes: Sequence[Said]) -> list[tuple[str, float, list[int]]]:
    """Scenarios the player wrote about: (id, best probability, log numbers), the latest certain one first."""
    found: dict[str, tuple[float, list[int]]] = {}
    for said in wishes:
        name, confidence = _top(said)
        if name:
            best, refs = found.pop(name, (0.0, []))
            found[name] = (max(best, confidence), [*refs, said.n])
    order = sorted(found.items(), key=lambda item: (item[1][0] >= _CERTAIN, item[1][1][-1]), reverse=True)
    return [(name, confidence, refs) for name, (confidence, refs) in order]


def _wish(wishes: Sequence[Said], names: Mapping[str, str]) -> list[SummaryLine]:
    likely = _likely(wishes)
    if likely and likely[0][1] >= _CERTAIN:
        name, _, refs = likely[0]
        words = next(s.text for s in reversed(wishes) if s.n == refs[-1])
        data = {"scenario": name, "name": names.get(name, name)}
        return [SummaryLine(kind="wish", refs=refs, text=words[:MAX_QUOTE], data=data)]
    longest = max(wishes, key=lambda s: len(s.text))
    return [SummaryLine(kind="wish", refs=[longest.n], text=longest.text[:MAX_QUOTE])]


def _scenarios(wishes: Sequence[Said], names: Mapping[str, str]) -> list[SummaryLine]:
    return [
        SummaryLine(
            kind="scenario",
            refs=refs,
            data={"scenario": name, "name": names.get(name, name), "confidence": round(confidence, 2)},
        )
        for name, confidence, refs in _likely(wishes)[:3]
    ]


def _quotes(wishes: Sequence[Said]) -> list[SummaryLine]:
    """The player's own words: the first message and the newest ones."""
    chosen = list(wishes) if len(wishes) <= MAX_QUOTES else [wishes[0], *wishes[-(MAX_QUOTES - 1) :]]
    return [SummaryLine(kind="quote", refs=[s.n], text=s.text[:MAX_QUOTE]) for s in chosen]


def _facts(said: Sequence[Said]) -> list[SummaryLine]:
    """Everything the player named, once each; `resolved` is the moment that a time's words meant when they were said."""
    refs: dict[tuple[str, str, str], list[int]] = {}
    for message in said:
        for entity in _entities(message):
            kind = str(entity.get("entity") or "")
            value = str(entity.get("value") or "")
            words = str(entity.get("text") or message.text[entity.get("start", 0) : entity.get("end", 0)])
            shown, resolved = (words or value, value) if kind == "time" else (value or words, "")
            if kind and kind != "faq_id" and shown:
                numbers = refs.setdefault((kind, shown, "" if resolved == shown else resolved), [])
                if message.n not in numbers:
                    numbers.append(message.n)
    return [
        SummaryLine(
            kind="fact",
            refs=numbers,
            data={"kind": kind, "value": shown} | ({"resolved": resolved} if resolved else {}),
        )
        for (kind, shown, resolved), numbers in refs.items()
    ]


def _pictures(numbers: Sequence[int]) -> list[SummaryLine]:
    """How many pictures there are to look at, and where."""
    data = {"kind": "picture", "value": str(len(numbers))}
    return [SummaryLine(kind="fact", refs=list(numbers), data=data)] if numbers else []


# -- what was tried --


def _evidence(showing: Shown, shown: Sequence[Shown], said: Sequence[Said]) -> Iterator[tuple[int, Result]]:
    """What tells whether a showing helped: (log number, result)."""
    if showing.helped is not None:
        yield showing.verdict_n or showing.n, Result.HELPED if showing.helped else Result.NOT_HELPED
    next_n = min((other.n for other in shown if other.n > showing.n), default=None)
    for message in said:
        spoken = {"solved": Result.HELPED, "unsolved": Result.NOT_HELPED}.get(_intent(message))
        if spoken and message.n > showing.n and (next_n is None or message.n < next_n):
            yield message.n, spoken
    again = next((s.n for s in said if s.n > showing.n and _asks_again(s, showing)), None)
    if again is not None and showing.helped is not False:  # after 没用 it says nothing new
        yield again, Result.ASKED_AGAIN


def _asks_again(said: Said, showing: Shown) -> bool:
    """Whether a message asks what the entry answers; a chip and a follow-up go on from the answer instead."""
    scenario, confidence = _top(said)
    return (
        scenario == showing.scenario
        and confidence >= _CERTAIN
        and _decision(said) in ("answer", "clarify")
        and said.understanding.get("context") != "follow_up"
        and not _is_pick(said)
        and not _only_hands_over_facts(said)
    )


def _outcomes(said: Sequence[Said], shown: Sequence[Shown]) -> dict[str, tuple[Result, list[int]]]:
    """Of each FAQ entry shown: what came of it (the newest evidence counts), and the log numbers that say so."""
    outcomes: dict[str, tuple[Result, list[int]]] = {}
    for faq_id in {showing.faq_id for showing in shown}:
        showings = [showing for showing in shown if showing.faq_id == faq_id]
        found = [item for showing in showings for item in _evidence(showing, shown, said)]
        result = max(found, key=lambda item: item[0])[1] if found else Result.SHOWN
        outcomes[faq_id] = result, sorted({s.n for s in showings} | {n for n, _ in found})
    return outcomes


def _answers(said: Sequence[Said], shown: Sequence[Shown]) -> list[SummaryLine]:
    outcomes = _outcomes(said, shown)
    newest: dict[str, Shown] = {}
    for showing in shown:
        newest.pop(showing.faq_id, None)  # the newest goes last
        newest[showing.faq_id] = showing
    lines = []
    for showing in list(newest.values())[-MAX_ANSWERS:]:
        result, refs = outcomes[showing.faq_id]
        helped = None if result is Result.SHOWN else result is Result.HELPED
        data = {"faq_id": showing.faq_id, "question": showing.question, "helped": helped, "result": result.value}
        lines.append(SummaryLine(kind="answer", refs=refs, data=data))
    return lines


# -- what is open --


def _questions(said: Sequence[Said], transcript: Transcript) -> list[SummaryLine]:
    """Questions without an answer, and the newest one while nothing says that its answer helped; oldest first."""
    asked = _asking([s for s in said if _decision(s) not in _NOT_A_WISH])
    asked = [s for s in asked if not any(n > s.n for n in transcript.replied)]
    unanswered = [s for s in asked if _decision(s) in _UNCLEAR and not _answered_later(s, said)]
    lines = [_question([s.n], s, Open.UNANSWERED) for s in unanswered]
    if asked and _decision(asked[-1]) not in _UNCLEAR:
        lines += _newest_question(asked[-1], said, transcript.shown)
    return lines[-MAX_QUESTIONS:]


def _answered_later(said: Said, messages: Sequence[Said]) -> bool:
    """Whether a later message (a chip that was picked among them) got an answer to what this one may have been about."""
    ranking = said.understanding.get("scenario_ranking") or []
    likely = {item.get("name") for item in ranking[:_LIKELY]}
    later = [_top(s)[0] for s in messages if s.n > said.n and _decision(s) == "answer"]
    return any(scenario in likely for scenario in later) if likely else bool(later)


def _newest_question(said: Said, messages: Sequence[Said], shown: Sequence[Shown]) -> list[SummaryLine]:
    answer = next((showing for showing in shown if showing.n > said.n), None)
    if answer is None:
        return [_question([said.n], said, Open.UNANSWERED)]
    found = list(_evidence(answer, shown, messages))
    result = max(found, key=lambda item: item[0])[1] if found else Result.SHOWN
    if result is Result.HELPED:
        return []
    state = Open.NO_VERDICT if result is Result.SHOWN else Open.NOT_HELPED
    return [_question([said.n, answer.n, *(n for n, _ in found)], said, state)]


def _question(refs: list[int], said: Said, state: Open) -> SummaryLine:
    return SummaryLine(kind="question", refs=refs, text=said.text[:MAX_QUOTE], data={"state": state.value})


# -- what was before --


def _promises(promises: Sequence[Promise]) -> list[SummaryLine]:
    return [
        SummaryLine(
            kind="promise",
            refs=[],
            text=promise.text[:MAX_QUOTE],
            data={"episode": promise.episode, "agent": promise.agent, "at": promise.at},
        )
        for promise in promises
    ]


def _earlier(earlier: Sequence[Earlier], names: Mapping[str, str]) -> list[SummaryLine]:
    """The newest episodes, the newest first; complaints are kept when there are too many."""
    newest = sorted(earlier, key=lambda e: e.at, reverse=True)
    kept = sorted(newest, key=lambda e: e.group != COMPLAINT_GROUP)[:MAX_EARLIER]
    return [
        SummaryLine(
            kind="earlier",
            refs=[],
            data={
                "episode": e.episode,
                "at": e.at,
                "group": e.group,
                "scenario": e.scenario,
                "name": names.get(e.scenario, e.scenario),
                "end": e.end,
                "disposition": e.disposition,
                "score": e.score,
                "complaint": e.group == COMPLAINT_GROUP,
            },
        )
        for e in newest
        if e in kept
    ]


# -- how the player is --


def _tone(said: Sequence[Said]) -> list[SummaryLine]:
    felt = [(s.n, s.understanding.get("emotion")) for s in said]
    marked = [(n, emotion) for n, emotion in felt if emotion and emotion != "neutral"]
    if not marked:
        return [SummaryLine(kind="tone", refs=[felt[-1][0]], data={"emotion": "neutral"})]
    emotion = marked[-1][1]
    return [SummaryLine(kind="tone", refs=[n for n, e in marked if e == emotion], data={"emotion": emotion})]


def _risk(said: Sequence[Said]) -> list[SummaryLine]:
    refs: dict[str, list[int]] = {}
    for message in said:
        kind = message.understanding.get("risk")
        if kind and kind != "none":
            refs.setdefault(str(kind), []).append(message.n)
    return [SummaryLine(kind="risk", refs=numbers, data={"kind": kind}) for kind, numbers in refs.items()]
