"""Writing FAQ entries back to the library's files, so that a spreadsheet and an editor lead to the same text.

An entry is replaced in its place and all around it stays as it is, comments included; a new one goes to the end of its
scenario's file, faq_index/library/<domain>/<scenario>.yml.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from common.content import FaqEntry


class _Dumper(yaml.SafeDumper):
    """Lists indented under their key, long texts as blocks, short lists of ids on one line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


class _Flow(list[str]):
    """A list that is written on one line."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


def _flow(dumper: yaml.SafeDumper, value: _Flow) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", list(value), flow_style=True)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Flow, _flow)


def to_yaml(entry: FaqEntry) -> str:
    """The entry as it stands in a library file; keys that say nothing are left out."""
    item: dict[str, Any] = {
        "id": entry.id,
        "scenario": entry.scenario,
        "question": entry.question,
        "similar": list(entry.similar),
        "answer": _block(entry.answer),
    }
    if entry.links:
        item["links"] = [{"text": link.text, "url": link.url} for link in entry.links]
    if entry.platform:
        item["platform"] = _Flow(entry.platform)
    if entry.version:
        item["version"] = entry.version
    item |= {key: value for key in ("valid_from", "valid_until") if (value := getattr(entry, key))}
    item |= {key: True for key in ("warning", "offer_human") if getattr(entry, key)}
    if entry.english:
        english = entry.english
        item["english"] = {
            "question": english.question,
            "similar": list(english.similar),
            "answer": _block(english.answer),
        }
    text: str = yaml.dump([item], Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10**6)
    return text


def _block(text: str) -> str:
    return text.strip() + "\n"


def write_entries(root: Path, changed: Iterable[FaqEntry], new: Iterable[FaqEntry], files: Mapping[str, Path]) -> None:
    """Put entries into their files.

    `changed` have the place of the entry they replace; `new` go to the end of their scenario's file.
    """
    by_file: dict[str, list[FaqEntry]] = defaultdict(list)
    for entry in changed:
        by_file[entry.place.file].append(entry)
    for file, entries in by_file.items():
        _replace(root / file, entries)
    for entry in new:
        path = root / files[entry.scenario]
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if before and not before.endswith("\n"):
            before += "\n"
        path.write_text(before + to_yaml(entry), encoding="utf-8")


def remove_entries(root: Path, entries: Iterable[FaqEntry]) -> None:
    """Take entries out of their files."""
    by_file: dict[str, list[FaqEntry]] = defaultdict(list)
    for entry in entries:
        by_file[entry.place.file].append(entry)
    for file, found in by_file.items():
        _splice(root / file, [(entry.place.line - 1, "") for entry in found])


def _replace(path: Path, entries: Sequence[FaqEntry]) -> None:
    _splice(path, [(entry.place.line - 1, to_yaml(entry)) for entry in entries])


def _splice(path: Path, texts: Sequence[tuple[int, str]]) -> None:
    """Replace the items that begin at the given lines (counted from 0) by texts."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for start, text in sorted(texts, reverse=True):
        lines[start : _end(lines, start)] = [text]
    path.write_text("".join(lines), encoding="utf-8")


def _end(lines: Sequence[str], start: int) -> int:
    """The line after the item that begins at `start`: comments and blanks before the next item are not its own."""
    end = start + 1
    while end < len(lines) and not lines[end].startswith("- "):
        end += 1
    while lines[end - 1].startswith("#") or not lines[end - 1].strip():
        end -= 1
    return end
