"""`python -m evals [--set PART] [--html FILE]`: everything measured on the held-out sets; or one command of it.

Modules are imported when they are asked for: some bring spaCy, torch or Rasa with them.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bot.logic.progress import tell
from common.errors import SupportError

if TYPE_CHECKING:
    from evals.runs import Run

_PARTS = ("tuning", "calibration", "test")
_TEST = "test"
_PUBLIC = Path("../shared/datasets")


def main(argv: list[str] | None = None) -> int:
    """Run one of the commands; the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        for line in _COMMANDS[arguments.command or "all"](arguments):
            print(line, flush=True)
    except SupportError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read our lines has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evals", description="How good the bot is, on held-out text.")
    parser.add_argument("--root", type=Path, default=Path("."), help="the project's folder")
    parser.add_argument("--set", choices=_PARTS, default=_PARTS[0], dest="part", help="which part of the sets")
    parser.add_argument("--html", type=Path, help="where the page goes (default: var/evals/report-SET.html)")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", help="nothing: everything, and a page of it")
    made = {name: commands.add_parser(name, help=says) for name, says in _HELP.items()}
    for name in ("quality", "entities", "context", "english", "suggest"):
        # without a default, which would undo a --set that stands before the command
        made[name].add_argument("--set", choices=_PARTS, default=argparse.SUPPRESS, dest="part")
    made["public"].add_argument("--folder", type=Path, default=_PUBLIC, help="where the sets lie")
    made["ablation"].add_argument("--quick", type=int, metavar="N", help="at most N utterances of each intent: minutes")
    made["ranker"].add_argument("--write", action="store_true", help="keep the new weights in faq_index/ranker.json")
    return parser


def _all(arguments: argparse.Namespace) -> Iterator[str]:
    """Chapter by chapter as text; at the end as a page."""
    from evals.document import Document
    from evals.measures import chapters
    from evals.page import write_page
    from evals.plain_text import lines_of

    run = _run(arguments)
    yield run.title
    made = []
    for section in chapters(run):
        made.append(section)
        yield from lines_of(section)
    *measured, goals = made
    path = arguments.html or arguments.root / "var" / "evals" / f"report-{arguments.part}.html"
    write_page(Document("How good the bot is", run.title, [goals, *measured]), path)
    yield f"\nas a page, with charts: {path}"


def _quality(arguments: argparse.Namespace) -> Iterator[str]:
    from evals.measures import QUALITY
    from evals.plain_text import lines_of

    run = _run(arguments)
    yield run.title
    for measure in QUALITY:
        yield from lines_of(measure(run))


def _run(arguments: argparse.Namespace) -> Run:
    """The sets as the release in use reads them."""
    from evals.quality import Bot
    from evals.runs import NoSet, has_set, read_sets

    if not has_set(arguments.root, "scenarios", arguments.part):
        raise NoSet(f"there is no set scenarios.{arguments.part}.jsonl below {arguments.root}")
    tell(f"reading the {arguments.part} sets")
    run = read_sets(arguments.root, arguments.part, Bot(arguments.root))
    _log(arguments, run.summary)
    return run


def _entities(arguments: argparse.Namespace) -> Iterator[str]:
    from evals import entities

    _log(arguments, "entities")
    return entities.report(arguments.root, arguments.part)


def _context(arguments: argparse.Namespace) -> Iterator[str]:
    from evals import context

    _log(arguments, "context")
    return context.report(arguments.root, arguments.part)


def _english(arguments: argparse.Namespace) -> Iterator[str]:
    from evals import english

    _log(arguments, "english")
    return english.report(arguments.root, arguments.part)


def _suggest(arguments: argparse.Namespace) -> Iterator[str]:
    from evals.completion import completion_sections
    from evals.document import goals_section
    from evals.plain_text import lines_of
    from evals.replay import replay_sections

    _log(arguments, "suggest")
    made = []
    for sections, what in ((completion_sections, "completion"), (replay_sections, "replaying sessions (minutes)")):
        tell(what)
        for section in sections(arguments.root, arguments.part):
            made.append(section)
            yield from lines_of(section)
    yield from lines_of(goals_section(made, ()))


def _public(arguments: argparse.Namespace) -> Iterator[str]:
    from evals import public

    return public.report(arguments.root, arguments.folder)


def _agreement(arguments: argparse.Namespace) -> Iterator[str]:
    from evals import agreement

    return agreement.report(arguments.root)


def _lexicon(arguments: argparse.Namespace) -> Iterator[str]:
    from evals import lexicon

    return lexicon.report(arguments.root)


def _noise(arguments: argparse.Namespace) -> Iterator[str]:
    from evals import noise

    return noise.report(arguments.root)


def _ablation(arguments: argparse.Namespace) -> Iterator[str]:
    from evals import ablation

    return ablation.report(arguments.root, tell, arguments.quick)


def _authors(arguments: argparse.Namespace) -> Iterator[str]:
    from evals import authors

    return authors.report(arguments.root, tell)


def _ranker(arguments: argparse.Namespace) -> Iterator[str]:
    from evals import ranker

    return ranker.report(arguments.root, arguments.write)


def _log(arguments: argparse.Namespace, what: str) -> None:
    """Note a run on a test set."""
    if arguments.part == _TEST:
        from evals.runs import log_test_run

        log_test_run(arguments.root, what)


_COMMANDS: dict[str, Callable[[argparse.Namespace], Iterator[str]]] = {
    "all": _all,
    "quality": _quality,
    "entities": _entities,
    "context": _context,
    "english": _english,
    "suggest": _suggest,
    "public": _public,
    "agreement": _agreement,
    "lexicon": _lexicon,
    "noise": _noise,
    "ablation": _ablation,
    "authors": _authors,
    "ranker": _ranker,
}
_HELP = {
    "quality": "scenarios, decisions, FAQ and tone of the release in use, without a page",
    "entities": "entities alone, with what is missed",
    "context": "follow-ups, corrections and double questions alone",
    "english": "questions in English alone, beside BM25",
    "suggest": "completion and chips, beside simpler methods",
    "public": "our method on public sets, beside stock Rasa",
    "agreement": "how well two readers agree on what messages are about",
    "lexicon": "how well the concept lexicon covers the development sets",
    "noise": "utterances whose label is doubtful",
    "ablation": "what each part of the method brings (an hour)",
    "authors": "messages of an author who was left out of training (minutes)",
    "ranker": "learn how the retriever weighs its evidence",
}


if __name__ == "__main__":
    raise SystemExit(main())
