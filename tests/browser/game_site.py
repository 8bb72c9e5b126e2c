"""A game's own site, on another origin than the gateway's, with the pages of docs/EMBEDDING.md on it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from bench.stack import Stack
from common.settings import ROOT, Settings

PLAYER = "player-1"
_DOC = (ROOT / "docs" / "EMBEDDING.md").read_text(encoding="utf-8")
_READY_WITHIN_S = 60


def examples(language: str) -> list[str]:
    """The code of docs/EMBEDDING.md in one language."""
    return re.findall(rf"```{language}\n(.*?)```", _DOC, re.S)


@contextlib.contextmanager
def gateway_for(origin: str, stack: Stack) -> Iterator[str]:
    """One more gateway of the stack, which lets pages of `origin` in; its address."""
    port = free_port()
    env = {**os.environ, "SUPPORT_VAR": str(stack.var), "PORT": str(port), "ALLOWED_ORIGINS": origin}
    env.update({"REDIS_URL": "", "DATABASE_URL": ""})
    process = subprocess.Popen([sys.executable, "-m", "gateway.app"], cwd=ROOT, env=env)
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{base}/widget.js")
        yield base
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def served(port: int, support: str) -> Iterator[str]:
    """The site, whose pages `/0`, `/1` ... embed the chat of `support`; its origin."""
    (code,) = examples("python")
    made: dict[str, Any] = {}
    exec(code, made)
    secret = Settings.from_env(os.environ).player_token_secret

    def token() -> str:
        return str(made["support_token"](secret, PLAYER, "云水"))

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages = examples("html")
            number = self.path.lstrip("/")
            if not number.isdigit() or int(number) >= len(pages):
                return self.send_error(404)
            page = (
                pages[int(number)].replace("https://support.example", support).replace('"TOKEN"', json.dumps(token()))
            )
            self._answer(page, "text/html; charset=utf-8")

        def do_POST(self) -> None:
            self._answer(json.dumps({"token": token()}), "application/json")

        def _answer(self, text: str, kind: str) -> None:
            body = text.encode()
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the test's output is for the test."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Site)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        server.server_close()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(address: str) -> None:
    end = time.monotonic() + _READY_WITHIN_S
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
