"""A whole stack of the session, and pages of it in a real Chromium."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

import bench.stack
from bench.stack import Stack
from handoff.accounts import Accounts
from handoff.sql.accounts import SqlAccountStore
from handoff.sql.engine import open_engine
from tests.browser.pages import DeskPage, PlayerPage

PATIENCE_MS = 20_000  # the machine may be busy with other things
AGENT_PASSWORD = "correct horse battery"
DESKTOP = {"width": 1280, "height": 860}
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

OpenContext = Callable[..., BrowserContext]
OpenPlayer = Callable[..., PlayerPage]
OpenDesk = Callable[..., DeskPage]


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Gateway, bot, handoff and Redis, as `make run` starts them."""
    with bench.stack.running() as stack:
        yield stack


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium of the module. Not of the session: Playwright's event loop would get in the way of async tests."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.fail("The browser tests need Chromium (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        expect.set_options(timeout=PATIENCE_MS)
        yield browser
        browser.close()


@pytest.fixture
def open_context(browser: Browser) -> Iterator[OpenContext]:
    """Makes browser contexts: each is a person at a machine of their own."""
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"locale": "zh-CN", "viewport": DESKTOP, **options})
        context.set_default_timeout(PATIENCE_MS)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def open_player(stack: Stack, open_context: OpenContext) -> OpenPlayer:
    """Opens the game's page as a player nobody has seen before, with the chat open."""

    def make(name: str = "", vip: int = 0, **options: Any) -> PlayerPage:
        id = f"p-{secrets.token_hex(5)}"
        called = f"{name}{id[-4:]}" if name else ""  # a name of their own: desks tell players apart by it
        page = PlayerPage(open_context(**options).new_page(), stack.base, id, called, vip)
        page.visit()
        return page

    return make


@pytest.fixture
def open_desk(stack: Stack, open_context: OpenContext) -> Iterator[OpenDesk]:
    """Logs a new agent in at the desk and takes them online."""
    desks: list[DeskPage] = []

    def make(login: tuple[str, str] | None = None, **options: Any) -> DeskPage:
        name, password = login or new_agent(stack)
        desk = DeskPage(open_context(**options).new_page(), stack.base)
        desk.visit()
        desk.log_in(name, password)
        desk.go("online")
        desks.append(desk)
        return desk

    yield make
    for desk in desks:
        if desk.page.get_by_test_id("status").is_visible():  # not logged out
            desk.go("offline")


def new_agent(stack: Stack) -> tuple[str, str]:
    """An account of a new agent: name and password."""
    name = f"agent-{secrets.token_hex(4)}"

    async def create() -> None:
        engine = await open_engine(f"sqlite:///{stack.var / 'support.db'}")
        try:
            await Accounts(SqlAccountStore(engine)).create(name, f"客服{name[-4:]}", "agent", AGENT_PASSWORD)
        finally:
            await engine.dispose()

    with ThreadPoolExecutor(1) as other_thread:  # this one's event loop is Playwright's
        other_thread.submit(asyncio.run, create()).result()
    return name, AGENT_PASSWORD
