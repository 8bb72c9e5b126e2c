"""The table of the library: how much content each scenario has, of which style and by whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from common.content import LEXICON, STYLES, Content, load_content
from common.held_out import load_all_held_out
from common.labelled import EMOTION_TEXTS, EMOTIONS, FRAUD_TEXTS, RISKS, load_labelled
from faq_index.lexicon import load_lexicon


def table(root: Path) -> Iterator[str]:
    """The lines of the table."""
    content = load_content(root)
    yield from _scenarios(content)
    yield from _intents(content)
    yield from _authors(content)
    yield from _lexicons(root)
    yield from _labelled(root)
    yield from _held_out(root)
    wordings = sum(len(entry.wordings) for entry in content.entries)
    english = sum(entry.english is not None for entry in content.entries)
    yield (
        f"{len(content.scenarios)} scenarios, {len(content.utterances)} utterances, {len(content.entries)} entries "
        f"({english} in English too), {wordings} wordings, {len(content.facts)} facts"
    )


def _scenarios(content: Content) -> Iterator[str]:
    styles = Counter((utterance.intent, utterance.style) for utterance in content.utterances)
    utterances = Counter(utterance.intent for utterance in content.utterances)
    entries = Counter(entry.scenario for entry in content.entries)
    wordings = Counter(entry.scenario for entry in content.entries for _ in entry.wordings)
    shown = [*STYLES, ""]
    heads = [style[:8] or "any" for style in shown]
    yield f"{'scenario':32} entries wordings utterances  " + " ".join(f"{head:>8}" for head in heads)
    for scenario in content.scenarios:
        counts = " ".join(f"{styles[scenario.id, style]:8}" for style in shown)
        yield (
            f"{scenario.id:32} {entries[scenario.id]:7} {wordings[scenario.id]:8} {utterances[scenario.id]:10}  {counts}"
        )
    total = Counter(utterance.style for utterance in content.utterances if utterance.intent in content.scenario_ids)
    counts = " ".join(f"{total[style]:8}" for style in shown)
    yield f"{'all':32} {sum(entries.values()):7} {sum(wordings.values()):8} {sum(total.values()):10}  {counts}"


def _intents(content: Content) -> Iterator[str]:
    others = Counter(item.intent for item in content.utterances if item.intent not in content.scenario_ids)
    yield "other intents: " + ", ".join(f"{intent} {count}" for intent, count in sorted(others.items()))


def _authors(content: Content) -> Iterator[str]:
    authors = Counter(utterance.author or "unnamed" for utterance in content.utterances)
    yield "utterances by author: " + ", ".join(f"{author} {count}" for author, count in sorted(authors.items()))


def _lexicons(root: Path) -> Iterator[str]:
    concepts = load_lexicon(root / LEXICON).concepts
    yield (
        f"concept lexicon: {concepts.groups} groups, {concepts.concepts} concepts, {concepts.expressions} expressions "
        "that differ after normalising"
    )


def _labelled(root: Path) -> Iterator[str]:
    for path, labels in ((EMOTION_TEXTS, EMOTIONS), (FRAUD_TEXTS, RISKS)):
        counts = Counter(item.label for item in load_labelled(root, path, labels, []))
        yield f"{path.stem}: " + ", ".join(f"{label} {counts[label]}" for label in labels)


def _held_out(root: Path) -> Iterator[str]:
    counts = Counter(Path(item.place.file).stem for item in load_all_held_out(root, []))
    yield "held out: " + (", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "nothing")
