"""What a player is offered: chips, the big card, completions while typing; and how their messages stand."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from bench.stack import Stack
from tests.browser.conftest import OpenContext
from tests.browser.pages import PlayerPage

PHONE = {"width": 390, "height": 740}
NARROW = {"width": 320, "height": 568}
QUESTION = "扣款成功但灵玉没到账怎么办？"
ASKED = "充值成功但没到账怎么办？"
ROWS = [
    {"id": "faq:pay_not_arrived.what_to_do", "text": "充值没到账怎么办", "spans": [[0, 2]]},
    {"id": "faq:pay_not_arrived.how_long", "text": "充值多久能到账", "spans": [[0, 2]]},
    {"id": "faq:pay_how_to.steps", "text": "怎么充值", "spans": [[2, 4]]},
    {"id": "faq:pay_failed.generic", "text": "充值失败了怎么办", "spans": [[0, 2]]},
    {"id": "faq:pay_refund.conditions", "text": "充值能退款吗", "spans": [[0, 2]]},
    {"id": "faq:event_list.current", "text": "最近有哪些充值活动", "spans": [[5, 7]]},
]
CARD = {
    "id": "faq:pay_not_arrived.what_to_do",
    "text": ASKED,
    "why": "order_pending",
    "data": {"order_tail": "1234"},
}
CHIPS = [
    {"id": "faq:event_list.current", "text": "最近有哪些活动在开？", "why": "popular"},
    {"id": "faq:pay_how_to.steps", "text": "怎么充值？", "why": "dragon_seen"},
]
FOCUSED = "document.querySelector('yunlan-support')?.shadowRoot.activeElement?.dataset.testid ?? ''"

Frame = dict[str, Any]


class Wire:
    """The player's socket with somebody in the middle, who keeps what the page says and may speak for the server."""

    def __init__(self, page: Page) -> None:
        self.sent: list[Frame] = []
        self.change: Callable[[Frame], None] = lambda frame: None  # of what the server says
        self.rows: list[Frame] | None = None  # completions instead of the server's
        self.conversation = ""
        self.refuse = ""  # the code that the next `send` is refused with
        self._socket: WebSocketRoute | None = None
        page.route_web_socket(re.compile("/ws/player"), self._join)

    def says(self, **frame: object) -> None:
        """Speak for the server."""
        assert self._socket is not None
        self._socket.send(json.dumps({"v": 1, **frame}))

    def of(self, type: str) -> list[Frame]:
        """What the page has sent of a type."""
        return [frame for frame in self.sent if frame["type"] == type]

    def _join(self, socket: WebSocketRoute) -> None:
        self._socket = socket
        server = socket.connect_to_server()

        def from_page(message: str | bytes) -> None:
            frame = json.loads(message)
            self.sent.append(frame)
            if frame["type"] == "complete" and self.rows is not None:
                self.says(type="completions", seq=frame["seq"], items=self.rows)
            elif frame["type"] == "send" and self.refuse:
                self.says(type="error", code=self.refuse, message="", id=frame["id"])
                self.refuse = ""
            else:
                server.send(message)

        def from_server(message: str | bytes) -> None:
            frame = json.loads(message)
            self.conversation = frame.get("conversation", self.conversation)
            self.change(frame)
            socket.send(json.dumps(frame))

        socket.on_message(from_page)
        server.on_message(from_server)


class Tapped(PlayerPage):
    """A player whose socket is listened to."""

    def __init__(self, page: Page, base: str, player: str) -> None:
        super().__init__(page, base, player)
        self.wire = Wire(page)
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.rows = page.get_by_test_id("completion")
        self.card = page.get_by_test_id("big-card")
        self.opening = page.locator(".chips.opening").get_by_test_id("chip")
        self.follow_ups = page.locator(".chips.answer").get_by_test_id("chip")

    def type(self, text: str) -> None:
        """Type into the field, key by key."""
        self.input.click()
        self.page.keyboard.type(text)

    def waits_for(self, type: str, count: int = 1) -> list[Frame]:
        """Wait until the page has sent so many frames of a type."""
        for _ in range(100):
            if len(self.wire.of(type)) >= count:
                return self.wire.of(type)
            self.page.wait_for_timeout(50)
        raise AssertionError(f"expected {count} {type} frames, got {self.wire.sent}")

    def focused(self) -> str:
        """The test id of what has the focus."""
        return str(self.page.evaluate(FOCUSED))


OpenTapped = Callable[..., Tapped]


@pytest.fixture
def open_tapped(stack: Stack, open_context: OpenContext) -> OpenTapped:
    """Opens the chat of a new player whose socket is listened to; `change` is applied to what the server says."""

    def make(change: Callable[[Frame], None] | None = None, **options: Any) -> Tapped:
        page = open_context(**options).new_page()
        player = Tapped(page, stack.base, f"s-{secrets.token_hex(5)}")
        if change:
            player.wire.change = change
        player.visit()
        return player

    return make


def offers(card: Frame | None = None, chips: list[Frame] | None = None) -> Callable[[Frame], None]:
    """Puts these suggestions into what the server says."""

    def change(frame: Frame) -> None:
        if frame["type"] in ("welcome", "suggestions"):
            frame["chips"] = CHIPS if chips is None else chips
            frame["card"] = card

    return change


# ---------------------------------------------------------------- completions


def test_a_question_is_found_by_its_first_characters_and_picked_by_keyboard(open_tapped: OpenTapped) -> None:
    player = open_tapped()
    player.type("充值没")
    expect(player.rows.first).to_be_visible()
    expect(player.rows.first.locator("mark").first).to_be_visible()
    player.page.keyboard.press("ArrowDown")
    chip = player.rows.first.get_attribute("data-chip")
    player.page.keyboard.press("Enter")
    expect(player.input).to_have_value("")
    expect(player.rows).to_have_count(0)
    expect(player.said("player")).to_have_count(1)
    expect(player.said("bot").first.get_by_test_id("helpful")).to_be_visible()
    [pick] = player.wire.of("pick")
    assert (pick["chip"], pick["place"], pick["typed"]) == (chip, "completion", "充值没")
    assert player.focused() == "input"


def test_the_list_follows_the_combobox_pattern(open_tapped: OpenTapped) -> None:
    player = open_tapped()
    player.wire.rows = ROWS
    field = player.page.get_by_role("combobox", name="输入您的问题")
    expect(field).to_have_attribute("aria-expanded", "false")
    player.type("充值")
    expect(field).to_have_attribute("aria-expanded", "true")
    listed = player.page.get_by_role("listbox", name="联想到的问题")
    expect(listed).to_have_id(field.get_attribute("aria-controls") or "?")
    active = listed.get_by_role("option", selected=True)
    expect(active).to_have_count(0)
    player.page.keyboard.press("ArrowDown")
    expect(active).to_have_text("充值没到账怎么办")
    expect(field).to_have_attribute("aria-activedescendant", active.get_attribute("id") or "?")
    player.page.keyboard.press("ArrowUp")
    expect(active).to_have_count(0)
    player.page.keyboard.press("ArrowUp")
    expect(active).to_have_text("最近有哪些充值活动")
    expect(active).to_be_in_viewport()
    assert [player.rows.nth(i).locator("mark").text_content() for i in range(3)] == ["充值"] * 3


def test_enter_without_an_active_row_sends_what_was_typed(open_tapped: OpenTapped) -> None:
    player = open_tapped()
    player.wire.rows = ROWS
    player.type("充值")
    expect(player.rows).to_have_count(len(ROWS))
    player.page.keyboard.press("Enter")
    expect(player.said("player", "充值")).to_have_count(1)
    expect(player.rows).to_have_count(0)
    assert player.wire.of("pick") == []


def test_escape_closes_the_list_first_and_then_the_chat(open_tapped: OpenTapped) -> None:
    player = open_tapped()
    player.wire.rows = ROWS
    player.type("充值")
    expect(player.rows).to_have_count(len(ROWS))
    player.page.keyboard.press("Escape")
    expect(player.rows).to_have_count(0)
    expect(player.input).to_have_value("充值")
    player.page.keyboard.type("没")
    expect(player.rows).to_have_count(len(ROWS))
    player.page.keyboard.press("Tab")
    expect(player.rows).to_have_count(0)
    player.input.focus()
    player.page.keyboard.press("Escape")
    player.page.keyboard.press("Escape")
    expect(player.page.get_by_test_id("launcher")).to_be_focused()


def test_nothing_is_asked_while_an_input_method_composes(open_tapped: OpenTapped) -> None:
    player = open_tapped()
    player.wire.rows = ROWS
    player.input.focus()
    keys = player.page.context.new_cdp_session(player.page)
    for text in ("c", "cho", "chong", "chong zhi"):
        keys.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
    expect(player.input).to_have_value("chong zhi")
    player.input.dispatch_event("keydown", {"key": "Enter", "keyCode": 229})
    player.page.wait_for_timeout(300)
    assert player.wire.of("complete") == player.wire.of("send") == []
    expect(player.rows).to_have_count(0)
    keys.send("Input.insertText", {"text": "充值"})
    expect(player.rows).to_have_count(len(ROWS))
    assert [frame["prefix"] for frame in player.wire.of("complete")] == ["充值"]


def test_on_a_phone_five_rows_fit_over_the_field_and_a_tap_picks_one(open_tapped: OpenTapped) -> None:
    player = open_tapped(viewport=NARROW, is_mobile=True, has_touch=True)
    player.wire.rows = ROWS
    player.type("充值")
    expect(player.rows).to_have_count(len(ROWS))
    heights = player.rows.evaluate_all("rows => rows.map(row => row.getBoundingClientRect().height)")
    assert min(heights) >= 44
    listed, field = player.page.get_by_role("listbox").bounding_box(), player.input.bounding_box()
    assert listed and field
    assert listed["height"] <= 6 * 44
    assert listed["y"] > 60 and listed["y"] + listed["height"] <= field["y"]
    player.rows.nth(3).tap()
    assert player.waits_for("pick")[0]["chip"] == ROWS[3]["id"]
    assert player.focused() == "input"  # the on-screen keyboard stays
    expect(player.rows).to_have_count(0)


def test_odd_and_hasty_typing_brings_no_fault(open_tapped: OpenTapped) -> None:
    player = open_tapped()
    for text in ("充" * 500, "😀" * 60, "\u0000\u0007\u200b", "a" * 64):
        player.input.fill(text)
    player.input.fill("")
    player.input.press_sequentially("chongzhimeidaozhangzenmeban" * 2, delay=10)
    player.page.wait_for_timeout(500)
    assert len(player.wire.of("complete")) < 60
    assert all(len(frame["prefix"]) <= 64 for frame in player.wire.of("complete"))
    player.input.fill("")
    expect(player.rows).to_have_count(0)
    expect(player.connection).to_have_attribute("data-state", "online")
    assert player.faults == []


def test_a_late_answer_is_not_shown(open_tapped: OpenTapped) -> None:
    player = open_tapped()
    player.wire.rows = []
    player.type("充")
    [first] = player.waits_for("complete")
    player.input.fill("")
    player.wire.says(type="completions", seq=first["seq"], items=ROWS)
    player.wire.says(type="completions", seq=first["seq"] - 1, items=ROWS)
    player.page.wait_for_timeout(200)
    expect(player.rows).to_have_count(0)


# ---------------------------------------------------------------- chips and the card


def test_chips_say_why_and_are_told_of_once_when_they_are_seen(open_tapped: OpenTapped) -> None:
    player = open_tapped(offers(), viewport=PHONE)
    expect(player.opening).to_have_count(2)
    expect(player.opening.nth(0).get_by_test_id("why")).to_have_text("大家都在问")
    expect(player.opening.nth(1).get_by_test_id("why")).to_have_text("根据您最近的情况")
    player.waits_for("shown")
    player.input.fill("你")
    player.page.wait_for_timeout(300)
    assert [f for f in player.wire.of("shown") if f["place"] == "opening"] == [
        {"type": "shown", "v": 1, "place": "opening", "chips": [chip["id"] for chip in CHIPS]}
    ]
    player.opening.nth(0).click()
    assert player.waits_for("pick")[0]["place"] == "opening"
    expect(player.opening).to_have_count(0)
    player.page.keyboard.press("Escape")  # the chip has gone, the keys still reach the chat
    expect(player.page.get_by_test_id("launcher")).to_be_focused()


def test_only_the_newest_answer_has_chips_and_they_scroll_on_a_phone(open_tapped: OpenTapped) -> None:
    player = open_tapped(viewport=NARROW)
    player.ask(QUESTION)
    expect(player.follow_ups.first).to_be_visible()
    row = player.page.locator(".chips.answer")
    assert row.evaluate("row => row.scrollWidth > row.clientWidth")
    assert player.log.evaluate("log => log.scrollWidth <= log.clientWidth")
    player.follow_ups.last.focus()
    expect(player.follow_ups.last).to_be_in_viewport(ratio=0.9)
    asked = player.follow_ups.last.get_attribute("data-chip")
    player.page.keyboard.press("Enter")
    assert player.waits_for("pick")[0] | {"id": ""} == {
        "type": "pick", "v": 1, "id": "", "chip": asked, "place": "answer",
    }  # fmt: skip
    expect(player.said("bot")).to_have_count(2)
    expect(player.said("bot").first.get_by_test_id("chip")).to_have_count(0)


def test_the_card_says_what_happened_and_asks_the_question(open_tapped: OpenTapped) -> None:
    player = open_tapped(offers(CARD), viewport=NARROW)
    expect(player.card).to_contain_text("您的订单 …1234 还未到账，要查一下吗？")
    expect(player.card.get_by_test_id("card-yes")).to_be_in_viewport(ratio=1)
    player.card.get_by_test_id("card-yes").click()
    assert (player.waits_for("pick")[0]["chip"], player.wire.of("pick")[0]["place"]) == (CARD["id"], "card")
    expect(player.said("bot")).to_have_count(1)
    expect(player.card).to_have_count(0)


def test_a_dismissed_card_stays_away(open_tapped: OpenTapped) -> None:
    player = open_tapped(offers(CARD))
    assert {frame["place"] for frame in player.waits_for("shown", 2)} == {"card", "opening"}
    player.card.get_by_test_id("card-no").click()
    expect(player.card).to_have_count(0)
    player.reload()
    expect(player.opening).to_have_count(2)
    expect(player.card).to_have_count(0)


def test_a_card_comes_at_a_reload_for_what_happened_while_the_chat_was_open(
    stack: Stack, open_tapped: OpenTapped
) -> None:
    player = open_tapped()
    player.waits_for("shown")
    expect(player.opening.first).to_be_visible()
    expect(player.card).to_have_count(0)
    event = {"player": player.player, "kind": "order_pending", "data": {"order_tail": "1234"}}
    told = player.page.request.post(f"{stack.base}/api/demo/events", data=event)
    assert told.status == 202
    player.reload()
    expect(player.card).to_contain_text("您的订单 …1234 还未到账")


def test_a_card_in_a_conversation_stands_there_after_a_reload_without_the_server(open_tapped: OpenTapped) -> None:
    player = open_tapped()
    player.ask("你好")
    player.wire.says(type="suggestions", chips=CHIPS, card=CARD)
    expect(player.card).to_be_visible()
    player.page.route("**/api/demo/token", lambda route: route.abort())
    player.page.reload()
    player.page.get_by_test_id("launcher").click()
    expect(player.card).to_contain_text("…1234")
    expect(player.opening).to_have_count(2)


def test_suggestions_for_another_page_stand_at_the_end_of_the_conversation(open_tapped: OpenTapped) -> None:
    player = open_tapped()
    player.ask("你好")
    expect(player.opening).to_have_count(0)
    player.wire.says(type="suggestions", chips=CHIPS, card=CARD)
    expect(player.card).to_be_in_viewport()
    expect(player.opening).to_have_count(2)
    player.send("你好")
    expect(player.card).to_have_count(0)
    expect(player.opening).to_have_count(0)


def test_suggestions_can_be_switched_off_and_on(open_tapped: OpenTapped) -> None:
    player = open_tapped(offers(CARD))
    player.waits_for("shown", 2)
    player.page.get_by_test_id("suggest-off").click()
    expect(player.opening).to_have_count(0)
    expect(player.card).to_have_count(0)
    player.reload()
    expect(player.page.get_by_test_id("suggest-on")).to_be_visible()
    told = len(player.wire.of("shown"))
    player.type("充")
    player.ask(QUESTION)
    expect(player.follow_ups.first).to_be_visible()  # answers keep theirs
    player.page.wait_for_timeout(300)
    assert len(player.wire.of("shown")) == told
    assert player.wire.of("complete") == []


def test_suggestions_come_back_when_they_are_switched_on(open_tapped: OpenTapped) -> None:
    player = open_tapped(offers())
    player.page.get_by_test_id("suggest-off").click()
    player.page.get_by_test_id("suggest-on").click()
    expect(player.opening).to_have_count(2)


# ---------------------------------------------------------------- emoji and the state of a message


def test_an_emoji_is_put_where_the_caret_is_by_keyboard(open_tapped: OpenTapped) -> None:
    player = open_tapped(viewport=NARROW)
    player.type("你好吗")
    player.page.keyboard.press("ArrowLeft")
    player.page.get_by_test_id("emoji").focus()
    player.page.keyboard.press("Enter")
    items = player.page.get_by_test_id("emoji-item")
    expect(items.first).to_be_focused()
    for key in ("ArrowRight", "ArrowDown"):
        player.page.keyboard.press(key)
    expect(items.nth(9)).to_be_focused()
    emoji = items.nth(9).text_content()
    player.page.keyboard.press("Enter")
    expect(player.input).to_have_value(f"你好{emoji}吗")
    player.page.keyboard.press("Escape")
    expect(items).to_have_count(0)
    expect(player.input).to_be_focused()


def test_a_refused_message_can_be_sent_again(open_tapped: OpenTapped) -> None:
    player = open_tapped()
    player.wire.refuse = "id_conflict"
    player.send("你好")
    failed = player.log.locator('[data-state="failed"]')
    expect(failed).to_contain_text("未发送")
    failed.get_by_test_id("retry").click()
    expect(player.said("player", "你好")).to_have_count(1)
    expect(player.unsent).to_have_count(0)


def test_the_player_sees_that_an_agent_has_read_their_message(open_tapped: OpenTapped) -> None:
    player = open_tapped()
    player.ask("你好")
    expect(player.page.locator(".receipt")).to_have_count(0)
    player.wire.says(type="read", n=1)
    expect(player.said("player").get_by_test_id("receipt")).to_have_text("已读")
    expect(player.page.locator(".receipt")).to_be_visible()


def test_the_server_learns_how_far_the_player_has_read(open_tapped: OpenTapped) -> None:
    player = open_tapped(viewport=PHONE)
    player.ask(QUESTION)
    expect(player.said("bot")).to_have_count(1)
    player.page.wait_for_timeout(1200)
    marks = [frame["n"] for frame in player.wire.of("read")]
    assert marks == sorted(set(marks)) and marks[-1] == 2
    player.page.evaluate("document.querySelector('yunlan-support').close()")
    entry = {"n": 3, "at": 0, "sender": "bot", "kind": "answer", "text": "…"}
    player.wire.says(type="entry", conversation=player.wire.conversation, entry=entry)
    player.page.wait_for_timeout(1200)
    assert player.wire.of("read")[-1]["n"] == 2  # nobody looks
    player.open()
    player.page.wait_for_timeout(1200)
    assert player.wire.of("read")[-1]["n"] == 3
