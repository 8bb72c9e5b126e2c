"""The committed TypeScript types say what handoff/protocol.py says."""

from __future__ import annotations

from pathlib import Path

from gateway import typescript

COMMITTED = Path(__file__).parents[3] / "web/src/protocol.ts"


def test_the_committed_types_are_up_to_date() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == typescript.render(), (
        "run: python -m gateway.typescript > web/src/protocol.ts"
    )


def test_a_field_with_a_default_may_be_absent_and_a_required_one_may_not() -> None:
    text = typescript.render()
    welcome = text[text.index("export interface PlayerWelcome") :].split("}")[0]
    assert "  last: number;" in welcome
    assert "  rate?: string;" in welcome


def test_a_tagged_struct_names_its_type() -> None:
    assert '  type: "cancel_human";' in typescript.render()


def test_every_frame_of_a_union_has_an_interface() -> None:
    text = typescript.render()
    for line in text.splitlines():
        if line.startswith("  | "):
            assert f"export interface {line[4:].rstrip(';')} {{" in text
