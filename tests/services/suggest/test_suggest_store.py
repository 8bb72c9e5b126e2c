"""The Redis adapter of what suggestions remember keeps the contract of the memory twin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from common.keys import Keys
from common.settings import Settings
from suggest.features import FEATURES
from suggest.learn import learn
from suggest.ranker import Weights
from suggest.redis_store import RedisSuggestStore
from suggest.store import Impression, Limits, Row
from tests.unit.suggest.store_contract import Make, SuggestStoreContract


class TestRedisSuggestStore(SuggestStoreContract):
    """The contract on Redis."""

    @pytest.fixture
    def make(self, redis: Redis[Any]) -> Make:  # type: ignore[override]
        def of(limits: Limits) -> RedisSuggestStore:
            return RedisSuggestStore(redis, Keys("s:"), limits)

        return of


async def test_weights_of_other_features_are_not_used(redis: Redis[Any]) -> None:
    store = RedisSuggestStore(redis, Keys("s:"))
    await redis.set("s:s:weights", replace(Weights(), means=(0.0,)).dumps())
    assert await store.weights() is None
    await redis.set("s:s:weights", "garbage")
    assert await store.weights() is None


async def test_the_learner_trains_from_what_is_kept(redis: Redis[Any], redis_url: str) -> None:
    settings = Settings.from_env({"REDIS_URL": redis_url, "REDIS_PREFIX": "s:"})
    store = RedisSuggestStore(redis, Keys("s:"))
    features = tuple(0.0 for _ in FEATURES)
    for number in range(30):
        rows = (Row("a.1", features, 0), Row("b.1", features, 1))
        await store.add_impression(Impression(number, rows, "a.1", is_picked=True))
    assert await learn(settings) == 30
    weights = await store.weights()
    assert weights is not None and weights.biases[""]["a.1"][0] > 0 > weights.biases[""]["b.1"][0]
