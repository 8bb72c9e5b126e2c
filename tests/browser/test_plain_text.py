"""What people write is shown as text, whatever it looks like."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenDesk, OpenPlayer

NAME = "<img src=x onerror=alert(1)>"
TEXT = '<script>alert(2)</script><img src=x onerror="alert(3)"><b>粗</b> [点我](javascript:alert(4)) **星**'
MADE = "script, img, strong, b:text-is('粗'), a[href^='javascript']"


def test_markup_in_texts_and_names_makes_no_elements(open_player: OpenPlayer, open_desk: OpenDesk) -> None:
    player = open_player(name=NAME)
    desk = open_desk()
    dialogs = [_dialogs(player.page), _dialogs(desk.page)]
    player.ask(TEXT)
    _is_text(player.said("player"), TEXT)
    player.send("转人工")
    expect(desk.queued(player)).to_contain_text(NAME)
    desk.accept(player)
    _is_text(desk.said("player", "alert"), TEXT)
    expect(desk.summary_lines("quote").first).to_contain_text("<script>")
    desk.send(TEXT)
    _is_text(player.said("agent"), TEXT)
    expect(player.log).to_contain_text(f"{player.name}，您好")
    expect(desk.page.get_by_test_id("player-card")).to_contain_text(NAME)
    for made in (player.log.locator(MADE), desk.page.locator("#desk").locator(MADE)):
        expect(made).to_have_count(0)
    assert dialogs == [[], []]


def test_masked_numbers_are_shown_as_labels_on_both_pages(open_player: OpenPlayer, open_desk: OpenDesk) -> None:
    player = open_player()
    desk = open_desk()
    player.ask("打13812345678或写信 lin@example.com，密码是 abc12345")
    labels = ["手机号 ****5678", "邮箱 l***@example.com", "已隐藏"]
    expect(player.said("player").locator(".masked")).to_have_text(labels)
    expect(player.said("player")).not_to_contain_text("abc12345")
    player.send("转人工")
    desk.accept(player)
    expect(desk.said("player", "写信").locator(".masked")).to_have_text(labels)
    expect(desk.messages).not_to_contain_text("[phone:")


def _dialogs(page: Page) -> list[str]:
    seen: list[str] = []

    def note(dialog: object) -> None:
        seen.append(str(dialog))

    page.on("dialog", note)
    return seen


def _is_text(message: Locator, text: str) -> None:
    expect(message.first).to_contain_text(text)
