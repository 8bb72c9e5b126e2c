"""A PostgreSQL server that lives as long as the process, for tests and measurements: nothing to install or to start.

Its binaries come from the `pgserver` package, else from Debian's `postgresql`. Started by root it runs as `nobody`,
since PostgreSQL refuses root (pgserver's own Python adds a system user and opens the folders above it to everyone).
Call `start` from the main thread: the server ends with the thread that started it.
"""

from __future__ import annotations

import atexit
import ctypes
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg

_PATIENCE_S = 30.0

_numbers = itertools.count(1)


@lru_cache(maxsize=1)
def start() -> str:
    """The URL of the server's `postgres` database, the server started by the first call; it accepts only local users.

    Raises:
        RuntimeError: no usable PostgreSQL here; says why for each place tried.
    """
    folder = Path(tempfile.mkdtemp(prefix="scratch-pg-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
    failures = []
    for binaries in _candidates():
        try:
            return _start(_reachable(binaries, folder), folder)
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            failures.append(f"{binaries}: {error}")
            shutil.rmtree(folder / "data", ignore_errors=True)
    raise RuntimeError("no PostgreSQL: " + ("; ".join(failures) or "install pgserver or Debian's postgresql"))


@asynccontextmanager
async def database() -> AsyncIterator[str]:
    """The URL of a new, empty database on that server; it is dropped at the end."""
    server = start()
    name = f"scratch_{next(_numbers)}"
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
        yield server.replace("/postgres?", f"/{name}?")
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


def _candidates() -> list[Path]:
    package = find_spec("pgserver")
    ours = [Path(package.origin).parent / "pginstall" / "bin"] if package and package.origin else []
    return ours + sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _reachable(binaries: Path, folder: Path) -> Path:
    """The same binaries where the server's user may run them (a virtual environment under /root is closed to it)."""
    try:
        _run([binaries / "postgres", "--version"], folder)
    except PermissionError:
        if not (folder / "install").exists():
            shutil.copytree(binaries.parent, folder / "install", symlinks=True)
        return folder / "install" / "bin"
    return binaries


def _start(binaries: Path, folder: Path) -> str:
    data = folder / "data"
    options = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
    _run([binaries / "initdb", "-D", data, *options], folder)
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
            stdout=output, stderr=subprocess.STDOUT, preexec_fn=_end_with_parent, **_as_user(folder),
        )  # fmt: skip
    atexit.register(_stop, server)
    deadline = time.monotonic() + _PATIENCE_S
    while server.poll() is None and time.monotonic() < deadline:
        pid_file = data / "postmaster.pid"
        if pid_file.exists() and pid_file.read_text().rstrip().endswith("ready"):
            return f"postgresql://postgres@/postgres?host={folder}"
        time.sleep(0.02)
    _stop(server)
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace').strip()[-500:]}")


def _run(arguments: list[Any], folder: Path) -> None:
    done = subprocess.run(arguments, capture_output=True, timeout=_PATIENCE_S, check=False, **_as_user(folder))
    if done.returncode:
        raise RuntimeError(f"{Path(arguments[0]).name}: {done.stderr.decode(errors='replace').strip()[-500:]}")


def _as_user(folder: Path) -> dict[str, Any]:
    settings: dict[str, Any] = {"cwd": folder, "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        settings |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return settings


def _end_with_parent() -> None:
    if sys.platform == "linux":  # PR_SET_PDEATHSIG: a killed test run leaves no server behind
        ctypes.CDLL(None).prctl(1, signal.SIGINT)


def _stop(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.send_signal(signal.SIGINT)  # "fast": ends the sessions
        try:
            server.wait(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
