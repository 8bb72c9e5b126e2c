"""What the player thought of it, and what becomes of a low rating."""

from __future__ import annotations

import secrets

from playwright.sync_api import expect

from bench.stack import Stack
from tests.browser.conftest import OpenDesk, OpenPlayer
from tests.browser.pages import DeskPage, PlayerPage

STARS = {"professional": 2, "solved": 1, "feeling": 3, "technology": 2, "personal": 1}
WEIGHTED = "1.8"  # 0.25 × 2 + 0.30 × 1 + 0.20 × 3 + 0.15 × 2 + 0.10 × 1


def test_a_low_rating_in_five_dimensions_is_followed_up_by_a_supervisor(
    stack: Stack, open_player: OpenPlayer, open_desk: OpenDesk
) -> None:
    player = open_player()
    agent = open_desk()
    _is_served(player, agent)
    comment = f"等了很久，问题没有解决 {secrets.token_hex(3)}"
    _rates(player, comment)

    supervisor = open_desk(stack.login)
    supervisor.show("follow_ups")
    task = supervisor.page.get_by_test_id("follow-up").filter(has_text=comment)
    expect(task).to_have_attribute("data-state", "received")
    expect(task).to_contain_text("总评 2 星")
    expect(task).to_contain_text(f"加权 {WEIGHTED}")
    expect(task).to_contain_text(agent.display())
    supervisor.move(task, "analyse", "退款慢了一天")
    expect(task).to_have_attribute("data-state", "analysing")
    supervisor.move(task, "resolve", "已补发灵玉")
    expect(task).to_have_attribute("data-state", "resolved")
    supervisor.move(task, "call_back", "已致歉，玩家接受")
    expect(task).to_have_count(0)  # nothing left to do


def _is_served(player: PlayerPage, agent: DeskPage) -> None:
    player.wait_for_person("退款还没到")
    agent.accept(player)
    agent.send("已为您加急")
    expect(player.said("agent", "已为您加急")).to_have_count(1)
    agent.page.get_by_test_id("close").click()
    agent.finish("not_solvable")
    expect(player.rating).to_be_visible()


def _rates(player: PlayerPage, comment: str) -> None:
    """Two stars in all, then each of the five dimensions."""
    player.rating.get_by_test_id("star-2").click()
    for name, stars in STARS.items():
        player.rating.get_by_test_id(f"rate-{name}-{stars}").click()
    player.rating.get_by_test_id("rating-text").fill(comment)
    player.rating.get_by_test_id("rating-send").click()
    expect(player.event("rated")).to_contain_text("★★")
    expect(player.rating).to_be_hidden()
