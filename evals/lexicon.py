"""How well the concept lexicon covers texts it was not written from, and which concepts fire where they should not.

A concept is **focused** when its texts belong to few scenarios: the share that falls into its five commonest ones. One
that fires often in texts out of scope says little about any scenario.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from common.content import LEXICON
from common.held_out import SETS, HeldOutText, load_held_out
from faq_index.analysis import Analyser
from faq_index.lexicon import GROUP

_FEW = 5
_WORST = 15
#: A concept found in fewer texts tells nothing about its focus.
_SEEN = 8


def report(root: Path) -> Iterator[str]:
    """The lines of the report, on the development sets."""
    analyser = Analyser.load(root / LEXICON)
    asked, foreign = _texts(root, "scenarios"), _texts(root, "out_of_scope")
    found = {item.id: _concepts(analyser, item.text) for item in (*asked, *foreign)}
    every = sum(bool(found[item.id]) for item in asked)
    known = {name for names in found.values() for name in names}
    mean = sum(len(found[item.id]) for item in asked) / max(len(asked), 1)
    yield (
        f"{len(asked)} development questions: {every / max(len(asked), 1):.1%} hold a concept, {mean:.1f} each; "
        f"{len(known)} of {analyser.lexicon.concepts.concepts} concepts occur"
    )
    mean = sum(len(found[item.id]) for item in foreign) / max(len(foreign), 1)
    yield f"{len(foreign)} texts out of scope: {mean:.1f} each"
    scenarios: dict[str, Counter[str]] = defaultdict(Counter)
    for item in asked:
        for name in found[item.id]:
            scenarios[name][item.fields["scenarios"][0]] += 1
    focus = {
        name: sum(count for _, count in counts.most_common(_FEW)) / sum(counts.values())
        for name, counts in scenarios.items()
        if sum(counts.values()) >= _SEEN
    }
    yield f"focus (share in the {_FEW} commonest scenarios), mean {sum(focus.values()) / max(len(focus), 1):.1%}; the lowest:"
    for name in sorted(focus, key=lambda name: (focus[name], name))[:_WORST]:
        yield f"  {name:32} {focus[name]:6.1%} of {sum(scenarios[name].values())}"
    strange = Counter(name for item in foreign for name in found[item.id])
    yield "most often out of scope:"
    for name, count in strange.most_common(_WORST):
        yield f"  {name:32} {count / max(len(foreign), 1):6.1%}   of questions {_share(name, asked, found):6.1%}"


def _share(name: str, items: list[HeldOutText], found: dict[str, list[str]]) -> float:
    return sum(name in found[item.id] for item in items) / max(len(items), 1)


def _concepts(analyser: Analyser, text: str) -> list[str]:
    return [name for name in analyser(text).concepts if not name.startswith(GROUP)]


def _texts(root: Path, kind: str) -> list[HeldOutText]:
    paths = [SETS / f"{kind}.{part}.jsonl" for part in ("tuning", "calibration")]
    return [item for path in paths if (root / path).exists() for item in load_held_out(root, path, [])]
