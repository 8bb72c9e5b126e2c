"""The main job, end to end: a player asks, the bot answers, a person takes over, and the bot again."""

from __future__ import annotations

import contextlib
import re

from playwright.sync_api import Locator, expect

from bench.stack import Stack
from tests.browser.conftest import OpenDesk, OpenPlayer
from tests.browser.pages import DeskPage, PlayerPage

QUESTION = "扣款成功但灵玉没到账怎么办？"
DETAILS = "昨晚8点充了648元没到账，订单号 YL20261120083512"
PHONE = {"width": 390, "height": 800}
NOTE = "已查后台：订单在途，勿告知玩家"


def test_a_player_asks_and_the_bot_then_a_person_then_the_bot_answer(
    stack: Stack, open_player: OpenPlayer, open_desk: OpenDesk
) -> None:
    player = open_player(name="林小舟", vip=3, viewport=PHONE)
    heard = _frames(player)
    _asks_the_bot(player)
    _calls_a_person(player)

    desk = open_desk(stack.login)
    expect(player.queue_card).to_contain_text("1 位客服在线")
    _takes_the_player(desk, player)
    _both_talk(desk, player)
    _both_reload(desk, player)

    desk.page.get_by_test_id("note-input").fill(NOTE)
    desk.page.get_by_test_id("note-add").click()
    expect(desk.notes).to_contain_text(NOTE)
    desk.send("订单已核实，灵玉马上补发")
    expect(player.said("agent", "马上补发")).to_have_count(1)

    desk.page.get_by_test_id("close").click()
    desk.finish("solved", "已补发")
    _rates(player)
    answer = player.ask("游戏打开就闪退怎么办？")
    expect(answer.get_by_test_id("helpful")).to_be_visible()
    _history_shows_it(desk)
    assert not [frame for frame in heard if "勿告知玩家" in frame]
    expect(player.page.locator("body")).not_to_contain_text("勿告知玩家")


def _frames(player: PlayerPage) -> list[str]:
    """What the player's page receives from now on."""
    heard: list[str] = []
    player.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
    player.reload()
    return heard


def _asks_the_bot(player: PlayerPage) -> None:
    expect(player.log).to_contain_text(f"{player.name}，您好")
    expect(player.log).to_contain_text("猜你想问")
    assert player.log.get_by_test_id("chip").count() >= 3
    answer = player.ask(QUESTION)
    expect(answer).to_contain_text("不要重复付款")
    expect(answer.get_by_test_id("chip").first).to_be_visible()
    expect(answer.get_by_test_id("helpful")).to_have_text("有用")
    expect(answer.get_by_test_id("unhelpful")).to_have_text("没用")
    expect(answer.get_by_test_id("human")).to_have_text("转人工")
    answer.get_by_test_id("unhelpful").click()
    expect(answer.get_by_test_id("unhelpful")).to_have_attribute("aria-pressed", "true")
    expect(player.said("bot")).to_have_count(2)  # it takes the feedback up
    player.ask(DETAILS)


def _calls_a_person(player: PlayerPage) -> None:
    player.call_person()
    expect(player.queue_card).to_be_visible()
    expect(player.event("queued")).to_have_count(1)


def _takes_the_player(desk: DeskPage, player: PlayerPage) -> None:
    item = desk.queued(player)
    expect(item).to_contain_text("点了转人工")
    expect(item).to_contain_text("VIP3")
    expect(item).to_contain_text(re.compile(r"等待 \d+:\d\d"))
    desk.accept(player)
    expect(player.event("accepted")).to_have_count(1)
    expect(player.queue_card).to_be_hidden()
    facts = desk.summary_lines("fact")
    expect(facts.filter(has_text="YL20261120083512")).to_have_count(1)
    expect(facts.filter(has_text=re.compile(r"648\s*元"))).to_have_count(1)
    expect(desk.summary_lines("answer")).to_contain_text("没用")
    order = facts.filter(has_text="YL20261120083512")
    order.locator(".ref").click()
    expect(desk.said("player", DETAILS)).to_have_class(re.compile(r"\bflash\b"))
    expect(desk.said("player", DETAILS)).to_be_in_viewport()


def _both_talk(desk: DeskPage, player: PlayerPage) -> None:
    _type_until(desk.composer, player.page.get_by_test_id("typing"))
    desk.send("您好，我来帮您查")
    expect(player.said("agent", "我来帮您查")).to_have_count(1)
    _type_until(player.input, desk.messages.get_by_text("玩家正在输入"))
    player.send("好的，麻烦您了")
    expect(desk.said("player", "麻烦您了")).to_have_count(1)
    desk.send("稍等")
    expect(player.said("agent", "稍等")).to_have_count(1)


def _type_until(field: Locator, sign: Locator) -> None:
    """Type on until the other side sees it: a page tells of it at most every 3 s."""
    for _ in range(10):
        field.press_sequentially("嗯")
        with contextlib.suppress(AssertionError):
            expect(sign).to_be_visible(timeout=2000)
            return
    raise AssertionError("typing was never shown")


def _both_reload(desk: DeskPage, player: PlayerPage) -> None:
    """In the middle; nothing is lost and nothing doubled."""
    seen_by_player, seen_by_agent = player.transcript(), desk.transcript()
    player.reload()
    desk.page.reload()
    desk.mine(player).click()
    expect(player.said("agent")).to_have_count(2)
    expect(desk.said("agent")).to_have_count(2)
    assert player.transcript() == seen_by_player
    assert desk.transcript() == seen_by_agent
    assert len({n for n, _ in seen_by_player}) == len(seen_by_player)
    player.send("重新打开了页面")
    expect(desk.said("player", "重新打开了页面")).to_have_count(1)
    desk.send("我还在的")
    expect(player.said("agent", "我还在的")).to_have_count(1)


def _rates(player: PlayerPage) -> None:
    expect(player.event("closed")).to_have_count(1)
    expect(player.rating).to_be_visible()
    player.rating.get_by_test_id("star-4").click()
    player.rating.get_by_test_id("rating-text").fill("很耐心")
    player.rating.get_by_test_id("rating-send").click()
    expect(player.rating).to_be_hidden()
    expect(player.event("rated")).to_contain_text("★★★★")


def _history_shows_it(desk: DeskPage) -> None:
    item = desk.page.get_by_test_id("history-item")
    expect(item).to_have_count(1)
    expect(item).to_contain_text("已解决")
    expect(item).to_contain_text("评价 4 星")
    item.click()
    transcript = desk.page.get_by_test_id("transcript")
    expect(transcript).to_contain_text("我来帮您查")
    expect(transcript).to_contain_text(NOTE)
    desk.page.keyboard.press("Escape")
    expect(transcript).to_be_hidden()
