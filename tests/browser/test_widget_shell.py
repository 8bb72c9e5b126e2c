"""What surrounds the conversation: settings, looks, languages, the file, the network, what the page can do with the chat."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from bench.stack import Stack
from common.settings import ROOT
from tests.browser import game_site
from tests.browser.conftest import OpenContext, OpenPlayer
from tests.browser.pages import PlayerPage

QUESTION = "扣款成功但灵玉没到账怎么办？"
MOST_BYTES = 60_000
SMALLEST = {"width": 320, "height": 568}
ROOT_DATA = "() => ({...document.querySelector('yunlan-support').shadowRoot.querySelector('.root').dataset})"
FOCUSED = "document.querySelector('yunlan-support').shadowRoot.activeElement?.dataset.testid ?? ''"


def test_the_script_is_small_enough_for_a_slow_network() -> None:
    script = (ROOT / "web" / "dist" / "widget.js").read_bytes()
    assert len(gzip.compress(script, 9)) <= MOST_BYTES


class TestSettings:
    def test_they_work_at_once_and_are_there_again_after_a_reload(self, open_player: OpenPlayer) -> None:
        player = open_player()
        usual = _type_size(player)
        _choose(player, "switch-large", "theme-dark", "language-zh-Hant")
        expect(player.page.get_by_role("dialog", name="雲嵐客服")).to_be_visible()
        assert _looks(player.page) == {"theme": "dark", "type": "large", "mode": "usual"}
        assert _type_size(player) == pytest.approx(usual * 1.25)
        player.reload()
        expect(player.page.get_by_role("dialog", name="雲嵐客服")).to_be_visible()
        assert _looks(player.page) == {"theme": "dark", "type": "large", "mode": "usual"}

    def test_another_player_at_the_same_machine_has_their_own(self, open_player: OpenPlayer) -> None:
        player = open_player()
        _choose(player, "switch-simple")
        other = PlayerPage(player.page, player.page.url.split("/?")[0], f"{player.player}-other")
        other.visit()
        assert _looks(other.page)["mode"] == "usual"

    def test_the_menu_is_the_keyboards_too_and_gives_the_focus_back(self, open_player: OpenPlayer) -> None:
        player = open_player()
        page = player.page
        page.get_by_test_id("menu-button").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("menu")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUSED) == "switch-large"
        page.keyboard.press("Space")
        expect(page.get_by_test_id("switch-large")).to_have_attribute("aria-checked", "true")
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("menu")).to_have_count(0)
        expect(page.get_by_test_id("menu-button")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("launcher")).to_be_focused()

    def test_a_press_elsewhere_puts_the_menu_away(self, open_player: OpenPlayer) -> None:
        player = open_player()
        player.page.get_by_test_id("menu-button").click()
        player.input.click()
        expect(player.page.get_by_test_id("menu")).to_have_count(0)
        expect(player.input).to_be_focused()

    def test_the_systems_theme_is_followed_as_it_changes(self, open_player: OpenPlayer) -> None:
        player = open_player(color_scheme="dark")
        assert _looks(player.page)["theme"] == "dark"
        player.page.emulate_media(color_scheme="light")
        expect(player.page.locator("yunlan-support .root")).to_have_attribute("data-theme", "light")

    def test_every_setting_can_be_reached_on_the_smallest_screen(self, open_player: OpenPlayer) -> None:
        player = open_player(viewport=SMALLEST, is_mobile=True, has_touch=True)
        _choose(player, "switch-large")
        player.page.get_by_test_id("menu-button").tap()
        with player.page.expect_download():
            player.page.get_by_test_id("download").tap()
        _fits(player.page)


class TestSimpleMode:
    def test_shows_large_things_to_press_and_only_those(self, open_player: OpenPlayer) -> None:
        player = open_player(viewport=SMALLEST)
        _choose(player, "switch-simple")
        chips = player.page.get_by_test_id("chip")
        assert 3 <= chips.count() <= 5
        for chip in chips.all():
            assert _height(chip.bounding_box()) >= 56
        expect(player.page.get_by_test_id("human-header")).to_be_hidden()
        player.ask(QUESTION)
        expect(player.page.get_by_test_id("helpful")).to_be_hidden()
        _fits(player.page)

    def test_has_the_way_to_a_person_always_in_the_same_place(self, open_player: OpenPlayer) -> None:
        player = open_player(viewport=SMALLEST)
        _choose(player, "switch-simple")
        bar = player.page.get_by_test_id("human-bar")
        assert _height(bar.bounding_box()) >= 56
        bar.click()
        expect(player.queue_card).to_be_visible()
        expect(bar).to_have_count(0)
        _fits(player.page)


class TestTheFile:
    def test_holds_the_conversation_as_the_player_sees_it(self, open_player: OpenPlayer) -> None:
        player = open_player()
        player.ask(QUESTION)
        player.page.get_by_test_id("menu-button").click()
        with player.page.expect_download() as download:
            player.page.get_by_test_id("download").click()
        assert re.fullmatch(r"云岚客服对话-\d{4}-\d\d-\d\d-\d{4}\.txt", download.value.suggested_filename)
        data = download.value.path().read_bytes()
        assert data.startswith(b"\xef\xbb\xbf")
        text = data.decode("utf-8-sig")
        assert re.search(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d  我\r\n{re.escape(QUESTION)}", text)
        assert "云岚小助手\r\n" in text
        assert "**" not in text

    def test_can_be_saved_by_the_page_instead(self, open_player: OpenPlayer) -> None:
        player = open_player()
        player.page.evaluate(
            """() => document.querySelector("yunlan-support").addEventListener("yunlan:transcript", event => {
                event.preventDefault();
                window.saved = event.detail;
            })"""
        )
        player.page.get_by_test_id("menu-button").click()
        player.page.get_by_test_id("download").click()
        assert player.page.evaluate("window.saved.name").endswith(".txt")


class TestAway:
    def test_no_network_is_said_at_once_and_taken_back(self, open_player: OpenPlayer) -> None:
        player = open_player()
        player.page.context.set_offline(True)
        expect(player.connection).to_contain_text("当前没有网络")
        expect(player.connection).to_have_attribute("data-network", "false")
        expect(player.page.get_by_test_id("owner")).to_have_text("未连接")
        player.send("你好")
        expect(player.unsent).to_contain_text("等待网络")
        expect(player.page.get_by_test_id("typing")).to_have_count(0)
        player.page.context.set_offline(False)
        expect(player.connection).to_have_class(re.compile("well"))
        expect(player.page.get_by_test_id("owner")).to_have_text("智能助手在线")
        expect(player.said("bot")).to_have_count(1)
        expect(player.unsent).to_have_count(0)

    def test_a_conversation_stands_there_after_a_reload_before_the_server_is_reached(
        self, open_player: OpenPlayer
    ) -> None:
        player = open_player()
        player.ask(QUESTION)
        before = player.transcript()
        player.page.route("**/api/demo/token", lambda route: route.abort())
        player.page.reload()
        player.page.get_by_test_id("launcher").click()
        expect(player.said("player", QUESTION)).to_be_visible()
        assert player.transcript() == before
        player.page.get_by_role("button", name="立即重试").click()  # in vain; once it can, the chat connects by itself
        player.page.unroute("**/api/demo/token")
        player.is_connected()
        player.ask("最近有哪些活动在开？")
        assert player.transcript()[: len(before)] == before

    def test_news_in_a_closed_chat_are_counted_and_sound_if_the_player_wants(self, open_player: OpenPlayer) -> None:
        player = open_player()
        page = player.page
        page.evaluate(
            """() => {
                window.tones = 0;
                const make = AudioContext.prototype.createOscillator;
                AudioContext.prototype.createOscillator = function () { window.tones += 1; return make.call(this); };
            }"""
        )
        ask_and_close = "() => { const s = document.querySelector('yunlan-support'); s.ask('你好'); s.close(); }"
        page.evaluate(ask_and_close)
        expect(page.get_by_test_id("launcher")).to_have_accessible_name("联系客服, 1 条未读消息")
        assert page.evaluate("window.tones") == 0
        player.open()
        _choose(player, "switch-sound")
        page.evaluate(ask_and_close)
        expect(page.get_by_test_id("launcher")).to_have_accessible_name("联系客服, 1 条未读消息")
        assert page.evaluate("window.tones") == 2


class TestTheSystemsWishes:
    def test_reduced_motion_stops_everything_that_moves(self, open_player: OpenPlayer) -> None:
        player = open_player(reduced_motion="reduce")
        assert _style(player.page, ".panel", "animationName") == "none"
        assert _style(player.page, ".panel *", "transitionDuration") in ("0s", "0.0s")

    def test_forced_colours_leave_every_button_an_edge(self, open_player: OpenPlayer) -> None:
        player = open_player(forced_colors="active")
        for button in (".icon-button", ".header-button", ".chip", ".send"):
            assert _style(player.page, button, "borderTopStyle") == "solid", button


class TestLanguages:
    @pytest.mark.parametrize("browser_speaks", ["zh-TW", "zh-HK", "zh-Hant"])
    def test_traditional_characters_for_those_who_write_them(
        self, stack: Stack, open_context: OpenContext, browser_speaks: str
    ) -> None:
        page = open_context(locale=browser_speaks).new_page()
        page.goto(f"{stack.base}/healthz")
        page.set_content('<script src="/widget.js" data-token-url="/api/demo/token" defer></script>')
        expect(page.get_by_test_id("launcher")).to_have_text("聯絡客服")


class TestTheHostPage:
    @pytest.fixture(scope="class")
    def site(self, stack: Stack) -> Iterator[str]:
        """A game's site on another origin, which embeds the chat as docs/EMBEDDING.md says."""
        port = game_site.free_port()
        with (
            game_site.gateway_for(f"http://127.0.0.1:{port}", stack) as support,
            game_site.served(port, support) as site,
        ):
            yield site

    def test_one_tag_is_enough(self, site: str, open_context: OpenContext) -> None:
        page = _visit(open_context, f"{site}/0")
        chat = PlayerPage(page, site, game_site.PLAYER)
        chat.open()
        expect(page.get_by_text("云水，您好")).to_be_visible()
        for code in game_site.examples("js"):
            page.evaluate(f"() => {{ {code} }}")
        expect(chat.said("bot")).not_to_have_count(0)

    def test_calls_made_before_the_script_came_are_made_in_order(self, site: str, open_context: OpenContext) -> None:
        page = _visit(open_context, f"{site}/1")
        chat = PlayerPage(page, site, game_site.PLAYER)
        chat.is_connected()
        assert _looks(page)["mode"] == "simple"
        page.evaluate("window.opened = []; YunlanSupport.push(['on', 'open', ({open}) => window.opened.push(open)])")
        page.evaluate("YunlanSupport.push(['close'], ['toggle'])")
        assert page.evaluate("window.opened") == [False, True]

    def test_the_page_hears_of_messages_the_handoff_and_the_window(self, open_player: OpenPlayer) -> None:
        player = open_player()
        player.page.evaluate(
            """() => {
                window.heard = [];
                const support = document.querySelector("yunlan-support");
                for (const name of ["message", "handoff", "open", "unread", "error"]) {
                    window[`no${name}`] = support.on(name, detail => window.heard.push([name, detail]));
                }
            }"""
        )
        player.ask(QUESTION)
        player.call_person()
        expect(player.queue_card).to_be_visible()
        heard = player.page.evaluate("window.heard")
        assert [(name, detail.get("sender")) for name, detail in heard][:2] == [
            ("message", "player"),
            ("message", "bot"),
        ]
        assert ["handoff", {"owner": "queue", "agent": ""}] in heard
        player.page.evaluate("window.heard = []; window.noopen(); document.querySelector('yunlan-support').close()")
        assert player.page.evaluate("window.heard") == []

    @pytest.mark.parametrize(
        ("call", "expected"),
        [
            ("on('hand-off', () => {})", "expected one of open, handoff"),
            ("setTheme('purple')", "expected system, light or dark"),
            ("setPage('a b')", "expected 1–64 letters"),
            ("setUser({})", "expected {token, player}"),
        ],
    )
    def test_a_wrong_call_says_what_was_expected(self, open_player: OpenPlayer, call: str, expected: str) -> None:
        player = open_player()
        said = player.page.evaluate(
            f"() => {{ try {{ document.querySelector('yunlan-support').{call} }} catch (error) {{ return String(error) }} }}"
        )
        assert said.startswith("TypeError") and expected in said

    def test_a_second_chat_on_the_page_stays_empty_and_says_so(self, open_player: OpenPlayer) -> None:
        player = open_player()
        warned: list[str] = []
        player.page.on("console", lambda message: warned.append(message.text))
        player.page.evaluate(
            """() => {
                addEventListener("yunlan:error", event => { window.code = event.detail.code; });
                document.body.append(document.createElement("yunlan-support"));
            }"""
        )
        assert player.page.evaluate("window.code") == "second_element"
        assert any("second one stays empty" in words for words in warned)
        player.ask("你好")

    def test_a_player_who_logs_out_leaves_nothing_behind(self, open_player: OpenPlayer) -> None:
        player = open_player()
        _choose(player, "switch-large")
        player.ask(QUESTION)
        player.input.fill("还没发出的草稿")
        player.page.evaluate("document.querySelector('yunlan-support').logout()")
        expect(player.page.get_by_test_id("launcher")).to_be_visible()
        kept = player.page.evaluate("() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
        theirs = [key for key in kept if player.player in key and key.startswith("yunlan:")]
        assert theirs == [f"yunlan:prefer:{player.player}"]
        assert _looks(player.page)["type"] == "usual"
        assert QUESTION not in player.page.locator("yunlan-support").inner_text()

    def test_another_player_at_the_same_page_has_a_chat_of_their_own(
        self, stack: Stack, open_player: OpenPlayer
    ) -> None:
        player = open_player()
        player.ask(QUESTION)
        other = f"{player.player}-b"
        player.page.evaluate(
            """async player => {
                const body = JSON.stringify({player});
                const answer = await fetch("/api/demo/token", {method: "POST", body});
                document.querySelector("yunlan-support").setUser({token: (await answer.json()).token, player});
            }""",
            other,
        )
        expect(player.page.get_by_text(f"{other}，您好")).to_be_visible()
        expect(player.said("player")).to_have_count(0)


def _visit(open_context: OpenContext, address: str) -> Page:
    page = open_context().new_page()
    page.goto(address)
    return page


def _choose(player: PlayerPage, *settings: str) -> None:
    """Press these in the settings, and put the settings away."""
    player.page.get_by_test_id("menu-button").click()
    for setting in settings:
        player.page.get_by_test_id(setting).click()
    player.page.keyboard.press("Escape")
    expect(player.page.get_by_test_id("menu")).to_have_count(0)


def _looks(page: Page) -> dict[str, str]:
    return dict(page.evaluate(ROOT_DATA))


def _type_size(player: PlayerPage) -> float:
    return float(_style(player.page, ".greeting", "fontSize").removesuffix("px"))


def _style(page: Page, selector: str, name: str) -> str:
    script = "([selector, name]) => getComputedStyle(document.querySelector('yunlan-support').shadowRoot.querySelector(selector))[name]"
    return str(page.evaluate(script, [selector, name]))


def _height(box: object) -> float:
    assert isinstance(box, dict)
    return float(box["height"])


def _fits(page: Page) -> None:
    wide = """() => {
        const root = document.querySelector("yunlan-support").shadowRoot;
        return [document.scrollingElement, ...root.querySelectorAll(".panel, .log, .header, .menu")]
            .filter(e => e.scrollWidth > e.clientWidth).map(e => e.className || e.tagName);
    }"""
    assert page.evaluate(wide) == []
