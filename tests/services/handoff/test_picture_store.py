"""Where pictures lie: the same behaviour of the twin, SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from handoff.migrations import migrate
from handoff.pictures import KEEP_MS, UNCLAIMED_MS, Drawn, MemoryPictureStore, Picture, PictureStore, UnknownImage
from handoff.protocol import Image
from handoff.sql.engine import open_engine
from handoff.sql.pictures import SqlPictureStore
from tests import scratch_postgres

NOW = 1_795_000_000_000
JPEG = bytes(range(256)) * 40
DAY = 86_400_000


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[PictureStore]:
    if request.param == "memory":
        yield MemoryPictureStore()
        return
    async with AsyncExitStack() as stack:
        url = f"sqlite:///{tmp_path}/support.db"
        if request.param == "postgresql":
            request.getfixturevalue("postgresql")
            url = await stack.enter_async_context(scratch_postgres.database())
        await migrate(url)
        engine = await open_engine(url)
        yield SqlPictureStore(engine)
        await engine.dispose()


def picture(id: str = "a" * 32, player: str = "u1", at: int = NOW) -> Picture:
    return Picture(id, player, at, Drawn(JPEG, 640, 480))


async def test_a_picture_comes_back_byte_for_byte(pictures: PictureStore) -> None:
    await pictures.add(picture())
    assert await pictures.get("a" * 32) == picture()


@pytest.mark.parametrize("id", ["b" * 32, "", "a" * 31, "x\x00y", "\ud800", "' OR 1=1 --"])
async def test_another_id_names_no_picture(pictures: PictureStore, id: str) -> None:
    await pictures.add(picture())
    with pytest.raises(UnknownImage):
        await pictures.get(id)
    with pytest.raises(UnknownImage):
        await pictures.claim(id, "u1", "c1")


async def test_a_player_sends_their_own_picture_and_again(pictures: PictureStore) -> None:
    await pictures.add(picture())
    for _ in range(2):
        assert await pictures.claim("a" * 32, "u1", "c1") == Image(id="a" * 32, width=640, height=480)
    assert (await pictures.get("a" * 32)).conversation == "c1"


async def test_a_picture_of_somebody_else_can_not_be_sent(pictures: PictureStore) -> None:
    await pictures.add(picture())
    with pytest.raises(UnknownImage):
        await pictures.claim("a" * 32, "u2", "c2")
    assert (await pictures.get("a" * 32)).conversation == ""


async def test_what_was_not_sent_goes_after_a_day_and_the_rest_with_its_time(pictures: PictureStore) -> None:
    for id, at, sent in (
        ("1", NOW - UNCLAIMED_MS - 1, False),
        ("2", NOW - UNCLAIMED_MS, False),
        ("3", NOW - UNCLAIMED_MS - 1, True),
        ("4", NOW - KEEP_MS - 1, True),
        ("5", NOW - KEEP_MS, True),
    ):
        await pictures.add(picture(id * 32, at=at))
        if sent:
            await pictures.claim(id * 32, "u1", "c1")
    assert await pictures.sweep(NOW) == 2
    for id in "14":
        with pytest.raises(UnknownImage):
            await pictures.get(id * 32)
    for id in "235":
        await pictures.get(id * 32)
    assert await pictures.sweep(NOW) == 0
    assert await pictures.sweep(NOW, keep_ms=DAY // 2) == 3


async def test_many_old_pictures_go_in_one_sweep(pictures: PictureStore) -> None:
    for number in range(230):
        await pictures.add(picture(f"{number:032x}", at=NOW - 2 * DAY))
    assert await pictures.sweep(NOW) == 230
