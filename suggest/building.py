"""Makes what completion serves from, out of the library, what players asked, and the lexicon. Needs pypinyin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from suggest.kept import KeptUnits
from suggest.phrases import Cut, Entry, Reader, phrases_of
from suggest.prefixes import prefix_table
from suggest.tables import Tables, Words

ALIASES = "aliases.tsv"
SYNONYMS = "synonyms.tsv"
#: The characters that are known by their sound.
_HAN = range(0x4E00, 0x9FA6)


@dataclass(frozen=True)
class Sources:
    """What completion is made of."""

    entries: Sequence[Entry]
    #: Entry id to what players asked and it answers.
    asked: Mapping[str, Sequence[str]]
    #: Scenario to its share of all questions, on any scale; what is not there counts as the least.
    traffic: Mapping[str, float]
    #: The folder of aliases.tsv and synonyms.tsv.
    lexicon: Path
    cut: Cut
    #: Where texts taken apart are kept; its name stands for lexicon and code. None: nowhere.
    kept: Path | None = None


def build_tables(sources: Sources) -> Tables:
    """The tables; the same for the same sources."""
    reader = Reader(sources.cut)
    kept = KeptUnits(sources.kept, reader.units) if sources.kept else None
    phrases = phrases_of(sources.entries, sources.asked, kept or reader.units)
    if kept:
        kept.save()
    words = Words.read(sources.lexicon / ALIASES, sources.lexicon / SYNONYMS)
    readings = reader.readings(map(chr, _HAN))
    tables = Tables.build(sources.entries, phrases, readings, words, expected(sources.entries, sources.traffic))
    return replace(tables, prefixes=prefix_table(tables))


def expected(entries: Sequence[Entry], traffic: Mapping[str, float]) -> dict[str, float]:
    """How often each entry is expected to be asked, 1 on average: its scenario's traffic shared evenly."""
    if not traffic:
        return {}
    least = min(traffic.values())
    sizes: dict[str, int] = {}
    for entry in entries:
        sizes[entry.scenario] = sizes.get(entry.scenario, 0) + 1
    shares = {entry.id: traffic.get(entry.scenario, least) / sizes[entry.scenario] for entry in entries}
    whole = sum(shares.values())
    return {faq_id: share * len(shares) / whole for faq_id, share in shares.items()}
