"""Ways to a person and back besides the button."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenDesk, OpenPlayer


def test_asking_for_a_person_in_words_with_nobody_online_leads_to_a_ticket(open_player: OpenPlayer) -> None:
    player = open_player()
    player.send("转人工")
    expect(player.queue_card).to_be_visible()
    expect(player.queue_card).to_contain_text("现在没有客服在线")
    player.page.get_by_test_id("leave-ticket").click()
    player.page.get_by_test_id("ticket-text").fill("订单 YL20261120083512 未到账，请回电 13812345678")
    player.page.get_by_test_id("ticket-send").click()
    expect(player.event("ticket")).to_contain_text(re.compile(r"工单号 T\d{8}-\d+"))
    expect(player.event("ticket")).to_contain_text("订单 YL20261120083512 未到账")
    expect(player.event("ticket").locator(".masked")).to_have_text("手机号 ****5678")
    expect(player.queue_card).to_be_hidden()
    player.ask("最近有哪些活动在开？")


def test_a_player_can_leave_the_queue(open_player: OpenPlayer) -> None:
    player = open_player()
    player.ask("你好")
    player.call_person()
    player.page.get_by_test_id("cancel-queue").click()
    expect(player.queue_card).to_be_hidden()
    expect(player.event("cancelled")).to_have_count(1)
    player.ask("最近有哪些活动在开？")


def test_an_agent_returns_a_conversation_to_the_bot_and_wraps_it_up(
    open_player: OpenPlayer, open_desk: OpenDesk
) -> None:
    player = open_player()
    desk = open_desk()
    player.send("转人工")
    expect(desk.queued(player)).to_contain_text("要求人工")
    desk.accept(player)
    desk.page.get_by_test_id("return").click()
    desk.page.get_by_test_id("return-dialog-submit").click()
    expect(player.event("returned")).to_have_count(1)
    expect(player.rating).to_be_visible()
    expect(desk.mine(player)).to_contain_text("待填写结果")
    desk.finish("follow_up", "明天回访")
    expect(desk.mine(player)).to_have_count(0)
    expect(desk.owner).to_have_attribute("data-owner", "bot")
    expect(desk.page.get_by_test_id("history-item")).to_contain_text("需要跟进")
    player.ask("最近有哪些活动在开？")
    expect(desk.said("player", "最近有哪些活动在开")).to_have_count(1)


def test_an_agent_answers_with_a_canned_reply(open_player: OpenPlayer, open_desk: OpenDesk) -> None:
    player = open_player()
    desk = open_desk()
    player.send("转人工")
    desk.accept(player)
    desk.page.get_by_test_id("canned").click()
    desk.page.get_by_test_id("canned-item").first.click()
    words = desk.composer.input_value()
    desk.composer.press("Enter")
    assert words
    expect(player.said("agent", words)).to_have_count(1)


def test_a_message_counts_as_read_once_the_agent_has_it_in_sight(open_player: OpenPlayer, open_desk: OpenDesk) -> None:
    player, desk = open_player("已读"), open_desk()
    player.wait_for_person("灵玉没到账")
    desk.accept(player)
    player.send("在吗")
    expect(player.said("player", "在吗").get_by_test_id("receipt")).to_have_text("已读")
    desk.show("tickets")
    expect(desk.messages).to_have_count(0)
    player.send("还在吗")
    receipt = player.said("player", "还在吗").get_by_test_id("receipt")
    expect(receipt).to_have_text("已发送")
    player.page.wait_for_timeout(1500)
    expect(receipt).to_have_text("已发送")  # nobody looks at it
    desk.show("chats")
    expect(receipt).to_have_text("已读")
    desk.end(player)
