"""`python -m suggest.learn`: train the ranker of chips from the impressions in Redis; a gateway starts it now and then.

A process of its own, since it needs more memory for a moment than a gateway may have.
"""

from __future__ import annotations

import asyncio
import os
import sys

from redis.asyncio import Redis
from redis.exceptions import RedisError

from common.errors import StorageError, SupportError
from common.keys import Keys
from common.settings import Settings
from suggest.learning import train
from suggest.redis_store import RedisSuggestStore


async def learn(settings: Settings) -> int:
    """Train and save; how many impressions it was learned from. StorageError when Redis is away."""
    redis: Redis[str] = Redis.from_url(settings.redis_address, decode_responses=True)
    store = RedisSuggestStore(redis, Keys(settings.redis_prefix))
    try:
        weights = train(await store.impressions())
        await store.save_weights(weights)
    except (RedisError, OSError) as error:
        raise StorageError(f"Redis does not answer ({type(error).__name__}); check REDIS_URL") from error
    finally:
        await redis.close(close_connection_pool=True)
    return weights.learned_from


if __name__ == "__main__":
    try:
        print(f"learned from {asyncio.run(learn(Settings.from_env(os.environ)))} impressions")
    except SupportError as error:
        sys.exit(f"suggest.learn: {error}")
