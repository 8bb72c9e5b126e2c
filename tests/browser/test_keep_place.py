"""A player keeps their place and closes the game: called at their turn, connected when they come back, not forgotten when they don't."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from bench.stack import Stack
from common.settings import ROOT
from handoff.migrations import migrate
from tests.browser.conftest import OpenDesk, OpenPlayer
from tests.browser.pages import PlayerPage
from tests.conftest import start_redis

CALL_S = 16
# Nobody waits five minutes for a test. An open chat gives a sign every 10 s, so `present` must be longer.
POLICY = f"""
groups: [{{id: general, name: 综合客服, steps: [{{after: 0, skill: 1}}]}}]
times: {{call: {CALL_S}, present: 15}}
"""
LEFT_MS = 40_000  # the policy's `present` and what a busy machine adds
MISSED_MS = CALL_S * 1000 + 20_000
START_S = 60
NUMBER = r"T\d{8}-\d{4}"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Redis, a gateway and a handoff worker under these rules. No bot: nobody asks it, and it takes long to start."""
    folder = tmp_path_factory.mktemp("stack")
    (folder / "policy.yml").write_text(POLICY, encoding="utf-8")
    with ThreadPoolExecutor(1) as other_thread:  # this one's event loop may be Playwright's
        other_thread.submit(asyncio.run, migrate(f"sqlite:///{folder / 'support.db'}")).result()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    environ = {
        **os.environ, "SUPPORT_VAR": str(folder), "PORT": str(port), "DATABASE_URL": "",
        "REDIS_URL": f"unix://{folder}/redis.sock", "HANDOFF_POLICY": str(folder / "policy.yml"),
    }  # fmt: skip
    with ExitStack() as ends:
        redis = start_redis(folder)
        ends.callback(redis.wait, 20)
        ends.callback(redis.terminate)
        for module in ("handoff.worker", "gateway.app"):
            process = subprocess.Popen([sys.executable, "-m", module], cwd=ROOT, env=environ, text=True)
            ends.callback(process.wait, 20)
            ends.callback(process.terminate)
        stack = Stack(port, folder, 0.0, ("", ""), process)
        _wait_for(stack)
        yield stack


def _wait_for(stack: Stack) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            urllib.request.urlopen(f"{stack.base}/desk", timeout=2).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def test_of_two_players_who_are_called_one_comes_back_and_is_connected_the_other_gets_a_ticket(
    open_player: OpenPlayer, open_desk: OpenDesk
) -> None:
    desk = open_desk()
    desk.go("busy")
    returning, missing = open_player(), open_player()
    _keeps_the_place_and_leaves(returning, "灵玉没到账")
    _keeps_the_place_and_leaves(missing, "兑换码不能用")
    for player in (returning, missing):
        expect(desk.queued(player)).to_contain_text("玩家已离开，保留位置", timeout=LEFT_MS)
    desk.go("online")

    returning.page.goto(returning.address)
    launcher = returning.page.get_by_test_id("launcher")
    expect(launcher).to_contain_text("轮到您了")
    expect(desk.offer("queue", missing)).to_have_count(0)  # who is away is called, not connected
    returning.open()
    expect(returning.page.get_by_test_id("call-card")).to_contain_text("轮到您了")
    expect(returning.page.get_by_test_id("call-left")).to_have_text(re.compile(r"^0:\d\d$"))
    returning.page.get_by_test_id("call-back").click()
    expect(returning.queue_card).to_contain_text("欢迎回来")
    desk.take("queue", returning)
    expect(returning.event("accepted")).to_contain_text(desk.display())
    desk.send("欢迎回来，正在为您处理")
    expect(returning.said("agent", "欢迎回来")).to_have_count(1)

    expect(desk.queued(missing)).to_have_count(0, timeout=MISSED_MS)
    missing.visit()
    told = missing.event("missed_turn")
    expect(told).to_contain_text(re.compile(f"没有等到您，已为您转为留言，工单号 {NUMBER}"))
    expect(missing.queue_card).to_be_hidden()
    number = re.findall(NUMBER, told.inner_text())[0]
    desk.show("tickets")
    ticket = desk.page.locator(f'[data-testid="ticket-item"][data-number="{number}"]')
    expect(ticket).to_contain_text("兑换码不能用")


def _keeps_the_place_and_leaves(player: PlayerPage, matter: str) -> None:
    player.wait_for_person(matter)
    player.page.get_by_test_id("keep-place").click()
    expect(player.queue_card).to_have_attribute("data-kept", "true")
    expect(player.event("kept")).to_have_count(1)
    player.page.goto("about:blank")
