"""What every `SuggestStore` must do; run on the memory twin and on Redis by overriding the fixture `make`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from suggest.decay import DAY, HOUR, HOURS, MINUTE, NOW, WEEK
from suggest.moment import GameEvent, LastTalk
from suggest.ranker import Weights
from suggest.store import LIMITS, Impression, Limits, Row, SuggestStore

AT = 1_795_480_000_000
Make = Callable[[Limits], SuggestStore]


def impression(number: int) -> Impression:
    return Impression(
        AT + number, (Row("a.1", (1.0, 0.5), 0), Row("b.1", (1.0, 0.1), -1, 99.0)), "b.1", event="ban", page="shop"
    )


class SuggestStoreContract:
    """The contract; a subclass says how a store is made."""

    @pytest.fixture
    def make(self) -> Make:
        raise NotImplementedError

    @pytest.fixture
    def store(self, make: Make) -> SuggestStore:
        return make(LIMITS)

    async def test_what_is_asked_is_counted_and_forgotten_at_three_rates(self, store: SuggestStore) -> None:
        for player in ("p1", "p2", "p3", "p4"):
            await store.asked("a.1", player, AT)
        counts = await store.counts(AT)
        assert counts.at == AT
        for part, decay in (("now", NOW), ("hours", HOURS), ("week", WEEK)):
            assert getattr(counts, part)["a.1"] == pytest.approx(4, rel=1e-6)
            later = await store.counts(AT + decay.half_life_ms)
            assert getattr(later, part)["a.1"] == pytest.approx(2, rel=1e-6)

    async def test_counts_add_up_across_a_landmark(self, store: SuggestStore) -> None:
        edge = NOW.landmark(AT) + 64 * NOW.half_life_ms
        await store.asked("a.1", "p1", edge - 1)
        await store.asked("a.1", "p2", edge)
        assert (await store.counts(edge)).now["a.1"] == pytest.approx(2, rel=1e-4)

    async def test_what_is_worth_nothing_is_left_out(self, store: SuggestStore) -> None:
        await store.asked("a.1", "p1", AT)
        counts = await store.counts(AT + DAY)
        assert "a.1" not in counts.now
        assert "a.1" in counts.week

    async def test_nobody_makes_a_trend_alone(self, store: SuggestStore) -> None:
        for second in range(5):
            await store.asked("a.1", "p1", AT + second * 1000)
        await store.asked("a.2", "p1", AT)
        counts = await store.counts(AT + 5000)
        assert counts.week["a.1"] == pytest.approx(1, abs=0.01)
        assert counts.week["a.2"] == pytest.approx(1, abs=0.01)

    async def test_impressions_come_back_as_they_were_oldest_first(self, make: Make) -> None:
        store = make(Limits(impressions=3))
        for number in range(5):
            await store.add_impression(impression(number))
        kept = list(await store.impressions())
        assert await store.impression_count() >= len(kept)
        assert kept[-3:] == [impression(2), impression(3), impression(4)]

    async def test_what_follows_an_entry_is_counted_and_bounded(self, make: Make) -> None:
        store = make(Limits(transitions=2))
        for number in range(8):
            for _ in range(number + 1):
                await store.went("a.1", f"b.{number}", AT)
        found = await store.transitions("a.1", AT)
        assert max(found, key=lambda after: found[after]) == "b.7"
        assert 6 <= found["b.7"] <= 8.001
        assert len(found) <= 4
        assert await store.transitions("a.2", AT) == {}

    async def test_a_players_events_are_kept_newest_first_few_and_not_for_ever(self, make: Make) -> None:
        store = make(Limits(events=3))
        for minute in range(5):
            await store.push_event("p1", GameEvent("ban", AT + minute * MINUTE, {"days": str(minute)}))
        found = list(await store.events("p1", AT + HOUR))
        assert found == [GameEvent("ban", AT + minute * MINUTE, {"days": str(minute)}) for minute in (4, 3, 2)]
        assert list(await store.events("p2", AT)) == []
        assert list(await store.events("p1", AT + 31 * DAY)) == []

    async def test_what_was_passed_over_counts_until_it_is_taken(self, store: SuggestStore) -> None:
        await store.passed_over("p1", ["a.1", "a.2"], AT)
        await store.passed_over("p1", ["a.1"], AT + MINUTE)
        await store.taken("p1", "a.2")
        passed = await store.passed("p1", AT + MINUTE)
        assert {entry: (how.times, how.at) for entry, how in passed.items()} == {"a.1": (2, AT + MINUTE)}
        assert await store.passed("p2", AT) == {}
        assert await store.passed("p1", AT + 15 * DAY) == {}

    async def test_the_oldest_passed_over_is_forgotten_first(self, make: Make) -> None:
        store = make(Limits(passed=2))
        for number in range(4):
            await store.passed_over("p1", [f"a.{number}"], AT + number)
        assert set(await store.passed("p1", AT + 10)) == {"a.2", "a.3"}

    async def test_the_last_conversation_is_remembered_for_a_month(self, store: SuggestStore) -> None:
        assert await store.last_talk("p1", AT) is None
        await store.talked("p1", LastTalk("a", "a.1", AT))
        await store.talked("p1", LastTalk("b", "", AT + 1, is_solved=True))
        assert await store.last_talk("p1", AT + DAY) == LastTalk("b", "", AT + 1, is_solved=True)
        assert await store.last_talk("p1", AT + 31 * DAY) is None

    async def test_what_was_learned_comes_back(self, store: SuggestStore) -> None:
        assert await store.weights() is None
        learned = Weights(biases={"": {"a.1": (0.5, 0.2)}, "event:ban": {"b.1": (1.0, 0.3)}}, learned_from=7)
        await store.save_weights(Weights())
        await store.save_weights(learned)
        assert await store.weights() == learned
