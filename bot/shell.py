"""`make shell`: talk to the bot in the terminal, with what it understood, without any server."""

from __future__ import annotations

import asyncio
import os
import sys

from bot.logic.lean_imports import lean_imports
from common import logs
from common.errors import SupportError
from common.settings import ROOT
from handoff.protocol import Entry


async def talk() -> None:
    """Read lines until the end of input; a number picks a chip."""
    logs.configure("ERROR", "shell")
    print("loading the model ...", flush=True)
    from bot.release import load_release

    with lean_imports():
        from bot.engine import Engine

    engine = Engine(load_release(ROOT))
    print("Ask something; a number picks a chip; Ctrl-D ends.\n")
    tracker: str | None = None
    chips: list[tuple[str, str]] = []
    n = 0
    while line := await asyncio.to_thread(_ask):
        n += 2
        entry = _entry(n, line, chips)
        try:
            output = await engine.run("shell", entry, tracker, "bot")
        except SupportError as error:
            print(f"  ! {error}: {[repr(cause) for cause in getattr(error, 'causes', [])]}\n")
            continue
        tracker = output.tracker
        seen = output.understanding
        print(f"\n{output.text}\n")
        chips = [(chip.id, chip.text) for chip in output.chips]
        for number, (_, text) in enumerate(chips, start=1):
            print(f"  [{number}] {text}")
        top = (seen.get("scenario_ranking") or [{}])[0]
        note = f"{seen['decision']} · {top.get('name', '-')} {top.get('confidence', 0):.2f} · {output.faq_id or '-'}"
        print(f"  \033[2m{note}{' · hands over' if output.request else ''}\033[0m\n")


def _entry(n: int, line: str, chips: list[tuple[str, str]]) -> Entry:
    if line.isdigit() and 1 <= int(line) <= len(chips):
        id, text = chips[int(line) - 1]
        return Entry(n=n, at=0, sender="player", kind="pick", text=text, chip=id)
    return Entry(n=n, at=0, sender="player", kind="text", text=line)


def _ask() -> str:
    while True:
        try:
            line = input("> ").strip()
        except EOFError:
            return ""
        if line:
            return line


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        asyncio.run(talk())
    except SupportError as error:
        sys.exit(f"shell: {error}")
    except KeyboardInterrupt:
        print()
