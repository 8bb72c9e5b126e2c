"""The bot's summary for an agent: facts with evidence, built from what was said and understood, without a language model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from handoff.protocol import Summary, SummaryLine

MAX_QUOTES = 6
MAX_QUOTE = 200  # characters
MAX_ANSWERS = 8
_CERTAIN = 0.5  # a scenario below this probability is not named as the player's wish
_NOT_A_WISH = frozenset({"smalltalk", "handoff"})


@dataclass(frozen=True)
class Said:
    """A message of the player: its log number, its words, and what the bot made of them (`bot.understand`'s fields)."""

    n: int
    text: str
    understanding: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """An FAQ entry that the bot showed in log entry `n`, and whether the player said that it helped."""

    n: int
    faq_id: str
    question: str
    helped: Optional[bool] = None
    verdict_n: int = 0  # log number of 有用 / 没用


@dataclass(frozen=True)
class Transcript:
    """A conversation, as far as a summary needs it."""

    said: Sequence[Said]
    shown: Sequence[Shown]
    upto: int  # newest log number


def summarise(transcript: Transcript, reason: str, urgency: int, scenario_names: Mapping[str, str]) -> Summary:
    """What an agent must know before the first word. Every line names the log numbers it rests on."""
    said = [s for s in transcript.said if s.text]
    wishes = [s for s in said if s.understanding.get("decision") not in _NOT_A_WISH] or said
    lines = [
        *_wish(wishes, scenario_names),
        *_scenarios(wishes, scenario_names),
        *_quotes(wishes),
        *_facts(said),
        *_answers(transcript.shown),
        *_tone(said),
        *_risk(said),
        SummaryLine(kind="urgency", refs=[], data={"level": urgency}),
        SummaryLine(kind="reason", refs=[], data={"code": reason}),
    ]
    return Summary(lines=lines, upto=transcript.upto)


def _top(said: Said) -> tuple[str, float]:
    ranking = said.understanding.get("scenario_ranking") or [{}]
    return str(ranking[0].get("name", "")), float(ranking[0].get("confidence", 0.0))


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
    if not wishes:
        return []
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
    refs: dict[tuple[str, str], list[int]] = {}
    for message in said:
        for entity in message.understanding.get("entities") or []:
            kind = str(entity.get("entity", ""))
            said_as = str(entity.get("text") or entity.get("value") or "")
            shown = said_as if kind == "time" else str(entity.get("value") or said_as)
            if kind and kind != "faq_id" and shown:
                numbers = refs.setdefault((kind, shown), [])
                if message.n not in numbers:
                    numbers.append(message.n)
    return [
        SummaryLine(kind="fact", refs=numbers, data={"kind": kind, "value": value})
        for (kind, value), numbers in refs.items()
    ]


def _answers(shown: Sequence[Shown]) -> list[SummaryLine]:
    newest: dict[str, Shown] = {}
    for answer in shown:
        before = newest.get(answer.faq_id)
        if before is not None and answer.helped is None:
            answer = replace(answer, helped=before.helped, verdict_n=before.verdict_n)
        newest.pop(answer.faq_id, None)  # the newest goes last
        newest[answer.faq_id] = answer
    return [
        SummaryLine(
            kind="answer",
            refs=[a.n, a.verdict_n] if a.verdict_n else [a.n],
            data={"faq_id": a.faq_id, "question": a.question, "helped": a.helped},
        )
        for a in list(newest.values())[-MAX_ANSWERS:]
    ]


def _tone(said: Sequence[Said]) -> list[SummaryLine]:
    felt = [(s.n, s.understanding.get("emotion")) for s in said]
    marked = [(n, emotion) for n, emotion in felt if emotion and emotion != "neutral"]
    if not marked:
        return [SummaryLine(kind="tone", refs=[], data={"emotion": "neutral"})] if felt else []
    emotion = marked[-1][1]
    return [SummaryLine(kind="tone", refs=[n for n, e in marked if e == emotion], data={"emotion": emotion})]


def _risk(said: Sequence[Said]) -> list[SummaryLine]:
    refs: dict[str, list[int]] = {}
    for message in said:
        kind = message.understanding.get("risk")
        if kind and kind != "none":
            refs.setdefault(str(kind), []).append(message.n)
    return [SummaryLine(kind="risk", refs=numbers, data={"kind": kind}) for kind, numbers in refs.items()]
