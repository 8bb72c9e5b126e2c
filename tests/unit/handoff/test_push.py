"""The push hook against a small server of our own: what it sends, and what it takes for delivered."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from handoff import push
from handoff.push import WebhookPush

FIELDS = {
    "event": "your_turn",
    "at": "1700000000000",
    "player": "u1",
    "conversation": "c1",
    "data": '{"until": 5, "词": "轮到您了"}',
}


class Service(ThreadingHTTPServer):
    """An operator's push service that answers as it is told."""

    daemon_threads = False  # so that closing the server waits for its connections

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 204
        self.silent = threading.Event()  # set: it takes the request and never answers
        self.ended = threading.Event()
        self.requests: list[tuple[Any, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        self.server.requests.append((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
        if self.server.silent.is_set():
            self.server.ended.wait(10)
            return
        self.send_response(self.server.status)
        self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """The test's own output stays readable."""


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.ended.set()
    server.shutdown()
    server.server_close()
    thread.join()


def pusher(url: str, secret: str = "geheim") -> WebhookPush:
    return WebhookPush(url, secret, structlog.get_logger())


async def test_the_event_arrives_as_json_with_its_id(service: Service) -> None:
    assert await pusher(service.url)("1-0", FIELDS)
    ((headers, body),) = service.requests
    assert json.loads(body) == {
        "id": "1-0",
        "event": "your_turn",
        "at": 1_700_000_000_000,
        "player": "u1",
        "conversation": "c1",
        "data": {"until": 5, "词": "轮到您了"},
    }
    assert (headers["Content-Type"], headers["X-Support-Event"]) == ("application/json", "1-0")


async def test_the_signature_is_that_of_the_body_as_it_was_sent(service: Service) -> None:
    await pusher(service.url)("1-0", FIELDS)
    ((headers, body),) = service.requests
    assert headers["X-Support-Signature"] == hmac.new(b"geheim", body, hashlib.sha256).hexdigest()


async def test_without_a_secret_nothing_is_signed(service: Service) -> None:
    assert await pusher(service.url, "")("1-0", FIELDS)
    assert "X-Support-Signature" not in service.requests[0][0]


@pytest.mark.parametrize(("status", "taken"), [(200, True), (202, True), (204, True), (302, False), (400, False), (404, False), (500, False), (503, False)])  # fmt: skip
async def test_any_2xx_and_nothing_else_is_delivered(service: Service, status: int, taken: bool) -> None:
    service.status = status
    assert await pusher(service.url)("1-0", FIELDS) is taken
    assert len(service.requests) == 1  # a redirect is not followed: the signed event goes to nobody else


async def test_a_repeat_is_the_same_event_under_the_same_id(service: Service) -> None:
    deliver = pusher(service.url)
    service.status = 500
    assert not await deliver("1-0", FIELDS)
    service.status = 200
    assert await deliver("1-0", FIELDS)
    (first, body), (second, again) = service.requests
    assert first["X-Support-Event"] == second["X-Support-Event"] and body == again


async def test_a_service_that_is_not_there_is_no_error_but_not_delivered() -> None:
    server = Service()
    url = server.url
    server.server_close()
    assert not await pusher(url)("1-0", FIELDS)


async def test_a_service_that_does_not_answer_is_given_up(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "_TIMEOUT_S", 0.2)
    service.silent.set()
    assert not await pusher(service.url)("1-0", FIELDS)
    assert len(service.requests) == 1


async def test_what_is_logged_names_neither_player_nor_content(service: Service) -> None:
    service.status = 500
    with capture_logs() as lines:
        await pusher(service.url)("1-0", FIELDS)
    assert [line["status"] for line in lines] == [500]
    assert not any(word in str(lines) for word in ("u1", "c1", "轮到您了", "geheim"))
