"""A relay between one process and Redis, so that their connection can be cut without hurting anybody else's."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

_CHUNK = 65_536


class Link:
    """Listens on a Unix socket of its own and passes bytes on to that of Redis."""

    def __init__(self, path: Path, redis: Path) -> None:
        self.path = path
        self.cut = False
        self._redis = redis
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.AbstractServer

    @property
    def url(self) -> str:
        """What the process takes for the address of Redis."""
        return f"unix://{self.path}"

    async def open(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_unix_server(self._serve, str(self.path))

    def sever(self) -> None:
        """Break every connection and refuse new ones until `mend`."""
        self.cut = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        """Let connections through again."""
        self.cut = False

    def close(self) -> None:
        """Stop listening, and break what is open."""
        self._server.close()
        self.sever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if not self.cut:
                far_reader, far_writer = await asyncio.open_unix_connection(str(self._redis))
                self._writers.add(far_writer)
                try:
                    await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
                finally:
                    self._drop(far_writer)
        except OSError:
            pass  # Redis is away, and so it is for the process
        finally:
            self._drop(writer)

    def _drop(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
