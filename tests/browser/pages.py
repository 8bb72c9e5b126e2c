"""The two pages as a person sees them: what can be read on them and what can be done."""

from __future__ import annotations

from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, expect

Message = tuple[str, str]  # log number, words


class PlayerPage:
    """The game's page with the player's chat."""

    def __init__(self, page: Page, base: str, player: str, name: str = "", vip: int = 0) -> None:
        self.page = page
        self.base = base
        self.player = player
        self.name = name or player
        query = {"player": player, **({"name": name} if name else {}), **({"vip": vip} if vip else {})}
        self.address = f"{base}/?{urlencode(query)}"
        self.log = page.get_by_test_id("log")
        self.input = page.get_by_test_id("input")
        self.connection = page.get_by_test_id("connection")
        self.queue_card = page.get_by_test_id("queue-card")
        self.rating = page.get_by_test_id("rating")
        self.unsent = self.log.locator('[data-sender="player"]:not([data-n])')

    def visit(self) -> None:
        """Open the page, and the chat on it."""
        self.page.goto(self.address)
        self.open()

    def open(self) -> None:
        """Open the chat by its button and wait for the connection."""
        self.page.get_by_test_id("launcher").click()
        self.is_connected()

    def reload(self) -> None:
        """Reload the page and open the chat again."""
        self.page.reload()
        self.open()

    def is_connected(self) -> None:
        """Wait until the chat is connected."""
        expect(self.connection).to_have_attribute("data-state", "online")

    def said(self, sender: str, text: str = "") -> Locator:
        """Stored messages of `player`, `bot` or `agent` that hold `text`."""
        return self.log.locator(f'[data-n][data-sender="{sender}"]').filter(has_text=text)

    def event(self, name: str) -> Locator:
        """Status lines of an event."""
        return self.log.locator(f'[data-event="{name}"]')

    def send(self, text: str) -> None:
        """Write and press Enter."""
        self.input.fill(text)
        self.input.press("Enter")

    def ask(self, text: str) -> Locator:
        """Send a message and wait for the bot's next answer, which is returned."""
        before = self.said("bot").count()
        self.send(text)
        expect(self.said("bot")).to_have_count(before + 1)
        expect(self.unsent).to_have_count(0)
        return self.said("bot").nth(before)

    def call_person(self) -> None:
        """Press the button for a person under the newest answer."""
        self.page.get_by_test_id("human").last.click()

    def transcript(self) -> list[Message]:
        """Everything stored that the log shows, in order."""
        return _transcript(self.log)

    def listen(self) -> list[str]:
        """Every frame that the page receives from now on; it is reloaded for that."""
        heard: list[str] = []
        self.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
        self.reload()
        return heard

    def wait_for_person(self, words: str) -> None:
        """Say what it is about and press the button for a person."""
        self.send(words)
        expect(self.said("player", words)).to_have_count(1)
        self.page.get_by_test_id("human-header").click()
        expect(self.queue_card).to_be_visible()


class DeskPage:
    """An agent's desk."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.address = f"{base}/desk"
        self.messages = page.get_by_test_id("messages")
        self.composer = page.get_by_test_id("composer")
        self.summary = page.get_by_test_id("summary")
        self.owner = page.get_by_test_id("owner")
        self.notes = page.get_by_test_id("note")

    def visit(self) -> None:
        """Open the page."""
        self.page.goto(self.address)

    def log_in(self, name: str, password: str) -> None:
        """Fill in the log-in form and send it."""
        self.page.get_by_test_id("login-name").fill(name)
        self.page.get_by_test_id("login-password").fill(password)
        self.page.get_by_test_id("login-submit").click()

    def go(self, status: str) -> None:
        """Become `online`, `busy` or `offline`, and wait until the server knows."""
        expect(self.page.get_by_test_id("connection")).to_have_attribute("data-state", "online")
        self.page.get_by_test_id(f"status-{status}").click()
        expect(self.page.get_by_test_id("status")).to_have_attribute("data-status", status)
        expect(self.page.get_by_test_id("status")).to_have_attribute("aria-busy", "false")

    def queued(self, player: PlayerPage) -> Locator:
        """The player's line in the queue."""
        return self.page.get_by_test_id("queue-item").filter(has_text=player.name)

    def mine(self, player: PlayerPage) -> Locator:
        """The player's line among the agent's own conversations."""
        return self.page.get_by_test_id("mine-item").filter(has_text=player.name)

    def accept(self, player: PlayerPage) -> None:
        """Take the player out of the queue."""
        self.queued(player).get_by_test_id("accept").click()
        expect(self.owner).to_have_attribute("data-owner", "agent")
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(player.name)

    def send(self, text: str) -> None:
        """Reply to the player."""
        self.composer.fill(text)
        self.composer.press("Enter")

    def said(self, sender: str, text: str = "") -> Locator:
        """Stored messages that hold `text`."""
        return self.messages.locator(f'[data-n][data-sender="{sender}"]').filter(has_text=text)

    def summary_lines(self, kind: str) -> Locator:
        """Lines of the bot's summary."""
        return self.summary.locator(f'[data-testid="summary-line"][data-kind="{kind}"]')

    def finish(self, disposition: str, comment: str = "") -> None:
        """Fill in the dialog for what came of a conversation."""
        self.page.get_by_test_id(f"disposition-{disposition}").click()
        self.page.get_by_test_id("disposition-comment").fill(comment)
        self.page.get_by_test_id("disposition-submit").click()

    def end(self, player: PlayerPage) -> None:
        """End the open conversation as solved: left to itself it would be offered to the next test's agents."""
        self.page.get_by_test_id("close").click()
        self.finish("solved")
        expect(player.event("closed")).to_have_count(1)

    def transcript(self) -> list[Message]:
        """Everything stored that the conversation in the middle shows, in order."""
        return _transcript(self.messages)

    def display(self) -> str:
        """The agent's name as players and colleagues see it."""
        return self.page.locator(".who").inner_text()

    def show(self, tab: str) -> None:
        """Go to a page of the desk."""
        self.page.get_by_test_id(f"tab-{tab}").click()

    def request(self, what: str, of: str, note: str) -> None:
        """`transfer` the open conversation to, or `invite`, whoever or whatever group is named so."""
        self.page.get_by_test_id(what).click()
        dialog = self.page.get_by_test_id(f"{what}-dialog")
        dialog.locator(".choice").filter(has_text=of).click()
        self.fill(f"{what}-dialog", note, f"{what}-submit")

    def offer(self, kind: str, player: PlayerPage) -> Locator:
        """An offer to take the player: `queue`, `transfer` or `invite`."""
        name = player.name
        return (
            self.page.get_by_test_id("offers")
            .locator(f'[data-testid="offer"][data-kind="{kind}"]')
            .filter(has_text=name)
        )

    def take(self, kind: str, player: PlayerPage) -> None:
        """Accept such an offer."""
        self.offer(kind, player).get_by_test_id("offer-take").click()
        expect(self.offer(kind, player)).to_have_count(0)

    def move(self, item: Locator, event: str, words: str = "") -> None:
        """Take a ticket or a task a step further, with the words that the step asks for."""
        item.get_by_test_id(f"do-{event}").click()
        if words:
            self.fill("move-dialog", words)

    def fill(self, dialog: str, words: str, submit: str = "") -> None:
        """Write in a dialog, send it off, and wait until it has closed."""
        box = self.page.get_by_test_id(dialog)
        box.get_by_test_id("words").fill(words)
        box.get_by_test_id(submit or f"{dialog}-submit").click()
        expect(box).to_have_count(0)


def _transcript(log: Locator) -> list[Message]:
    bubbles = ".bubble, .speech"
    script = f"""rows => rows.map(row => [row.dataset.n, row.querySelector("{bubbles}")?.textContent ?? row.dataset.event ?? ""])"""
    found: list[list[str]] = log.locator("[data-n]").evaluate_all(script)
    return [(n, words) for n, words in found]
