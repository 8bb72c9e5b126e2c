"""What the gateway counts for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Gauge

_SOCKETS = Gauge("support_sockets", "Open WebSockets", ["kind"])


@contextmanager
def connected(kind: str) -> Iterator[None]:
    """Count a socket while it is open."""
    _SOCKETS.labels(kind).inc()
    try:
        yield
    finally:
        _SOCKETS.labels(kind).dec()
