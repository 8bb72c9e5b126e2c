"""A whole stack of its own, started as `make run` starts it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from common.settings import ROOT

_READY_WITHIN_S = 180


@dataclass(frozen=True)
class Stack:
    """A running stack."""

    port: int
    var: Path
    start_s: float  # from the start of the supervisor to everything ready
    login: tuple[str, str]  # the admin's name and password
    process: subprocess.Popen[str]

    @property
    def base(self) -> str:
        """The gateway's address."""
        return f"http://127.0.0.1:{self.port}"

    def pids(self, program: str) -> list[int]:
        """Process ids of a supervised program (`redis`, `gateway`, `handoff`, `bot`)."""
        supervisord = next(iter(_children(self.process.pid)))
        words = {"redis": "redis-server", "gateway": "gateway.app", "handoff": "handoff.worker", "bot": "bot.worker"}
        return [pid for pid in _children(supervisord) if words[program] in _command(pid)]


@contextlib.contextmanager
def running(**environ: str) -> Iterator[Stack]:
    """Start a stack on a free port, with `environ` on top of the environment, and stop it at the end.

    Raises:
        RuntimeError: it did not come up; the message holds its last output.
    """
    with tempfile.TemporaryDirectory(prefix="yunlan-") as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        env = {**os.environ, "SUPPORT_VAR": folder, "PORT": str(port), "REDIS_URL": "", "DATABASE_URL": "", **environ}
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.supervise"], cwd=ROOT, env=env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            lines = _until_ready(process)
            login = next(line.split("as", 1)[1].split("(")[0] for line in lines if "Log in as" in line)
            name, _, password = login.partition("/")
            took = time.monotonic() - started
            yield Stack(port, Path(folder), took, (name.strip(), password.strip()), process)
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _until_ready(process: subprocess.Popen[str]) -> list[str]:
    lines: list[str] = []
    deadline = time.monotonic() + _READY_WITHIN_S
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip())
        if "Ctrl-C" in line:
            return lines
        if time.monotonic() > deadline:
            break
    raise RuntimeError("the stack did not come up:\n" + "\n".join(lines[-20:]))


def _children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found.append(int(stat.parent.name))
    return sorted(found)


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
