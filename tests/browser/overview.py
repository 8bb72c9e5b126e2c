"""`python -m tests.browser.overview` makes the picture at the head of the README: both pages, with a conversation on them."""

from __future__ import annotations

import base64
import secrets
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

import bench.stack
from bench.stack import Stack
from common.settings import ROOT
from tests.browser.pages import DeskPage, PlayerPage

IMAGE = ROOT / "docs" / "images" / "overview.png"
PHONE = {"width": 420, "height": 880}
DESKTOP = {"width": 1340, "height": 880}
GAP = 16
PATIENCE_MS = 30_000


def take(stack: Stack, browser: Browser, image: Path) -> None:
    """Play the conversation on `stack` and store the picture."""
    player = _player(stack, browser, "林小舟", 3)
    player.ask("扣款成功但灵玉没到账怎么办？").get_by_test_id("unhelpful").click()
    expect(player.said("bot")).to_have_count(2)
    player.ask("昨晚8点充了648元没到账，订单号 YL20261120083512")
    player.call_person()

    desk = DeskPage(_page(browser, DESKTOP), stack.base)
    desk.visit()
    desk.log_in(*stack.login)
    desk.go("online")
    desk.accept(player)
    desk.send("您好小舟，订单我看到了：昨晚 20:03 已扣款，发货卡在支付渠道，我现在为您补发。")
    player.send("好的，麻烦快一点，今晚要打活动")
    expect(desk.said("player", "麻烦快一点")).to_have_count(1)
    desk.send("648 对应的灵玉已补发到邮箱，请查收。")
    expect(player.said("agent", "已补发到邮箱")).to_have_count(1)
    desk.page.get_by_test_id("note-input").fill("渠道漏单，已补发；下次联系先确认邮箱")
    desk.page.get_by_test_id("note-add").click()
    expect(desk.notes).to_have_count(1)
    desk.go("busy")  # nothing is offered, so that no card lies over the page
    for name, vip, matter in (("沈听雪", 6, "我的号被盗了，装备都没了"), ("阿木", 0, "游戏一打开就闪退")):
        waiting = _player(stack, browser, name, vip)
        waiting.page.get_by_test_id("human-header").click()  # before the words: at some the bot calls a person itself
        expect(waiting.queue_card).to_be_visible()
        waiting.send(matter)
        expect(waiting.said("player", matter)).to_have_count(1)
        expect(desk.queued(waiting)).to_be_visible()
    desk.page.wait_for_timeout(2000)  # scrolling and what fades in come to rest
    _side_by_side(browser, [player.page.screenshot(), desk.page.screenshot()], image)


def _player(stack: Stack, browser: Browser, name: str, vip: int) -> PlayerPage:
    player = PlayerPage(_page(browser, PHONE), stack.base, f"p-{secrets.token_hex(4)}", name, vip)
    player.visit()
    return player


def _page(browser: Browser, size: dict[str, int]) -> Page:
    context = browser.new_context(locale="zh-CN", viewport={"width": size["width"], "height": size["height"]})
    context.set_default_timeout(PATIENCE_MS)
    return context.new_page()


def _side_by_side(browser: Browser, shots: list[bytes], image: Path) -> None:
    width = PHONE["width"] + DESKTOP["width"] + 3 * GAP
    page = _page(browser, {"width": width, "height": PHONE["height"] + 2 * GAP})
    images = "".join(f'<img src="data:image/png;base64,{base64.b64encode(shot).decode()}">' for shot in shots)
    page.set_content(f'<body style="margin:0;padding:{GAP}px;display:flex;gap:{GAP}px;background:#e7ece8">{images}')
    page.screenshot(path=image)


def main() -> None:
    """Start a stack, take the picture, stop it."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with bench.stack.running() as stack, sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        take(stack, browser, IMAGE)
        browser.close()
    print(IMAGE)


if __name__ == "__main__":
    main()
