"""The tool: one line out for one line in, whatever comes in."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from bot.logic.context import LastAnswer
from bot.understand import BadLine, read_line, understand_lines


async def fake(text: str, last: LastAnswer | None) -> dict[str, Any]:
    return {"text": text, "intent": {"name": "greet", "confidence": 1.0}, "entities": [], "decision": "smalltalk"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nonsense", "not JSON"),
        ("", "not JSON"),
        ("[]", "got a list"),
        ("7", "got a number"),
        ("null", "got null"),
        ("{}", "text is missing"),
        ('{"text": 5}', "text is a number"),
        ('{"text": " "}', "1 to 2000"),
        (json.dumps({"text": "长" * 2001}), "got 2001"),
        ('{"text": "a", "contxt": {}}', 'unknown field "contxt"'),
        ('{"text": "a", "context": []}', "context is a list"),
        ('{"text": "a", "context": {"entry": 7}}', "the context's entry is a number"),
    ],
)
def test_a_bad_line_says_what_was_expected(line: str, message: str) -> None:
    with pytest.raises(BadLine) as raised:
        read_line(line)
    assert '{"text": "...", "context": {...}}' in str(raised.value) and message in str(raised.value)


async def test_one_line_out_for_one_line_in() -> None:
    lines = io.StringIO('{"text": "你好"}\noops\n\n{"text": "/restart", "context": {"platform": "ios"}}\n')
    out = io.StringIO()
    await understand_lines(lines, out, fake)
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [answer.get("line") for answer in answers] == [None, 2, 3, None]
    assert answers[0] == {
        "text": "你好",
        "intent": {"name": "greet", "confidence": 1.0},
        "ranking": None,
        "faq": None,
        "decision": "smalltalk",
        "entities": [],
        "emotion": None,
        "urgency": None,
        "risk": None,
    }
    assert answers[3]["text"] == "/restart"


@pytest.mark.parametrize(
    ("context", "last"),
    [
        ({}, None),
        ({"platform": "ios"}, None),
        ({"scenario": "pay_refund"}, LastAnswer("pay_refund")),
        ({"entry": "pay_refund.how_long"}, LastAnswer("pay_refund", "pay_refund.how_long")),
        ({"scenario": "a", "entry": "a.b"}, LastAnswer("a", "a.b")),
    ],
)
def test_the_context_says_what_was_answered_last(context: dict[str, str], last: LastAnswer | None) -> None:
    assert read_line(json.dumps({"text": "多久", "context": context})) == ("多久", last)


async def test_what_the_conversation_adds_is_told() -> None:
    async def second(text: str, last: LastAnswer | None) -> dict[str, Any]:
        return {**await fake(text, last), "context": "two_questions", "also": [{"id": "a.b"}]}

    out = io.StringIO()
    await understand_lines(io.StringIO('{"text": "a"}\n'), out, second)
    answer = json.loads(out.getvalue())
    assert (answer["context"], answer["also"]) == ("two_questions", [{"id": "a.b"}])
