"""A player's pictures in real Chromium: picked, made smaller, sent, seen by the agent; and what is no picture."""

from __future__ import annotations

import io
import secrets
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, Request, expect

from tests.browser.conftest import OpenDesk, OpenPlayer
from tests.browser.pages import PlayerPage

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}


def picture(width: int, height: int, kind: str = "JPEG") -> FilePayload:
    """A picture of noise, which does not compress."""
    noise = Image.frombytes("RGB", (width // 4, height // 4), secrets.token_bytes(width // 4 * (height // 4) * 3))
    out = io.BytesIO()
    noise.resize((width, height)).save(out, kind, quality=97)
    return {"name": f"photo.{kind.lower()}", "mimeType": f"image/{kind.lower()}", "buffer": out.getvalue()}


def pick(player: PlayerPage, *files: FilePayload) -> None:
    player.page.get_by_test_id("picture-file").set_input_files(list(files))


def uploads_of(player: PlayerPage) -> list[int]:
    """The sizes of what the page uploads from now on, in bytes."""
    sizes: list[int] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/api/images"):
            sizes.append(int(request.header_value("content-length") or 0))

    player.page.on("requestfinished", note)
    return sizes


def shown(image: Locator) -> None:
    """The picture is loaded and not a broken frame."""
    expect(image).to_be_visible()
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("image => image.naturalWidth") > 0


def large_and_back(page: Page, image: Locator) -> None:
    """A click shows it large; Escape closes it and nothing else."""
    image.click()
    shown(page.get_by_test_id("picture-large").locator("img"))
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("picture-large")).to_have_count(0)
    expect(image).to_be_visible()


def test_a_photo_goes_from_the_player_to_the_agent(
    open_player: OpenPlayer, open_desk: OpenDesk, tmp_path: Path
) -> None:
    player = open_player("图片", **PHONE)
    posted = uploads_of(player)
    photo = picture(4000, 3000)
    pick(player, photo)
    own = player.log.locator('[data-n][data-sender="player"] img')
    shown(own)
    assert 0 < posted[0] < len(photo["buffer"]) / 4  # made smaller before it was sent
    assert own.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [1600, 1200]
    expect(player.said("bot", "图片收到了")).to_be_visible()
    player.page.screenshot(path=tmp_path / "player.png")
    large_and_back(player.page, own)
    expect(player.input).to_be_visible()  # Escape closed the picture, not the chat
    player.reload()
    shown(own)

    player.page.get_by_test_id("human-header").click()
    desk = open_desk()
    desk.accept(player)
    seen = desk.messages.locator('[data-sender="player"] img')
    shown(seen)
    desk.page.screenshot(path=tmp_path / "desk.png")
    large_and_back(desk.page, seen)
    expect(desk.summary_lines("fact").filter(has_text="1 张图片")).to_be_visible()

    desk.page.get_by_test_id("close").click()
    desk.finish("solved")
    desk.page.get_by_test_id("history-item").click()
    past = desk.page.get_by_test_id("transcript")
    shown(past.locator("img"))
    large_and_back(desk.page, past.locator("img"))
    expect(past).to_be_visible()  # Escape closed the picture, not the transcript
    desk.page.keyboard.press("Escape")
    expect(past).to_have_count(0)


def test_what_is_no_picture_is_refused_in_a_sentence(open_player: OpenPlayer, tmp_path: Path) -> None:
    player = open_player(**PHONE)
    posted = uploads_of(player)
    pick(player, {"name": "shot.png", "mimeType": "image/png", "buffer": b"<html><script>alert(1)</script></html>"})
    pick(
        player,
        {"name": "logo.svg", "mimeType": "image/svg+xml", "buffer": b'<svg xmlns="http://www.w3.org/2000/svg"/>'},
    )
    huge = picture(40, 40, "PNG")["buffer"] + bytes(50 * 1024 * 1024 - 1)
    (tmp_path / "huge.png").write_bytes(huge)
    player.page.get_by_test_id("picture-file").set_input_files(tmp_path / "huge.png")
    uploads = player.page.get_by_test_id("upload")
    expect(uploads).to_have_count(3)
    expect(uploads.nth(0)).to_contain_text("这不是图片")
    expect(uploads.nth(1)).to_contain_text("这不是图片")
    expect(uploads.nth(2)).to_contain_text("图片太大了")
    assert posted == [] and uploads.get_by_test_id("upload-retry").count() == 0
    player.page.screenshot(path=tmp_path / "refused.png")
    for _ in range(3):
        uploads.first.get_by_test_id("upload-remove").click()
    expect(uploads).to_have_count(0)


def test_the_servers_own_refusal_is_a_sentence_too(open_player: OpenPlayer) -> None:
    player = open_player(**PHONE)
    whole = picture(800, 600)["buffer"]
    pick(player, {"name": "cut.jpg", "mimeType": "image/jpeg", "buffer": whole[:200]})  # begins as a picture does
    expect(player.page.get_by_test_id("upload")).to_contain_text("这不是图片，或者文件已损坏")


def test_a_picture_that_fails_on_the_way_is_sent_again(open_player: OpenPlayer) -> None:
    player = open_player(**PHONE)
    player.page.route("**/api/images", lambda route: route.abort())
    pick(player, picture(300, 200))
    upload = player.page.get_by_test_id("upload")
    expect(upload).to_have_attribute("data-state", "failed")
    expect(upload).to_contain_text("没有发出去")
    player.page.unroute("**/api/images")
    upload.get_by_test_id("upload-retry").click()
    shown(player.log.locator('[data-n][data-sender="player"] img'))
    expect(upload).to_have_count(0)
