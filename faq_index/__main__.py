"""`python -m faq_index build | check | search TEXT | stats`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from common.content import load_content
from common.errors import SupportError
from faq_index.check import check_content


def main(argv: list[str] | None = None) -> int:
    """Run one of the commands; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m faq_index", description="The FAQ library and its index.")
    parser.add_argument("--root", type=Path, default=Path("."), help="the project's folder")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build encoder and index where the content has changed")
    commands.add_parser("check", help="check the content; exit status 1 when something is wrong")
    search = commands.add_parser("search", help="the entries found for a text")
    search.add_argument("text")
    search.add_argument("--platform", choices=("ios", "android", "pc"))
    commands.add_parser("stats", help="how much content there is")
    arguments = parser.parse_args(argv)
    try:
        return {"build": _build, "check": _check, "search": _search, "stats": _stats}[arguments.command](arguments)
    except SupportError as error:
        print(error, file=sys.stderr)
        return 1


def _build(arguments: argparse.Namespace) -> int:
    from faq_index.build import build

    start = time.perf_counter()
    built = build(arguments.root, lambda line: print(f"{time.perf_counter() - start:5.1f} s  {line}", flush=True))
    print(f"{time.perf_counter() - start:5.1f} s  {built.index}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    content, problems = check_content(arguments.root)
    for problem in problems:
        print(problem)
    print(
        f"{len(content.scenarios)} scenarios, {len(content.entries)} entries, {len(content.utterances)} utterances, "
        f"{len(content.facts)} facts: {len(problems) or 'no'} problems",
        file=sys.stderr,
    )
    return 1 if problems else 0


def _search(arguments: argparse.Namespace) -> int:
    from faq_index.analysis import Analyser
    from faq_index.build import build
    from faq_index.encoder import load_encoder
    from faq_index.index import FaqIndex

    built = build(arguments.root, lambda line: print(line, file=sys.stderr))
    encoder = load_encoder(built.encoder)
    index = FaqIndex.load(built.index, encoder)
    analysis = Analyser.load(built.encoder / "lexicon")(arguments.text)
    vector = encoder.encode([arguments.text])
    for hit in index.search(analysis, vector, {}, platform=arguments.platform):
        print(f"{hit.score:.3f}  {hit.id:40}  {hit.question}")
    return 0


def _stats(arguments: argparse.Namespace) -> int:
    content = load_content(arguments.root)
    utterances = Counter(utterance.intent for utterance in content.utterances)
    entries = Counter(entry.scenario for entry in content.entries)
    wordings = sum(len(entry.wordings) for entry in content.entries)
    for scenario in content.scenarios:
        print(f"{scenario.id:32} {utterances[scenario.id]:4} utterances {entries[scenario.id]:4} entries")
    print(
        f"{len(content.scenarios)} scenarios, {sum(utterances.values())} utterances, {len(content.entries)} entries, "
        f"{wordings} wordings, {len(content.facts)} facts"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
