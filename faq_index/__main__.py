"""`python -m faq_index build | check | search TEXT | stats | export FILE | import FILE`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

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
    commands.add_parser("stats", help="how much content there is, scenario by scenario")
    export = commands.add_parser("export", help="write the library to a spreadsheet")
    export.add_argument("file", type=Path, help="a name that ends in .xlsx or .csv")
    importing = commands.add_parser(
        "import", help="take a spreadsheet into the library; exit status 1 when a row is refused"
    )
    importing.add_argument("file", type=Path, help="an .xlsx or .csv file with the columns that export writes")
    importing.add_argument("--remove-missing", action="store_true", help="remove the entries that have no row")
    arguments = parser.parse_args(argv)
    try:
        return _COMMANDS[arguments.command](arguments)
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
    for hit in index.search(analysis, vector, {}, platform=arguments.platform).hits:
        print(f"{hit.score:.3f}  {hit.id:40}  {hit.question}")
    return 0


def _stats(arguments: argparse.Namespace) -> int:
    from faq_index.stats import table

    for line in table(arguments.root):
        print(line)
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from faq_index.spreadsheet import export_library

    print(f"{export_library(arguments.root, arguments.file)} entries written to {arguments.file}")
    return 0


def _import(arguments: argparse.Namespace) -> int:
    from faq_index.spreadsheet import import_library

    imported = import_library(arguments.root, arguments.file, arguments.remove_missing)
    for problem in imported.refused:
        print(f"{problem.place.file}, row {problem.place.line}: {problem.message}", file=sys.stderr)
    print(
        f"{len(imported.changed)} changed, {len(imported.added)} added, {len(imported.removed)} removed, "
        f"{len(imported.unchanged)} as they were, {len({problem.place for problem in imported.refused})} rows refused"
    )
    return 1 if imported.refused else 0


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "build": _build,
    "check": _check,
    "search": _search,
    "stats": _stats,
    "export": _export,
    "import": _import,
}

if __name__ == "__main__":
    raise SystemExit(main())
