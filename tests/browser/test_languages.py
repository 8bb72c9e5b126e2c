"""Which language the pages speak."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from bench.stack import Stack
from tests.browser.conftest import OpenContext

WIDGET = '<script src="/widget.js" data-token-url="/api/demo/token" {attribute} defer></script>'


@pytest.mark.parametrize(
    ("browser_speaks", "page_says", "attribute", "title"),
    [
        ("en-US", "", "", "Yunlan Support"),
        ("en-US", "zh-CN", "", "云岚客服"),
        ("zh-CN", "en", "", "Yunlan Support"),
        ("en-US", "en", 'data-lang="zh"', "云岚客服"),
        ("fr-FR", "", "", "云岚客服"),
    ],
)
def test_the_chat_speaks_as_told_else_as_the_page_else_as_the_browser(
    stack: Stack, open_context: OpenContext, browser_speaks: str, page_says: str, attribute: str, title: str
) -> None:
    page = open_context(locale=browser_speaks).new_page()
    _host(page, stack, page_says, attribute)
    page.get_by_test_id("launcher").click()
    expect(page.get_by_role("dialog", name=title)).to_be_visible()


def test_an_english_page_is_english_throughout(stack: Stack, open_context: OpenContext) -> None:
    page = open_context(locale="en-US").new_page()
    _host(page, stack, "", "")
    expect(page.get_by_test_id("launcher")).to_have_text("Contact support")
    page.get_by_test_id("launcher").click()
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "online")
    page.get_by_test_id("input").fill("扣款成功但灵玉没到账怎么办？")
    page.get_by_test_id("input").press("Enter")
    answer = page.locator('[data-n][data-sender="bot"]')
    expect(answer.get_by_test_id("helpful")).to_have_text("Helpful")
    answer.get_by_test_id("human").click()
    expect(page.get_by_test_id("cancel-queue")).to_be_visible()
    chinese = "() => [...document.querySelector('yunlan-support').shadowRoot.querySelectorAll('button, .meta, .card, header')]"
    chinese += (
        ".filter(e => e.dataset.testid !== 'chip' && /[\\u4e00-\\u9fff]/.test(e.textContent)).map(e => e.textContent)"
    )
    assert page.evaluate(chinese) == []


@pytest.mark.parametrize(
    ("browser_speaks", "address", "button"),
    [("en-US", "", "Log in"), ("zh-CN", "", "登录"), ("fr-FR", "", "登录"), ("zh-CN", "?lang=en", "Log in")],
)
def test_the_desk_speaks_as_told_else_as_the_browser(
    stack: Stack, open_context: OpenContext, browser_speaks: str, address: str, button: str
) -> None:
    page = open_context(locale=browser_speaks).new_page()
    page.goto(f"{stack.base}/desk{address}")
    expect(page.get_by_test_id("login-submit")).to_have_text(button)


def _host(page: Page, stack: Stack, language: str, attribute: str) -> None:
    """Another page than the demo's, on the gateway's origin, with the widget on it."""
    page.goto(f"{stack.base}/healthz")
    body = f"<!doctype html><html lang='{language}'><title>host</title>{WIDGET.format(attribute=attribute)}</html>"
    page.set_content(body)
