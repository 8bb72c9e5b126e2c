"""A narrow screen."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPlayer

NARROW = {"width": 360, "height": 740}


def test_on_a_phone_the_chat_fills_the_screen_and_nothing_scrolls_sideways(open_player: OpenPlayer) -> None:
    player = open_player(viewport=NARROW, is_mobile=True, has_touch=True, reduced_motion="reduce")
    panel = player.page.get_by_role("dialog", name="云岚客服")
    box = panel.bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, NARROW["width"], NARROW["height"])
    player.ask("扣款成功但灵玉没到账怎么办？")
    player.ask("https://example.com/" + "a" * 200)
    _fits(player.page)
    player.call_person()
    expect(player.queue_card).to_be_visible()
    _fits(player.page)
    player.page.get_by_test_id("close").click()
    expect(player.page.get_by_test_id("launcher")).to_be_visible()
    _fits(player.page)


def _fits(page: Page) -> None:
    wide = """() => {
        const root = document.querySelector("yunlan-support").shadowRoot;
        return [document.scrollingElement, ...root.querySelectorAll(".panel, .log")]
            .filter(e => e.scrollWidth > e.clientWidth).map(e => e.className || e.tagName);
    }"""
    assert page.evaluate(wide) == []
