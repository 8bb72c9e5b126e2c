"""What the classifier is trained on, for reports that train it again their own way."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.logic.artifacts import described_texts
from bot.logic.fitting import Example, Kind
from common.content import Content, Utterance
from faq_index.analysis import Analyser


def spoken_examples(utterances: Iterable[Utterance], analyser: Analyser) -> list[Example]:
    """The utterances as examples, in their order."""
    return [Example(item.intent, analyser(item.text)) for item in utterances]


def told_examples(content: Content, analyser: Analyser) -> list[Example]:
    """Definitions of the scenarios and wordings of the library: what else the classifier learns from."""
    return [Example(name, analyser(text), Kind(kind)) for name, text, kind in described_texts(content)]


def each_once(utterances: Iterable[Utterance]) -> list[Utterance]:
    """The first utterance of each intent and text, sorted by these."""
    first: dict[tuple[str, str], Utterance] = {}
    for item in utterances:
        first.setdefault((item.intent, item.text), item)
    return [first[key] for key in sorted(first)]


def drawn(utterances: Iterable[Utterance], count: int) -> list[Utterance]:
    """At most `count` utterances, the same ones on every machine: those with the lowest hashes."""
    return sorted(utterances, key=lambda item: hashlib.sha256(item.text.encode()).digest())[:count]


def drawn_content(content: Content, per_intent: int) -> Content:
    """The content with at most so many utterances of each intent, and two wordings of each entry."""
    by_intent: dict[str, list[Utterance]] = defaultdict(list)
    for item in each_once(content.utterances):
        by_intent[item.intent].append(item)
    kept = [item for items in by_intent.values() for item in drawn(items, per_intent)]
    texts = {(item.intent, item.text) for item in kept}
    asked = [item for item in content.asked if (item.scenario, item.text) in texts]
    entries = [
        replace(entry, similar=entry.similar[:1], similar_places=entry.similar_places[:1], english=None)
        for entry in content.entries
    ]
    return replace(content, utterances=kept, asked=asked, entries=entries)


def labels_of(examples: Sequence[Example]) -> set[str]:
    """The classes that a classifier trained on these knows."""
    return {example.label for example in examples}
