"""The desk's log-in."""

from __future__ import annotations

import re
import secrets

from playwright.sync_api import expect

from bench.stack import Stack
from tests.browser.conftest import OpenContext, OpenDesk
from tests.browser.pages import DeskPage

LOCKED_AFTER = 5


def test_a_wrong_password_is_said_plainly_and_too_many_lock_for_a_time(stack: Stack, open_context: OpenContext) -> None:
    desk = DeskPage(open_context().new_page(), stack.base)
    desk.visit()
    name = f"nobody-{secrets.token_hex(4)}"
    problem = desk.page.get_by_test_id("login-problem")
    for i in range(LOCKED_AFTER):
        with desk.page.expect_response("**/api/desk/login") as answer:
            desk.log_in(name, f"wrong password {i}")
        assert answer.value.status == 401
        expect(problem).to_have_text("账号或密码不正确")
    desk.log_in(name, "wrong once more")
    expect(problem).to_have_text(re.compile(r"请在 \d+:\d\d 后再试"))
    expect(desk.page.get_by_test_id("login-name")).to_have_value(name)


def test_a_log_in_outlives_a_reload_and_ends_with_log_out(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.page.reload()
    expect(desk.page.get_by_test_id("status")).to_have_attribute("data-status", "online")
    desk.go("offline")
    desk.page.get_by_test_id("logout").click()
    expect(desk.page.get_by_test_id("login-name")).to_be_visible()
    desk.page.reload()
    expect(desk.page.get_by_test_id("login-name")).to_be_visible()
