"""axe-core finds no serious fault in any state of the chat. What only a person can judge is no part of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from common.settings import ROOT
from tests.browser.conftest import OpenDesk, OpenPlayer
from tests.browser.pages import PlayerPage
from tests.browser.test_sent_pictures import pick, picture, shown

AXE = (ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
RUN = """async () => {
    const found = await axe.run({ include: [["yunlan-support"]] }, { resultTypes: ["violations"] });
    return found.violations.filter(({ impact }) => impact === "serious" || impact === "critical")
        .flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ""}`));
}"""
QUESTION = "扣款成功但灵玉没到账怎么办？"
PHONE = {"width": 390, "height": 844}
SMALLEST = {"width": 320, "height": 568}

Show = Callable[[PlayerPage], None]


def _launcher(player: PlayerPage) -> None:
    player.page.get_by_test_id("close").click()
    expect(player.page.get_by_test_id("launcher")).to_be_visible()


def _greeting(player: PlayerPage) -> None:
    expect(player.page.get_by_test_id("chip").first).to_be_visible()


def _conversation(player: PlayerPage) -> None:
    player.ask(QUESTION)
    player.page.get_by_test_id("helpful").last.click()


def _menu(player: PlayerPage) -> None:
    player.page.get_by_test_id("menu-button").click()
    expect(player.page.get_by_test_id("menu")).to_be_visible()


def _queue(player: PlayerPage) -> None:
    player.page.locator('[data-testid="human-header"]:visible, [data-testid="human-bar"]').first.click()
    expect(player.queue_card).to_be_visible()


def _no_network(player: PlayerPage) -> None:
    player.page.context.set_offline(True)
    expect(player.connection).to_have_attribute("data-network", "false")
    player.send(QUESTION)


def _big_card(player: PlayerPage) -> None:
    event = {"player": player.player, "kind": "order_pending", "data": {"order_tail": "1234"}}
    assert player.page.request.post(f"{player.base}/api/demo/events", data=event).status == 202
    player.reload()
    expect(player.page.get_by_test_id("big-card")).to_be_visible()


def _completions(player: PlayerPage) -> None:
    player.input.press_sequentially("充值")
    expect(player.page.get_by_test_id("completion").first).to_be_visible()
    player.input.press("ArrowDown")


def _emoji(player: PlayerPage) -> None:
    player.page.get_by_test_id("emoji").click()
    expect(player.page.get_by_test_id("emoji-item").first).to_be_visible()


def _picture_refused(player: PlayerPage) -> None:
    pick(player, {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(player.page.get_by_test_id("upload")).to_contain_text("这不是图片")


def _picture_sent(player: PlayerPage) -> None:
    pick(player, picture(400, 300))
    shown(player.log.locator('[data-n][data-sender="player"] img'))


def _picture_large(player: PlayerPage) -> None:
    _picture_sent(player)
    player.log.locator('[data-n][data-sender="player"] img').click()
    shown(player.page.get_by_test_id("picture-large").locator("img"))


STATES: dict[str, Show] = {
    "launcher": _launcher,
    "greeting": _greeting,
    "conversation": _conversation,
    "menu": _menu,
    "queue": _queue,
    "no network": _no_network,
    "big card": _big_card,
    "completions": _completions,
    "emoji": _emoji,
    "picture refused": _picture_refused,
    "picture sent": _picture_sent,
    "picture large": _picture_large,
}
LOOKS = {
    "usual": {},
    "dark": {"theme": "dark"},
    "large type": {"large": True},
    "simple": {"simple": True},
    "simple and dark": {"simple": True, "theme": "dark"},
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("look", ["usual", "dark"])
def test_every_state_by_day_and_by_night(open_player: OpenPlayer, state: str, look: str) -> None:
    player = open_player(reduced_motion="reduce")
    _dress(player, look)
    if state == "conversation":
        player.ask("最近有哪些活动在开？")
    STATES[state](player)
    assert faults(player.page) == []


@pytest.mark.parametrize("look", ["large type", "simple", "simple and dark"])
def test_every_look_on_a_phone(open_player: OpenPlayer, look: str) -> None:
    player = open_player(viewport=PHONE, reduced_motion="reduce")
    _dress(player, look)
    assert faults(player.page) == []
    player.ask(QUESTION)
    assert faults(player.page) == []
    _queue(player)
    _menu(player)
    assert faults(player.page) == []


@pytest.mark.parametrize("look", ["usual", "large type"])
def test_the_smallest_screen(open_player: OpenPlayer, look: str) -> None:
    player = open_player(viewport=SMALLEST, reduced_motion="reduce", is_mobile=True, has_touch=True)
    _dress(player, look)
    _conversation(player)
    assert faults(player.page) == []
    _menu(player)
    assert faults(player.page) == []


def test_english_and_traditional_chinese(open_player: OpenPlayer) -> None:
    player = open_player(reduced_motion="reduce")
    for language in ("en", "zh-Hant"):
        player.page.evaluate("language => document.querySelector('yunlan-support').setLanguage(language)", language)
        assert faults(player.page) == []


def test_a_player_with_an_agent_and_the_rating(open_player: OpenPlayer, open_desk: OpenDesk) -> None:
    player = open_player("云水", reduced_motion="reduce")
    desk = open_desk()
    _queue(player)
    desk.accept(player)
    desk.send("您好，我来看看")
    expect(player.said("agent")).to_have_count(1)
    assert faults(player.page) == []
    desk.page.get_by_test_id("close").click()
    desk.finish("solved")
    expect(player.rating).to_be_visible()
    player.page.get_by_test_id("star-2").click()
    assert faults(player.page) == []
    player.page.evaluate("document.querySelector('yunlan-support').setTheme('dark')")
    assert faults(player.page) == []


def faults(page: Page) -> list[str]:
    """Serious and critical faults of the chat as it is now."""
    page.evaluate(f"() => {{ if (!window.axe) {{ {AXE} }} }}")
    found: list[str] = page.evaluate(RUN)
    return found


def _dress(player: PlayerPage, look: str) -> None:
    chosen = LOOKS[look]
    if not chosen:
        return
    player.page.evaluate(
        "([player, chosen]) => localStorage.setItem(`yunlan:prefer:${player}`, JSON.stringify(chosen))",
        [player.player, chosen],
    )
    player.reload()
