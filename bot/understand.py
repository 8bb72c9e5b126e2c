"""`python -m bot.understand`: JSON lines in, JSON lines out, with the same model and code as the bot worker.

In:  {"text": "...", "context": {"scenario": "...", "entry": "..."}}  (context, and each of its fields, is optional: what
     the bot answered last)
Out: {"text", "intent": {"name", "confidence"}, "ranking": [{"name", "confidence"} x5], "faq": [{"id", "scenario",
     "question", "score"} x5], "decision", "entities", "emotion", "urgency", "risk"}, and for a message that does not
     stand for itself "context": "follow_up | correction | two_questions", with "also" (as faq) for the second question
A line that can't be read gives {"error": ..., "line": number}; there is always one line out for one line in.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Any

from bot.logic.context import LastAnswer, Marks
from common.content import LEXICON
from common.errors import SupportError

EXPECTED = 'expected a JSON object like {"text": "...", "context": {...}}'
MAX_LENGTH = 2_000

Parse = Callable[[str, LastAnswer | None], Awaitable[dict[str, Any]]]


class BadLine(SupportError):
    """An input line that is not what the tool reads."""

    code = "bad_line"


def read_line(line: str) -> tuple[str, LastAnswer | None]:
    """The text of an input line and what was answered before it; BadLine when there is no text."""
    try:
        item = json.loads(line)
    except ValueError as error:
        raise BadLine(f"{EXPECTED}; this is not JSON ({error})") from None
    if not isinstance(item, dict):
        raise BadLine(f"{EXPECTED}; got {_kind(item)}")
    stray = sorted(set(item) - {"text", "context"})
    if stray:
        raise BadLine(f"{EXPECTED}; got the unknown field {', '.join(map(json.dumps, stray))}")
    text = item.get("text")
    if not isinstance(text, str):
        raise BadLine(f"{EXPECTED}; text is {'missing' if 'text' not in item else _kind(text)}")
    if not text.strip() or len(text) > MAX_LENGTH:
        raise BadLine(f"{EXPECTED} with a text of 1 to {MAX_LENGTH} characters; got {len(text)}")
    return text, _last_answer(item.get("context", {}))


def _last_answer(context: object) -> LastAnswer | None:
    if not isinstance(context, dict):
        raise BadLine(f"{EXPECTED}; context is {_kind(context)}")
    for name in ("scenario", "entry"):
        if not isinstance(context.get(name, ""), str):
            raise BadLine(f"{EXPECTED}; the context's {name} is {_kind(context[name])}")
    entry = context.get("entry", "")
    scenario = context.get("scenario") or entry.partition(".")[0]
    return LastAnswer(scenario, entry) if scenario else None


def understood(parsed: dict[str, Any]) -> dict[str, Any]:
    """The tool's output for a parse result; what a model does not give is null."""
    in_conversation: dict[str, Any] = {name: parsed[name] for name in ("context", "also") if name in parsed}
    return {
        "text": parsed["text"],
        "intent": parsed["intent"],
        "ranking": parsed.get("scenario_ranking"),
        "faq": parsed.get("faq"),
        "decision": parsed.get("decision"),
        "entities": parsed["entities"],
        "emotion": parsed.get("emotion"),
        "urgency": parsed.get("urgency"),
        "risk": parsed.get("risk"),
        **in_conversation,
    }


async def understand_lines(lines: IO[str], out: IO[str], parse: Parse) -> None:
    """One line out for each line in, in order."""
    for number, line in enumerate(lines, start=1):
        try:
            answer = understood(await parse(*read_line(line)))
        except BadLine as error:
            answer = {"error": str(error), "line": number}
        out.write(json.dumps(answer, ensure_ascii=False) + "\n")
        out.flush()


def main() -> int:
    """Run over standard input; the exit status."""
    from bot.parse import load_agent, parse_in_context
    from bot.release import load_release

    try:
        release = load_release(Path("."))
        agent, marks = load_agent(release), Marks(release.root / LEXICON)
    except SupportError as error:
        print(error, file=sys.stderr)
        return 1
    with (
        open(sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False) as lines,
        open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False) as out,
    ):
        asyncio.run(understand_lines(lines, out, lambda text, last: parse_in_context(agent, text, last, marks)))
    return 0


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


if __name__ == "__main__":
    raise SystemExit(main())
