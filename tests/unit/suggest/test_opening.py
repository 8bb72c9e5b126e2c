"""The five chips of an opening and the card: what is chosen, why it says it is, and what is never shown."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from suggest.decay import DAY, HOUR, MINUTE
from suggest.moment import GameEvent, LastTalk, Moment, Passed
from suggest.opening import CHIPS, Offer, Opening
from suggest.rules import Rules
from suggest.store import Counts
from tests.unit.suggest.conftest import NOW, E, entries, rules

FAILED = GameEvent("failed", NOW - 2 * MINUTE, {"order_tail": "1234", "card": "6222"})


def ids(offer: Offer) -> list[str]:
    return list(offer.shown)


def test_a_player_of_whom_nothing_is_known_is_offered_what_is_asked_most(opening: Opening) -> None:
    offer = opening.offer(Moment(NOW))
    assert ids(offer)[0] == "a.1"
    assert {chip.why for chip in offer.chips} == {"popular"}
    assert len(offer.chips) == CHIPS and offer.card is None


def test_a_scenario_has_at_most_two(opening: Opening) -> None:
    scenarios = [id.split(".")[0] for id in ids(opening.offer(Moment(NOW)))]
    assert max(scenarios.count(name) for name in scenarios) == 2


def test_only_what_holds_on_the_platform_and_the_day_is_offered(opening: Opening) -> None:
    assert "b.1" in ids(opening.offer(Moment(NOW, platform="ios")))
    assert "b.1" not in ids(opening.offer(Moment(NOW, platform="android")))
    assert "c.1" not in ids(opening.offer(Moment(NOW)))


def test_what_must_not_be_offered_unasked_never_is() -> None:
    quiet = Opening(entries(), replace(rules(), never=frozenset("ah")), {"a": 99.0})
    offer = quiet.offer(Moment(NOW, events=(FAILED,)), 1)
    assert offer.card is None
    assert not {id[0] for id in ids(offer)} & {"a", "h"}


def test_a_fresh_event_comes_first_and_is_a_card_with_its_own_data_alone(opening: Opening) -> None:
    offer = opening.offer(Moment(NOW, events=(FAILED,)))
    assert offer.card is not None
    assert (offer.card.faq_id, offer.card.why, offer.card.data) == ("h.1", "failed", {"order_tail": "1234"})
    assert len(offer.chips) == CHIPS - 1
    assert "h.1" not in [chip.faq_id for chip in offer.chips]


def test_an_event_that_is_no_longer_fresh_makes_a_chip_and_no_card(opening: Opening) -> None:
    offer = opening.offer(Moment(NOW, events=(GameEvent("failed", NOW - 40 * MINUTE),)))
    assert offer.card is None
    assert offer.chips[0].faq_id == "h.1"


def test_an_event_is_forgotten(opening: Opening) -> None:
    offer = opening.offer(Moment(NOW, events=(GameEvent("failed", NOW - 3 * DAY),)))
    assert "h.1" not in ids(offer)


def test_kinds_of_events_and_pages_that_nobody_knows_change_nothing(opening: Opening) -> None:
    plain = opening.offer(Moment(NOW))
    strange = opening.offer(Moment(NOW, page="moon/base", events=(GameEvent("eclipse", NOW),)))
    assert ids(strange) == ids(plain)


def test_the_page_speaks_and_a_page_below_it_for_itself(opening: Opening) -> None:
    chip = opening.offer(Moment(NOW, page="guild/members/7")).chips[0]
    assert (chip.faq_id, chip.why, chip.data) == ("g.1", "page", {"page": "guild"})
    assert opening.offer(Moment(NOW, page="guild/war")).chips[0].faq_id == "g.5"


def test_new_and_vip_players_are_offered_their_own(opening: Opening) -> None:
    assert opening.offer(Moment(NOW, level=5)).chips[0].why == "new_player"
    assert opening.offer(Moment(NOW, level=80, vip=9)).chips[0].why == "vip"
    assert "f.1" not in ids(opening.offer(Moment(NOW)))


def test_an_open_conversation_is_gone_on_with(opening: Opening) -> None:
    talk = LastTalk("g", "g.3", NOW - HOUR)
    chip = opening.offer(Moment(NOW, last=talk)).chips[0]
    assert (chip.faq_id, chip.why) == ("g.3", "continue")
    settled = opening.offer(Moment(NOW, last=LastTalk("g", "g.3", NOW - HOUR, is_solved=True)))
    assert settled.chips[0].faq_id == "a.1"


def test_a_conversation_about_what_the_library_no_longer_has_is_no_reason(opening: Opening) -> None:
    assert ids(opening.offer(Moment(NOW, last=LastTalk("gone", "gone.1", NOW)))) == ids(opening.offer(Moment(NOW)))


def test_what_was_passed_over_makes_room_and_comes_back(opening: Opening) -> None:
    lately = {"a.1": Passed(4, NOW - HOUR)}
    assert "a.1" not in ids(opening.offer(Moment(NOW, passed=lately)))
    assert "a.1" in ids(opening.offer(Moment(NOW + 30 * DAY, passed=lately)))


def test_what_many_ask_right_now_shows_and_says_so(opening: Opening) -> None:
    counts = Counts(NOW, now={"h.5": 40.0, "a.1": 5.0}, hours={"h.5": 40.0}, week={"a.1": 3000.0, "b.2": 900.0})
    chip = opening.with_counts(counts).offer(Moment(NOW)).chips[0]
    assert (chip.faq_id, chip.why) == ("h.5", "trending")


def test_english_speakers_are_asked_in_english_where_there_is_any(opening: Opening) -> None:
    texts = {chip.faq_id: chip.text for chip in opening.offer(Moment(NOW, language="en-GB")).chips}
    assert texts["a.1"] == "How?"
    assert texts["a.2"] == "a2?"


def test_the_same_seed_offers_the_same_and_seeds_explore(opening: Opening) -> None:
    assert opening.offer(Moment(NOW), 7) == opening.offer(Moment(NOW), 7)
    assert len({opening.offer(Moment(NOW), seed).shown for seed in range(30)}) > 1


def test_an_impression_knows_what_was_typed_instead_and_what_was_not_shown(opening: Opening) -> None:
    offer = opening.offer(Moment(NOW, page="guild"), seed=3)
    seen = opening.impression(offer, NOW + 5, asked="d.5")
    assert [row.entry for row in seen.rows if row.rank >= 0] == ids(offer)
    assert seen.asked == "d.5" and not seen.is_picked and seen.page == "guild"
    assert [row.weight for row in seen.rows if row.entry == "d.5"] == [1.0]
    drawn = [row for row in seen.rows if row.rank < 0 and row.entry != "d.5"]
    assert drawn and sum(row.weight for row in drawn) <= 40
    assert len({row.entry for row in seen.rows}) == len(seen.rows)


def test_an_entry_that_the_library_does_not_have_was_not_asked(opening: Opening) -> None:
    assert opening.impression(opening.offer(Moment(NOW)), NOW, asked="gone.1").asked == ""


def test_a_library_with_little_in_it_offers_what_there_is() -> None:
    assert ids(Opening([E("x.1", "x"), E("x.2", "x"), E("x.3", "x")], Rules(), {}).offer(Moment(NOW), 1)) == [
        "x.1",
        "x.2",
    ]
    assert Opening([], Rules(), {}).offer(Moment(NOW), 1).chips == ()


def test_chances_are_a_distribution_whatever_is_known(opening: Opening) -> None:
    moment = Moment(
        NOW, page="guild", level=3, vip=8, events=(FAILED, GameEvent("sold", NOW)), last=LastTalk("a", "a.1", NOW)
    )
    view = opening._viewer.view(moment, opening._popularity)
    assert view.chances.sum() == pytest.approx(1.0, abs=1e-6)
    assert np.isfinite(view.matrix).all()


def test_an_opening_of_2336_entries_takes_two_milliseconds() -> None:
    many = Opening([E(f"s{row // 17}.e{row}", f"s{row // 17}") for row in range(2336)], Rules(), {})
    many.offer(Moment(NOW), 0)
    begun = time.process_time()
    for seed in range(50):
        many.offer(Moment(NOW), seed)
    assert (time.process_time() - begun) / 50 < 0.002 * 3  # thrice: what a busy machine adds
