"""How well entities are found on the held-out sets: precision, recall and F1 per label, beside a few plain expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from bot.logic.entities import EntityFinder
from common.content import LEXICON
from common.held_out import SETS, HeldOutText, load_held_out
from common.text import Aliases, normalise
from evals.figures import Share

_SAMPLES = 1000
_EXAMPLES = 12

#: (label, start, end) in the source.
Span = tuple[str, int, int]
#: Whether two spans count as the same entity.
Same = Callable[[Span, Span], bool]

#: What anyone would write first, over the text as typed.
_BASELINE = (
    ("email", re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+", re.ASCII)),
    ("phone", re.compile(r"(?<!\d)1\d{10}(?!\d)")),
    ("order_number", re.compile(r"YL\d+|\d{12,}")),
    ("amount", re.compile(r"[¥$]\d+(?:\.\d+)?|\d+(?:\.\d+)?(?:元|块|灵玉)")),
    ("time", re.compile(r"\d{4}-\d{2}-\d{2}|(?:今天|昨天|前天|昨晚|刚刚|刚才)(?:\d{1,2}点)?")),
    ("server", re.compile(r"[一-龥]{2}[一二三四五六七八九十]+区")),
    ("version", re.compile(r"\d+\.\d+\.\d+")),
    ("device", re.compile(r"iPhone ?\d+|(?:华为|小米|红米) ?\w+", re.ASCII)),
    ("item", re.compile(r"月卡|改名卡|经验丹|灵石")),
)


def report(root: Path, part: str) -> Iterator[str]:
    """The lines of the report on one part of the set (`tuning`, `calibration` or `test`)."""
    items = load_held_out(root, SETS / f"entities.{part}.jsonl", [])
    labelled = [{(e["label"], e["start"], e["end"]) for e in item.fields["entities"]} for item in items]
    ours = _ours(root, items)
    plain = [_baseline(item.text) for item in items]
    yield f"entities, {part} set: {len(items)} texts, {sum(map(len, labelled))} entities; 95 % intervals by bootstrap over texts"
    for title, same in (("exact span and label", _exact), ("overlapping span and label", _overlapping)):
        yield f"\n{title:31} precision   recall      F1"
        yield f"  {'ours':28} {_figures(labelled, ours, same)}"
        yield f"  {'plain expressions':28} {_figures(labelled, plain, same)}"
        for label in sorted({label for spans in [*labelled, *ours] for label, *_ in spans}):
            yield f"    {label:26} {_figures(_only(label, labelled), _only(label, ours), same)}"
    yield "\nwrong"
    wrong = [found for found in zip(items, labelled, ours) if found[1] != found[2]]
    for item, right, found in wrong[:_EXAMPLES]:
        yield f"  {item.text}"
        yield f"    missed {_words(item, right - found)}   false {_words(item, found - right)}"


def f1(right: Sequence[int], found: Sequence[int], wanted: Sequence[int]) -> Share:
    """F1 over texts: of each the entities found rightly, all found and all wanted, with a 95 % interval by bootstrap
    (Efron 1979) over the texts (samples without an entity left out); of nothing it is 0. `count` is that of the wanted ones.
    """
    counts = np.asarray([right, found, wanted], dtype=float)
    drawn = np.random.default_rng(0).integers(0, max(counts.shape[1], 1), (_SAMPLES, counts.shape[1]))
    sums = counts[:, drawn].sum(axis=2)
    sums = sums[:, sums[1] + sums[2] > 0]
    if not sums.size:
        return Share(0.0, 0.0, 0.0, 0)
    samples = 2 * sums[0] / (sums[1] + sums[2])
    low, high = np.quantile(samples, (0.025, 0.975))
    hits, all_found, all_wanted = counts.sum(axis=1)
    return Share(float(2 * hits / max(all_found + all_wanted, 1)), float(low), float(high), int(all_wanted))


def _ours(root: Path, items: Sequence[HeldOutText]) -> list[set[Span]]:
    finder, aliases = EntityFinder(root / LEXICON), Aliases.read(root / LEXICON / "aliases.tsv")
    found = (finder.find(item.text, normalise(item.text, aliases)) for item in items)
    return [{(entity.entity, entity.start, entity.end) for entity in entities} for entities in found]


def _baseline(text: str) -> set[Span]:
    return {(label, *match.span()) for label, pattern in _BASELINE for match in pattern.finditer(text)}


def _only(label: str, texts: Sequence[set[Span]]) -> list[set[Span]]:
    return [{span for span in spans if span[0] == label} for spans in texts]


def _exact(one: Span, other: Span) -> bool:
    return one == other


def _overlapping(one: Span, other: Span) -> bool:
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


def _figures(labelled: Sequence[set[Span]], found: Sequence[set[Span]], same: Same) -> str:
    """Precision, recall and F1; one pairs at most with one, in the order of the text."""
    right = [_pairs(sorted(wanted), sorted(spans), same) for wanted, spans in zip(labelled, found)]
    all_found, all_wanted = [len(spans) for spans in found], [len(spans) for spans in labelled]
    precision, recall = sum(right) / max(sum(all_found), 1), sum(right) / max(sum(all_wanted), 1)
    return f"{precision:6.1%}     {recall:6.1%}     {f1(right, all_found, all_wanted)}"


def _pairs(wanted: Sequence[Span], found: Sequence[Span], same: Same) -> int:
    left = list(found)
    pairs = 0
    for span in wanted:
        partner = next((other for other in left if same(span, other)), None)
        if partner:
            left.remove(partner)
            pairs += 1
    return pairs


def _words(item: HeldOutText, spans: set[Span]) -> str:
    shown = (f"{label} “{item.text[start:end]}”" for label, start, end in sorted(spans, key=lambda span: span[1]))
    return ", ".join(shown) or "–"
