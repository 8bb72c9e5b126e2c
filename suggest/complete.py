"""`python -m suggest.complete [--release FOLDER]`: JSON lines in, JSON lines out, from the same tables as the gateway.

In:  {"prefix": "..."}
Out: {"prefix", "completions": [{"text", "scenario", "faq_id", "score"} x8]}, best first; fewer or none where little fits
A line that can't be read gives {"error": ..., "line": number}; there is always one line out for one line in.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import IO, Any

from common.errors import SupportError
from suggest.completion import Completer

#: Where `python -m bot.train` links the release that serves.
CURRENT = Path("models/current")
EXPECTED = 'expected a JSON object like {"prefix": "..."}'


class BadLine(SupportError):
    """An input line that is not what the tool reads."""

    code = "bad_line"


def read_line(line: str) -> str:
    """The prefix of an input line; BadLine when there is none."""
    try:
        item = json.loads(line)
    except ValueError as error:
        raise BadLine(f"{EXPECTED}; this is not JSON ({error})") from None
    except RecursionError:
        raise BadLine(f"{EXPECTED}; this is nested too deeply") from None
    if not isinstance(item, dict):
        raise BadLine(f"{EXPECTED}; got {_kind(item)}")
    stray = sorted(set(item) - {"prefix"})
    if stray:
        raise BadLine(f"{EXPECTED}; got the unknown field {', '.join(map(json.dumps, stray))}")
    prefix = item.get("prefix")
    if not isinstance(prefix, str):
        raise BadLine(f"{EXPECTED}; prefix is {'missing' if 'prefix' not in item else _kind(prefix)}")
    return prefix


def completed(prefix: str, completer: Completer) -> dict[str, Any]:
    """The tool's output for a prefix."""
    found = [
        {"text": one.text, "scenario": one.scenario, "faq_id": one.faq_id, "score": one.score}
        for one in completer.complete(prefix)
    ]
    return {"prefix": prefix, "completions": found}


def complete_lines(lines: IO[str], out: IO[str], completer: Completer) -> None:
    """One line out for each line in, in order."""
    for number, line in enumerate(lines, start=1):
        try:
            answer = completed(read_line(line), completer)
        except BadLine as error:
            answer = {"error": str(error), "line": number}
        out.write(_writable(json.dumps(answer, ensure_ascii=False)) + "\n")
        out.flush()


def main(argv: list[str] | None = None) -> int:
    """Run over standard input; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m suggest.complete", description="Complete JSON lines of prefixes.")
    parser.add_argument("--release", type=Path, default=CURRENT, help="a release's folder (default: %(default)s)")
    try:
        completer = Completer.load(parser.parse_args(argv).release)
    except SupportError as error:
        print(error, file=sys.stderr)
        return 1
    with (
        open(sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False) as lines,
        open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False) as out,
    ):
        complete_lines(lines, out, completer)
    return 0


def _writable(text: str) -> str:
    """Without half characters, which JSON may spell and UTF-8 can't."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


if __name__ == "__main__":
    raise SystemExit(main())
