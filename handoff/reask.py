"""Whether an agent asks for what the summary already holds: the re-ask rate of an episode counts it.

The words are data/lexicon/reask.tsv. A fact is asked for when its name stands in a list of names with words around it
that ask, or in a question of its own; a message that says the fact's value confirms it instead.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Optional

from common.content import LEXICON
from common.settings import ROOT
from common.text import normalise
from handoff.protocol import Summary

REASK = "reask.tsv"

_CLAUSE = re.compile(r"[^,，。.!！?？;；:\n…~]+[?？]?")
_DIGITS = re.compile(r"\d{2,}")


@dataclass(frozen=True)
class Named:
    """Names of facts that stand side by side in a clause."""

    kinds: frozenset[str]
    start: int
    end: int


class Asking:
    """The words of data/lexicon/reask.tsv."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the lexicon."""
        rows: dict[str, str] = {}
        nouns: dict[str, str] = {}
        self._which: dict[str, re.Pattern[str]] = {}
        for line in (folder / REASK).read_text(encoding="utf-8").splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            name, *expressions = line.split("\t")
            name, _, kind = name.partition(".")
            either = "|".join(expressions)
            if name == "noun":
                nouns[kind] = either
            elif name == "which":
                self._which[kind] = re.compile(either)
            else:
                rows[name] = either
        self._noun = re.compile("|".join(f"(?P<{kind}>{either})" for kind, either in nouns.items()))
        self._before = re.compile(f"(?:{rows['give']}){rows['between']}$")
        self._words = {name: re.compile(either) for name, either in rows.items()}

    def asked(self, text: str) -> list[str]:
        """The kinds of facts that a message asks for, each once, in the order in which they are named."""
        asked: list[str] = []
        waiting: list[str] = []  # named at the end of the clauses before, and not asked for yet
        goes_on = False  # a list that is asked for may go on in the next clause
        for clause in _CLAUSE.findall(normalise(text).text):
            if self._is_filler(clause):  # the number of an item in a list
                continue
            groups = list(self._groups(clause))
            named = [kind for group in groups for kind in sorted(group.kinds)]
            found = [] if self._has("not", clause) else self._asked_in(clause, groups)
            bare = bool(named) and self._is_list(clause)
            if not found and bare and (goes_on or self._has("asks", clause)):
                found = named
            if found or (waiting and self._has("bare_request", clause)):
                asked += [*waiting, *found]
                waiting, goes_on = [], bool(found)
            else:
                waiting = self._left_waiting(clause, groups, waiting if bare else [])
                goes_on = self._begins_list(clause)
        return list(dict.fromkeys(asked))

    def _has(self, name: str, clause: str) -> bool:
        return self._words[name].search(clause) is not None

    def _groups(self, clause: str) -> Iterator[Named]:
        """Names with nothing but fillers between them."""
        kinds: set[str] = set()
        start = end = 0
        for match in self._noun.finditer(clause):
            if kinds and not self._is_filler(clause[end : match.start()]):
                yield Named(frozenset(kinds), start, end)
                kinds = set()
            start = start if kinds else match.start()
            end = match.end()
            kinds.add(str(match.lastgroup))
        if kinds:
            yield Named(frozenset(kinds), start, end)

    def _is_filler(self, text: str) -> bool:
        return not self._words["filler"].sub("", text)

    def _is_list(self, clause: str) -> bool:
        return self._is_filler(self._noun.sub("", clause).rstrip("?？"))

    def _asked_in(self, clause: str, groups: Sequence[Named]) -> list[str]:
        found = [kind for kind, pattern in self._which.items() if pattern.search(clause)]
        for group in groups:
            if self._asks_for(clause[: group.start], clause[group.end :].rstrip("?？")):
                found += sorted(group.kinds)
        return found

    def _asks_for(self, before: str, after: str) -> bool:
        wanted = self._before.search(before) and self._words["after"].match(after)
        held = self._has("has", before) and self._has("polar", after) and after
        return bool(wanted or held or any(self._has(name, after) for name in ("handed", "what", "had")))

    def _begins_list(self, clause: str) -> bool:
        asks = self._has("announces", clause) or self._has("bare_request", clause)
        return asks and not self._has("not", clause)

    def _left_waiting(self, clause: str, groups: Sequence[Named], waiting: list[str]) -> list[str]:
        at_end = groups and groups[-1].end == len(clause) and not self._has("settled", clause)
        return [*waiting, *sorted(groups[-1].kinds)] if at_end and not self._has("not", clause) else []


def asked_again(text: str, summary: Optional[Summary]) -> list[str]:
    """The kinds of facts (as in `fact` lines) that an agent's message asks for although the summary holds them."""
    held: dict[str, list[str]] = defaultdict(list)
    for line in summary.lines if summary else []:
        if line.kind == "fact":
            held[str(line.data["kind"])].append(str(line.data["value"]))
    if not held:
        return []
    return [kind for kind in _asking().asked(text) if kind in held and not _says(text, kind, held[kind])]


def _says(text: str, kind: str, values: Sequence[str]) -> bool:
    """Whether a message says one of the values itself; an amount is often said without its unit."""
    said = _plain(text)
    digits = [number for value in values for number in _DIGITS.findall(value)] if kind == "amount" else []
    return any(value in said for value in map(_plain, [*values, *digits]) if value)


def _plain(text: str) -> str:
    return normalise(text).text.replace(" ", "")


@lru_cache(maxsize=1)
def _asking() -> Asking:
    return Asking(ROOT / LEXICON)
