"""What the routes and sockets of one gateway share; built once at the start and passed down."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from redis.asyncio import Redis

from common.clock import Clock
from common.content import Scenario
from common.keys import Keys
from common.privacy import Masker
from common.settings import Settings
from gateway.bells import Bells
from gateway.chips import ChipBook
from gateway.reads import Reads
from gateway.suggestions import Suggestions
from handoff.archive import Archive
from handoff.pictures import PictureStore
from handoff.policy import Policy
from handoff.router import EngineStore
from handoff.store import Command
from handoff.waiting_times import WaitingTimes


@dataclass(frozen=True)
class Context:
    """The parts of a gateway."""

    settings: Settings
    redis: Redis[str]
    keys: Keys
    clock: Clock
    store: EngineStore
    policy: Policy
    scenarios: Mapping[str, Scenario]
    times: WaitingTimes
    archive: Archive
    bells: Bells
    reads: Reads
    masker: Masker
    chips: ChipBook
    suggestions: Suggestions
    pictures: PictureStore
    log: Any

    def command(self, frame: Any) -> Command:
        """A frame's command: its id, and a MAC of its raw body, since what is stored is masked."""
        body = msgspec.json.encode(frame)
        mac = hmac.new(self.settings.server_secret.encode(), body, hashlib.sha256).hexdigest()[:32]
        return Command(frame.id, mac)
