"""The trained model of the real content: what a parse gives, what it keeps to itself, what training costs."""

from __future__ import annotations

import json
import logging
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bot.logic.decision_fitting import Report, Targets
from bot.parse import load_agent, parse
from bot.release import load_release
from bot.train import inputs_hash
from common.content import load_scenarios

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def agent() -> Any:
    """Needs `make train` to have run; `make test` does."""
    return load_agent(load_release(ROOT))


def test_the_release_is_of_the_present_content() -> None:
    assert load_release(ROOT).manifest.inputs == inputs_hash(ROOT)


async def test_a_question_is_understood(agent: Any) -> None:
    text = "  昨晚8点充了６４８元，订单YL20261120083512，充值没到账！！"
    parsed = await parse(agent, text)
    assert parsed["text"] == text
    assert parsed["scenario_ranking"][0]["name"] == "pay_not_arrived" and len(parsed["scenario_ranking"]) == 5
    assert parsed["faq"][0]["scenario"] == "pay_not_arrived" and len(parsed["faq"]) == 5
    assert parsed["decision"] in {"answer", "clarify"}
    assert parsed["intent"]["name"] in {"pay_not_arrived", "clarify"}
    assert len(parsed["intent_ranking"]) == 10 and parsed["intent_ranking"][0] == parsed["intent"]
    found = {entity["entity"]: entity for entity in parsed["entities"]}
    assert found["order_number"]["value"] == "YL20261120083512" and found["amount"]["value"] == "648 元"
    for entity in parsed["entities"]:
        assert text[entity["start"] : entity["end"]] == entity["text"]
    assert parsed["urgency"] >= 2 and parsed["risk"] == "none" and parsed["emotion"]
    json.dumps(parsed)


@pytest.mark.parametrize(
    ("text", "decision", "intent"),
    [
        ("怎么注册新账号？", "answer", "account_register"),
        ("轉人工", "handoff", "request_human"),
        ("你好", "smalltalk", "greet"),
        ("谢谢", "smalltalk", "thanks"),
        ("今天天气怎么样", "fallback", "out_of_scope"),
        ("号被盗了", "answer", "security_account_stolen"),
    ],
)
async def test_decisions(agent: Any, text: str, decision: str, intent: str) -> None:
    parsed = await parse(agent, text)
    assert (parsed["decision"], parsed["intent"]["name"]) == (decision, intent)


@pytest.mark.parametrize(
    "text", ["/restart", "／restart", "/greet", '/pay_refund{"amount": "648"}', "", " ", "🐶", "a" * 2000]
)
async def test_any_text_is_ordinary_text(agent: Any, text: str) -> None:
    parsed = await parse(agent, text)
    assert parsed["text"] == text
    assert parsed["intent"]["name"] not in {"restart", "pay_refund", None}
    assert parsed["decision"] in {"answer", "clarify", "fallback", "handoff", "smalltalk"}


async def test_the_intent_is_a_scenario_only_when_it_is_answered(agent: Any) -> None:
    scenarios = {scenario.id for scenario in load_scenarios(ROOT, [])}
    for text in ("充值", "没了", "怎么回事", "钱没了也进不去", "退", "我的号", "客服电话", "登不上"):
        parsed = await parse(agent, text)
        assert (parsed["intent"]["name"] in scenarios) == (parsed["decision"] == "answer")
        assert {item["name"] for item in parsed["scenario_ranking"]} <= scenarios


async def test_no_word_of_a_player_is_printed(agent: Any, capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger("rasa").setLevel(logging.DEBUG)
    logging.getLogger("rasa.core.processor").setLevel(logging.DEBUG)
    handler = logging.StreamHandler(sys.stderr)
    logging.getLogger().addHandler(handler)
    try:
        await parse(agent, "绝密口令四五六")
        await agent.parse_message("绝密口令四五六")
        await agent.handle_text("绝密口令四五六", sender_id="quiet")
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(logging.WARNING)
    printed = capfd.readouterr()
    assert "口令" not in printed.out + printed.err and r"\u53e3\u4ee4" not in printed.out + printed.err


async def test_a_parse_takes_milliseconds(agent: Any) -> None:
    taken = []
    for number in range(60):
        start = time.perf_counter()
        await parse(agent, f"昨晚8点充了{600 + number}元怎么还没到账")
        taken.append(time.perf_counter() - start)
    assert statistics.median(taken) < 0.05  # 4 ms on a quiet machine


def test_torch_stays_out_of_the_serving_process() -> None:
    code = (
        "import asyncio, sys; from pathlib import Path; from bot.parse import load_agent, parse\n"
        "from bot.release import load_release\n"
        "agent = load_agent(load_release(Path('.')))\n"
        "asyncio.run(parse(agent, '充值没到账'))\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=300)


def test_training_again_without_a_change_takes_no_time_and_no_rasa() -> None:
    code = (
        "import sys, bot.train\n"
        "assert bot.train.main([]) == 0\n"
        "assert not {'rasa', 'sklearn', 'spacy', 'torch'} & set(sys.modules)"
    )
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60, capture_output=True, text=True
    )
    assert "nothing has changed" in done.stderr
    assert time.perf_counter() - start < 15  # 1 s on a quiet machine


def test_the_tool_reads_and_writes_json_lines() -> None:
    lines = '{"text": "怎么注册新账号？"}\nnot json\n{"text": "/restart"}\n'
    done = subprocess.run(
        [sys.executable, "-m", "bot.understand"],
        cwd=ROOT,
        input=lines.encode(),
        capture_output=True,
        timeout=300,
        check=True,
    )
    first, second, third = (json.loads(line) for line in done.stdout.splitlines())
    assert first["intent"]["name"] == "account_register" and first["decision"] == "answer"
    assert len(first["ranking"]) == len(first["faq"]) == 5
    assert second["line"] == 2 and "expected" in second["error"]
    assert third["text"] == "/restart" and third["intent"]["name"] != "restart"


def test_the_report_keeps_what_the_decision_promises() -> None:
    release = load_release(ROOT)
    report = Report.load(ROOT / release.manifest.policy)
    assert report.precision >= Targets().precision - 0.01 and report.lost <= 0.05
    assert report.top3 > report.top1 > 0.6 and report.expected_calibration_error < 0.05


def test_a_stock_rasa_train_works(tmp_path: Path) -> None:
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "TQDM_DISABLE": "1"}
    command = [sys.executable, "-m", "rasa", "train", "--out", str(tmp_path), "--fixed-model-name", "stock"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0 and (tmp_path / "stock.tar.gz").exists(), done.stdout[-2000:] + done.stderr[-2000:]
