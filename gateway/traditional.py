"""Writes the widget's sentences in traditional characters, so that they can't drift from the simplified ones.

python -m gateway.traditional > web/src/strings/zhHant.ts

OpenCC's `s2twp` changes characters and words; `zhHant.corrections.tsv` holds what people in Taiwan and Hong Kong say
otherwise still.
"""

from __future__ import annotations

import sys
from pathlib import Path

from opencc import OpenCC

from common.settings import ROOT

STRINGS = ROOT / "web" / "src" / "strings"
_HEAD = """// Generated from zh.ts by `python -m gateway.traditional`; do not edit. Wording: zhHant.corrections.tsv.
import type { MaskedNames, WidgetStrings } from "./zh";
"""
_TYPED = {
    "export const masked =": "export const masked: MaskedNames =",
    "export const widget =": "export const widget: WidgetStrings =",
}


def render(folder: Path = STRINGS) -> str:
    """The TypeScript module of the tables `masked` and `widget`.

    Raises:
        ValueError: a correction is no pair, or corrects nothing any more.
    """
    source = (folder / "zh.ts").read_text(encoding="utf-8")
    start, end = source.index("\n/** What the server masked"), source.index("export const desk")
    text: str = OpenCC("s2twp").convert(source[start:end])
    for line, (wrong, right) in _corrections(folder / "zhHant.corrections.tsv"):
        if wrong not in text:
            raise ValueError(f"zhHant.corrections.tsv:{line}: nothing says {wrong!r} any more; remove the line")
        text = text.replace(wrong, right)
    for plain, typed in _TYPED.items():
        text = text.replace(plain, typed)
    return _HEAD + text.rstrip() + "\n"


def _corrections(path: Path) -> list[tuple[int, tuple[str, str]]]:
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        parts = line.split("\t")
        if len(parts) != 2 or not all(parts):
            raise ValueError(f"{path.name}:{number}: expected two words with a tab between them, got {line!r}")
        found.append((number, (parts[0], parts[1])))
    return found


if __name__ == "__main__":
    sys.stdout.write(render())
