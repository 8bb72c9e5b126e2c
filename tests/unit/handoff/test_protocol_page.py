"""docs/PROTOCOL.md is complete and its examples are right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from common import errors
from handoff import protocol

PAGE = (Path(__file__).parents[3] / "docs" / "PROTOCOL.md").read_text(encoding="utf-8")
SECTIONS = {
    "Player to server": protocol.PlayerFrame,
    "Server to player": protocol.ToPlayer,
    "Agent to server": protocol.AgentFrame,
    "Server to agent": protocol.ToAgent,
}


def examples(section: str) -> list[str]:
    body = PAGE.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```json\n(.*?)\n```", body, re.DOTALL)


def tag(frame: Any) -> str:
    return str(frame.__struct_config__.tag)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_example_decodes(section: str) -> None:
    for example in examples(section):
        msgspec.json.decode(example, type=SECTIONS[section])


@pytest.mark.parametrize("section", SECTIONS)
def test_every_frame_has_an_example(section: str) -> None:
    shown = {tag(type(msgspec.json.decode(e, type=SECTIONS[section]))) for e in examples(section)}
    shared = {"entry", "ack", "typing", "error", "pong"} if section == "Server to agent" else set()
    assert {tag(frame) for frame in get_args(SECTIONS[section])} - shared == shown - shared


def test_every_error_a_client_can_meet_is_on_the_page() -> None:
    internal = {"internal", "bad_settings", "storage", "lease_lost"}
    codes = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "code")}
    assert {code for code in codes - internal if f"`{code}`" not in PAGE} == set()
