"""It stays an ordinary Rasa project: the actions under a stock action server, the data under `rasa data validate`."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from common.settings import ROOT

ENV = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}


@pytest.fixture(scope="module")
def action_server() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "rasa_sdk", "--actions", "actions", "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{base}/health", timeout=1)
            break
        except OSError:
            time.sleep(0.1)
    yield base
    server.terminate()
    server.wait(10)


def call(base: str, action: str, latest: dict[str, Any], events: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    body = {
        "next_action": action,
        "sender_id": "u1",
        "tracker": {
            "sender_id": "u1", "slots": {}, "latest_message": latest, "events": events or [], "paused": False,
            "followup_action": None, "active_loop": {}, "latest_action_name": None,
        },
    }  # fmt: skip
    request = urllib.request.Request(
        f"{base}/webhook", data=json.dumps(body).encode(), headers={"content-type": "application/json"}
    )
    answer: dict[str, Any] = json.load(urllib.request.urlopen(request, timeout=20))
    return answer


def test_an_answer_and_a_handoff_under_a_stock_action_server(action_server: str) -> None:
    latest = {"text": "?", "intent": {"name": "event_list"}, "entities": [], "faq": [], "scenario_ranking": []}
    answer = call(action_server, "action_answer", latest)
    assert answer["responses"][0]["custom"]["scenario"] == "event_list" and answer["responses"][0]["text"]
    handoff = call(action_server, "action_handoff", {"text": "转人工", "intent": {"name": "request_human"}})
    assert handoff["responses"][0]["custom"]["handoff"]["reason"] == "asked"


def test_the_summary_action_counts_messages_that_have_no_log_numbers(action_server: str) -> None:
    events = [
        {"event": "user", "text": "充值没到", "parse_data": {"entities": [{"entity": "amount", "value": "648元"}]}},
        {"event": "bot", "text": "…", "data": {"custom": {"faq_id": "pay_not_arrived.what_to_do"}}},
    ]
    answer = call(action_server, "action_handoff_summary", {"text": ""}, events)
    lines = answer["responses"][0]["custom"]["summary"]["lines"]
    assert {"kind": "fact", "refs": [1], "data": {"kind": "amount", "value": "648元"}} in lines
    assert [line["refs"] for line in lines if line["kind"] == "answer"] == [[2]]


def test_rasa_data_validate_is_content() -> None:
    command = [sys.executable, "-m", "rasa", "data", "validate", "--fail-on-warnings"]
    done = subprocess.run(command, cwd=ROOT, env=ENV, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
