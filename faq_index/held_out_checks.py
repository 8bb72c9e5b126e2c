"""What can be wrong with the held-out sets: labels nobody knows, and texts that training has seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from common.content import Content
from common.held_out import HeldOutText
from common.labelled import EMOTIONS, RISKS, LabelledText
from common.yaml_items import Place, Problem
from faq_index import likeness

#: A held-out text that shares this much with a training text is no test of anything.
LEAK = 0.6
#: “多久” says nothing without the message before it: it may stand in several sets, and in training too.
_FOLLOW_UP = "follow_up"


def check_held_out(items: list[HeldOutText], content: Content, labelled: Iterable[LabelledText]) -> Iterator[Problem]:
    """Everything that is wrong with the held-out texts `items`.

    What follows an earlier answer (“多久”) may well be a training text: what it means there is another matter.
    """
    yield from _labels(items, content)
    alone = [item for item in items if not item.fields.get("last_entry")]
    yield from _sets_apart(alone)
    trained = trained_texts(content, labelled)
    for item, (text, place) in leaks(alone, trained):
        yield Problem(item.place, f"“{item.text}” is nearly “{text}”, which is trained on at {place}")


def trained_texts(content: Content, labelled: Iterable[LabelledText]) -> list[tuple[str, Place]]:
    """Every text that a model is trained on, with its place."""
    texts = [(utterance.text, utterance.place) for utterance in content.utterances]
    texts += [wording for entry in content.entries for wording in entry.wordings]
    return texts + [(item.text, item.place) for item in labelled]


def leaks(
    items: list[HeldOutText], trained: list[tuple[str, Place]]
) -> Iterator[tuple[HeldOutText, tuple[str, Place]]]:
    """Each held-out text that is too near to a trained one, once, with that one."""
    keys = [likeness.bare(item.text) for item in items]
    seen = set()
    for pair in likeness.between(keys, [likeness.bare(text) for text, _ in trained], LEAK):
        if pair.first not in seen:
            seen.add(pair.first)
            yield items[pair.first], trained[pair.second]


def _labels(items: list[HeldOutText], content: Content) -> Iterator[Problem]:
    entries = {entry.id for entry in content.entries}
    first: dict[str, Place] = {}
    for item in items:
        if item.id in first:
            yield Problem(item.place, f"id {item.id} is used already at {first[item.id]}")
        first.setdefault(item.id, item.place)
        for label in [*item.fields.get("scenarios", []), *_named(item, "last_scenario")]:
            if label not in content.intents:
                yield Problem(item.place, f"unknown scenario {label}")
        for entry in [*item.fields.get("entries", []), *_named(item, "last_entry")]:
            if entry not in entries:
                yield Problem(item.place, f"there is no entry {entry} in the library")
        yield from _values(item)


def _named(item: HeldOutText, key: str) -> list[str]:
    return [item.fields[key]] if item.fields.get(key) else []


def _values(item: HeldOutText) -> Iterator[Problem]:
    """Labels of the smaller sets."""
    for key, known in (("emotions", EMOTIONS), ("risks", RISKS)):
        for value in item.fields.get(key, []):
            if value not in known:
                yield Problem(item.place, f"{value} is none of the {key} {', '.join(known)}")
    for entity in item.fields.get("entities", []):
        if item.text[entity["start"] : entity["end"]] != entity["text"]:
            yield Problem(item.place, f"“{entity['text']}” does not stand at {entity['start']} of the text")


def _sets_apart(items: list[HeldOutText]) -> Iterator[Problem]:
    """A text must not stand in a development set and in a test set."""
    sides: dict[str, tuple[bool, Place]] = {}
    for item in items:
        key, test = likeness.bare(item.text), ".test." in Path(item.place.file).name
        other = sides.setdefault(key, (test, item.place))
        if other[0] != test:
            yield Problem(
                item.place, f"“{item.text}” stands in a {'development' if test else 'test'} set too, at {other[1]}"
            )
