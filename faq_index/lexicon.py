"""What we know about words: the aliases of the normaliser, the game's dictionary, and the concept lexicon.

No pretrained model tells us that “搬空” and “洗号” mean theft, so data/lexicon/concepts.tsv does: each concept lists
the expressions that signal it, and the concepts found in a text are features of encoder and classifier. Each belongs to
a group, a coarser meaning (`@loss` for all that can be gone): with few examples coarse features generalise better.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

from common.text import Aliases, normalise

ALIASES = "aliases.tsv"
CONCEPTS = "concepts.tsv"
DICTIONARIES = "jieba"
#: What the name of a group begins with, among the concepts of a text.
GROUP = "@"
#: Words that completion takes for one another.
SYNONYMS = "synonyms.tsv"


class Concepts:
    """Finds the concepts that a normalised text signals, in time linear in the text."""

    def __init__(self, expressions: dict[str, set[str]]) -> None:
        """`expressions` holds, for each normalised expression, the concepts it signals."""
        #: The lengths of the expressions that begin with these two characters (or are this one).
        self._lengths: dict[str, set[int]] = defaultdict(set)
        self._names: dict[str, tuple[bool, tuple[str, ...]]] = {}
        names = {name for concepts in expressions.values() for name in concepts}
        self.groups = sum(name.startswith(GROUP) for name in names)
        self.concepts = len(names) - self.groups
        self.expressions = len(expressions)
        for expression, concepts in expressions.items():
            whole = re.fullmatch(r"[a-z0-9 ]+", expression) is not None
            self._lengths[expression[:2]].add(len(expression))
            self._names[expression] = (whole, tuple(sorted(concepts)))

    @classmethod
    def read(cls, path: Path, aliases: Aliases) -> Concepts:
        """Concepts from a file of `group TAB concept TAB expression|expression|...` lines; expressions are normalised
        here.
        """
        expressions: dict[str, set[str]] = defaultdict(set)
        for group, concept, raw in read_rows(path):
            for part in raw.split("|"):
                expression = normalise(part, aliases).text
                if len(expression) > 1 or (expression and not expression.isascii()):
                    expressions[expression] |= {concept, GROUP + group}
        return cls(expressions)

    def find(self, text: str) -> tuple[str, ...]:
        """The ids of all concepts in `text` and their groups (`@group`), sorted, each once. Latin expressions count as
        whole words only.
        """
        found: set[str] = set()
        for start in range(len(text)):
            for head in (text[start : start + 2], text[start]):
                for length in self._lengths.get(head, ()):
                    expression = text[start : start + length]
                    whole, concepts = self._names.get(expression, (False, ()))
                    if concepts and (not whole or _stands_alone(text, start, expression)):
                        found.update(concepts)
        return tuple(sorted(found))


def _stands_alone(text: str, start: int, expression: str) -> bool:
    end = start + len(expression)
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (_runs_on(before, expression[0]) or _runs_on(expression[-1], after))


def _runs_on(left: str, right: str) -> bool:
    """Whether two neighbours belong to one word or one number."""
    if not (left.isascii() and right.isascii()):
        return False
    return (left.isalpha() and right.isalpha()) or (left.isdigit() and right.isdigit())


class Lexicon:
    """One folder like data/lexicon, read: aliases, concepts, and where its dictionaries lie."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fingerprint = lexicon_fingerprint(folder)
        self.aliases = Aliases.read(folder / ALIASES)
        self.concepts = Concepts.read(folder / CONCEPTS, self.aliases)


@lru_cache(maxsize=4)
def _lexicon(folder: Path, fingerprint: str) -> Lexicon:
    return Lexicon(folder)


def load_lexicon(folder: Path) -> Lexicon:
    """The lexicon of `folder`; reading it again is free while its files stay as they are."""
    return _lexicon(folder, lexicon_fingerprint(folder))


def lexicon_fingerprint(folder: Path) -> str:
    """A hash of every file of the lexicon that normalising, cutting and concepts depend on."""
    digest = hashlib.sha256()
    for path in [folder / ALIASES, folder / CONCEPTS, *sorted((folder / DICTIONARIES).glob("*.txt"))]:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def read_rows(path: Path) -> list[list[str]]:
    """The rows of a TSV file, split at tabs; empty lines and those beginning with `#` are left out."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line.strip() and not line.startswith("#")]
