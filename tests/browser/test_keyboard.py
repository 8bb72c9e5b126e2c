"""The chat without a mouse."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from bench.stack import Stack
from tests.browser.conftest import OpenContext, OpenPlayer

FOCUSED = "document.querySelector('yunlan-support')?.shadowRoot.activeElement?.dataset.testid ?? ''"


def test_a_player_asks_and_picks_a_chip_by_keyboard_alone(stack: Stack, open_context: OpenContext) -> None:
    page = open_context().new_page()
    page.goto(f"{stack.base}/")
    expect(page.get_by_test_id("launcher")).to_be_visible()
    _press_until(page, "Shift+Tab", "launcher")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("input")).to_be_focused()
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "online")
    page.keyboard.type("扣款成功但灵玉没到账怎么办？")
    page.keyboard.press("Enter")
    bot = page.locator('[data-n][data-sender="bot"]')
    expect(bot).to_have_count(1)
    expect(page.get_by_test_id("input")).to_be_focused()
    _press_until(page, "Shift+Tab", "chip")
    page.keyboard.press("Enter")
    expect(bot).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("launcher")).to_be_focused()


def test_the_log_is_announced_and_every_button_has_a_name(open_player: OpenPlayer) -> None:
    player = open_player()
    player.ask("扣款成功但灵玉没到账怎么办？")
    expect(player.log).to_have_attribute("role", "log")
    expect(player.log).to_have_attribute("aria-live", "polite")
    expect(player.page.get_by_role("log", name="对话记录")).to_be_visible()
    expect(player.page.get_by_role("combobox", name="输入您的问题")).to_be_visible()
    nameless = "buttons => buttons.filter(b => !b.textContent.trim() && !b.ariaLabel).map(b => b.outerHTML)"
    assert player.page.locator("yunlan-support button").evaluate_all(nameless) == []


def test_enter_that_ends_a_composition_sends_nothing(open_player: OpenPlayer) -> None:
    player = open_player()
    player.input.focus()
    keyboard = player.page.context.new_cdp_session(player.page)
    keyboard.send("Input.imeSetComposition", {"text": "chongzhi", "selectionStart": 8, "selectionEnd": 8})
    expect(player.input).to_have_value("chongzhi")
    # What a browser sends for the Enter that an input method takes for itself: a key without a character.
    keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": "Enter", "windowsVirtualKeyCode": 13})
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": "Enter", "windowsVirtualKeyCode": 13})
    player.input.dispatch_event("keydown", {"key": "Enter", "keyCode": 229})
    expect(player.input).to_have_value("chongzhi")
    keyboard.send("Input.insertText", {"text": "你好"})
    expect(player.input).to_have_value("你好")
    player.page.keyboard.press("Enter")
    expect(player.said("bot")).to_have_count(1)
    assert [words.rpartition(": ")[2] for _, words in player.transcript()][:1] == ["你好"]
    expect(player.said("player")).to_have_count(1)


def test_shift_enter_breaks_the_line(open_player: OpenPlayer) -> None:
    player = open_player()
    player.input.fill("你好")
    player.input.press("Shift+Enter")
    player.page.keyboard.type("在吗")
    expect(player.input).to_have_value("你好\n在吗")


def test_a_text_over_the_limit_is_refused_and_stays_a_draft(open_player: OpenPlayer) -> None:
    player = open_player()
    long = "云" * 2001
    player.input.fill(long)
    expect(player.page.get_by_text("超出 1 字")).to_be_visible()
    expect(player.page.get_by_test_id("send")).to_be_disabled()
    player.input.press("Enter")
    expect(player.input).to_have_value(long)
    player.reload()
    expect(player.input).to_have_value(long)
    player.input.press("End")
    player.input.press("Backspace")
    player.input.press("Enter")
    expect(player.input).to_have_value("")
    expect(player.said("player", "云" * 2000)).to_have_count(1)
    expect(player.said("bot")).to_have_count(1)


def _press_until(page: Page, key: str, testid: str) -> None:
    for _ in range(60):
        page.keyboard.press(key)
        if page.evaluate(FOCUSED) == testid:
            return
    raise AssertionError(f"{key} never came to {testid}")
