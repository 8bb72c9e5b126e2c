"""`python -m evals agreement | lexicon`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from common.errors import SupportError
from evals import agreement, lexicon

_REPORTS = {"agreement": agreement.report, "lexicon": lexicon.report}


def main(argv: list[str] | None = None) -> int:
    """Run one of the commands; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m evals", description="How good the bot is, on held-out text.")
    parser.add_argument("--root", type=Path, default=Path("."), help="the project's folder")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("agreement", help="how well two readers agree on what messages are about")
    commands.add_parser("lexicon", help="how well the concept lexicon covers the development sets")
    arguments = parser.parse_args(argv)
    try:
        for line in _REPORTS[arguments.command](arguments.root):
            print(line)
    except SupportError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
