"""What a player sees when a process dies under them."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import urllib.error
import urllib.request

from playwright.sync_api import expect

from bench.stack import Stack
from tests.browser.conftest import OpenPlayer

RESTART_MS = 120_000  # on a busy machine loading the model alone may take 40 s
TOKENS = "**/api/demo/token"


def test_a_bot_worker_killed_in_the_middle_of_a_turn_costs_no_answer_and_doubles_none(
    stack: Stack, open_player: OpenPlayer
) -> None:
    player = open_player()
    player.ask("你好")
    killed = stack.pids("bot")
    _signal(killed, signal.SIGSTOP)  # so that it can't be done before it is dead
    player.send("扣款成功但灵玉没到账怎么办？")
    expect(player.said("player", "灵玉没到账")).to_have_count(1)
    _signal(killed, signal.SIGKILL)
    expect(player.said("bot")).to_have_count(2, timeout=RESTART_MS)
    assert not set(killed) & set(stack.pids("bot"))
    # Turns are done in order: a second answer to the first question would be here before this one.
    player.ask("最近有哪些活动在开？")
    senders = player.log.locator("[data-n]").evaluate_all("rows => rows.map(row => row.dataset.sender)")
    assert senders == ["player", "bot"] * 3


def test_a_message_written_while_the_gateway_is_away_arrives_once(stack: Stack, open_player: OpenPlayer) -> None:
    player = open_player()
    player.ask("你好")
    _kill_gateway(stack)
    expect(player.connection).to_have_attribute("data-state", re.compile("waiting|connecting"))
    player.send("最近有哪些活动在开？")
    expect(player.log).to_contain_text("最近有哪些活动在开？")
    expect(player.connection).to_have_attribute("data-state", "online", timeout=RESTART_MS)
    expect(player.said("bot")).to_have_count(2, timeout=RESTART_MS)
    expect(player.said("player", "最近有哪些活动在开")).to_have_count(1)
    expect(player.unsent).to_have_count(0)
    _wait_until_well(stack)


def test_an_unsent_message_and_a_draft_survive_a_reload(stack: Stack, open_player: OpenPlayer) -> None:
    player = open_player()
    player.ask("你好")
    player.page.route(TOKENS, lambda route: route.abort())  # holds the page off when the gateway is back
    _kill_gateway(stack)
    expect(player.connection).to_have_attribute("data-state", "waiting")
    expect(player.connection).to_contain_text(re.compile("秒后重试|正在重新连接"))
    expect(player.connection).to_contain_text("连上后自动发送")
    player.send("最近有哪些活动在开？")
    expect(player.unsent).to_have_text(re.compile("等待网络"))
    player.input.fill("还没写完的话")
    _wait_until_well(stack)
    player.page.unroute(TOKENS)
    player.reload()
    expect(player.said("player", "最近有哪些活动在开")).to_have_count(1)
    expect(player.said("bot")).to_have_count(2)
    expect(player.unsent).to_have_count(0)
    expect(player.input).to_have_value("还没写完的话")
    player.reload()
    expect(player.said("player", "最近有哪些活动在开")).to_have_count(1)
    expect(player.said("bot")).to_have_count(2)


def _kill_gateway(stack: Stack) -> None:
    _signal(stack.pids("gateway"), signal.SIGKILL)


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, number)


def _wait_until_well(stack: Stack) -> None:
    deadline = time.monotonic() + RESTART_MS / 1000
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{stack.base}/healthz", timeout=2) as answer:
                if json.load(answer)["ok"]:
                    return
        except (OSError, urllib.error.HTTPError):
            pass
        time.sleep(0.2)
    raise TimeoutError("the stack did not become well again")
