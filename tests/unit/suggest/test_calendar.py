"""When an occasion counts, by the game's time."""

from __future__ import annotations

from datetime import datetime

from suggest.calendar import ZONE, Occasion, Once, Weekly
from suggest.moment import Moment
from suggest.opening import Opening
from suggest.rules import Rules
from tests.unit.suggest.conftest import entries


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


MAINTENANCE = Occasion("m", "例行维护", Weekly(3, 8 * 60, 10 * 60), 0.4, ("d.4",), lead_hours=4, trail_hours=2)
SEASON = Occasion("s", "赛季", Once(at("2026-12-17T05:00"), at("2026-12-18T12:00")), 0.4, ("d.5",), lead_hours=72)


def test_the_hours_of_every_week_count() -> None:
    for day in ("2026-11-26", "2026-12-03", "2027-01-07"):  # Thursdays
        assert MAINTENANCE.counts(at(f"{day}T09:00")) == 1
    assert MAINTENANCE.counts(at("2026-11-25T09:00")) == 0
    assert MAINTENANCE.counts(at("2026-11-26T10:00")) == 1  # the first moment after it
    assert MAINTENANCE.counts(at("2026-11-26T11:00")) == 0.5
    assert MAINTENANCE.counts(at("2026-11-26T12:00")) == 0


def test_an_occasion_counts_more_the_nearer_it_is() -> None:
    assert SEASON.counts(at("2026-12-14T04:00")) == 0
    assert 0.5 < SEASON.counts(at("2026-12-15T05:00")) < SEASON.counts(at("2026-12-16T05:00")) < 1
    assert SEASON.counts(at("2026-12-17T05:00")) == 1
    assert SEASON.counts(at("2026-12-18T12:00")) == 0


def test_a_chip_of_the_calendar_names_the_occasion() -> None:
    opening = Opening(entries(), Rules(calendar=(MAINTENANCE, SEASON)), {})
    chip = opening.offer(Moment(at("2026-11-26T09:00"))).chips[0]
    assert (chip.faq_id, chip.why, chip.data) == ("d.4", "calendar", {"name": "例行维护"})
    assert all(chip.why != "calendar" for chip in opening.offer(Moment(at("2026-11-28T09:00"))).chips)
