"""`python -m evals quality [--set PART] | agreement | lexicon`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from common.errors import SupportError
from evals import agreement, lexicon


def main(argv: list[str] | None = None) -> int:
    """Run one of the commands; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m evals", description="How good the bot is, on held-out text.")
    parser.add_argument("--root", type=Path, default=Path("."), help="the project's folder")
    commands = parser.add_subparsers(dest="command", required=True)
    quality = commands.add_parser("quality", help="scenarios, decisions, out of scope and FAQ of the release in use")
    quality.add_argument("--set", choices=("tuning", "calibration", "test"), default="tuning", dest="part")
    commands.add_parser("agreement", help="how well two readers agree on what messages are about")
    commands.add_parser("lexicon", help="how well the concept lexicon covers the development sets")
    try:
        for line in _lines(parser.parse_args(argv)):
            print(line, flush=True)
    except SupportError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _lines(arguments: argparse.Namespace) -> Iterator[str]:
    if arguments.command == "quality":
        from evals.quality import report

        return report(arguments.root, arguments.part)
    return agreement.report(arguments.root) if arguments.command == "agreement" else lexicon.report(arguments.root)


if __name__ == "__main__":
    raise SystemExit(main())
