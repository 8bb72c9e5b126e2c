"""The clock that is kept in step with Redis: an outage at the start, and answers that came too slowly to be believed."""

from __future__ import annotations

import time
from typing import Any

import pytest
from redis.exceptions import ConnectionError

from common.errors import StorageError
from handoff.connect import RedisClock


class Redis:
    """Tells the time as the test says: an error, or seconds with a delay."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)

    async def time(self) -> tuple[int, int]:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        seconds, delay = answer
        time.sleep(delay)
        return seconds, 0


async def test_a_redis_that_is_away_at_the_start_is_asked_again() -> None:
    clock = RedisClock()
    await clock.sync(Redis(ConnectionError(), ConnectionError(), (1_000, 0.0)))  # type: ignore[arg-type]
    assert 1_000_000 <= clock.now_ms() < 1_001_000


async def test_a_redis_that_stays_away_is_an_error_that_says_so() -> None:
    with pytest.raises(StorageError, match="ConnectionError"):
        await RedisClock().sync(Redis(ConnectionError()), wait_s=0.3)  # type: ignore[arg-type]


async def test_a_slow_answer_is_not_believed() -> None:
    clock = RedisClock()
    await clock.sync(Redis((5_000, 0.6), (1_000, 0.0)))  # type: ignore[arg-type]
    assert 1_000_000 <= clock.now_ms() < 1_001_000
