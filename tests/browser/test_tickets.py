"""A matter that outlasts the conversation: the player leaves it in writing, an agent works on it, the bot knows how far it is."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenDesk, OpenPlayer
from tests.browser.pages import DeskPage, PlayerPage

MATTER = "订单 YL20261120083512 扣了两次款"
PROGRESS = "我提交的工单处理到哪一步了？"


def test_a_ticket_is_taken_asked_about_and_solved_and_the_player_hears_of_it(
    open_player: OpenPlayer, open_desk: OpenDesk
) -> None:
    player = open_player()
    number = _leaves_a_ticket(player)
    desk = open_desk()
    ticket = _opens(desk, number)
    expect(ticket).to_contain_text(MATTER)
    desk.move(ticket, "take")
    expect(ticket).to_have_attribute("data-state", "in_progress")
    expect(ticket.get_by_test_id("assignee")).to_have_text(desk.display())

    desk.move(ticket, "ask", "请问是哪张卡付的款？")
    expect(player.event("ticket_update")).to_contain_text(f"工单 {number}：需要您补充信息")
    expect(player.event("ticket_update")).to_contain_text("请问是哪张卡付的款？")
    _asks_for_progress(player, number, "补充信息")

    desk.move(ticket, "resume")
    desk.move(ticket, "solve", "多扣的一笔已退回")
    solved = player.event("ticket_update").filter(has_text="多扣的一笔已退回")
    expect(solved).to_contain_text(f"工单 {number}：已解决")
    _asks_for_progress(player, number, "已解决")
    done = ticket.get_by_test_id("change").evaluate_all("rows => rows.map(row => row.dataset.event)")
    assert done == ["solve", "resume", "ask", "take", "open"]


def _leaves_a_ticket(player: PlayerPage) -> str:
    """Instead of waiting on; the ticket's number."""
    player.wait_for_person("我被扣了两次款")
    player.page.get_by_test_id("leave-ticket").click()
    player.page.get_by_test_id("ticket-text").fill(MATTER)
    player.page.get_by_test_id("ticket-send").click()
    expect(player.queue_card).to_be_hidden()
    found = re.search(r"T\d{8}-\d{4}", player.event("ticket").inner_text())
    assert found
    return found.group()


def _opens(desk: DeskPage, number: str) -> Locator:
    desk.show("tickets")
    desk.page.locator(f'[data-testid="ticket-item"][data-number="{number}"]').click()
    return desk.page.locator('article[data-testid="ticket"]')


def _asks_for_progress(player: PlayerPage, number: str, state: str) -> None:
    before = player.said("bot", number).count()
    player.send(PROGRESS)
    expect(player.said("bot", number)).to_have_count(before + 1)
    expect(player.said("bot", number).last).to_contain_text(state)
