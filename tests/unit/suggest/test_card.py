"""The card: only for a need that is near certain, by the learned chance."""

from __future__ import annotations

from suggest.decay import MINUTE
from suggest.moment import GameEvent, Moment
from suggest.opening import Opening
from suggest.ranker import Weights
from suggest.store import Counts
from tests.unit.suggest.conftest import NOW

FAILED = GameEvent("failed", NOW - 2 * MINUTE, {"order_tail": "1234"})


def test_an_event_of_a_kind_without_cards_makes_none(opening: Opening) -> None:
    surely = opening.with_weights(Weights(biases={"event:sold": {"e.4": (3.0, 0.1)}}))
    offer = surely.offer(Moment(NOW, events=(GameEvent("sold", NOW),)))
    assert offer.card is None
    assert offer.chips[0].why == "sold"
    assert offer.chips[0].chance > 0.9


def test_what_players_turned_out_not_to_want_is_no_longer_a_card(opening: Opening) -> None:
    unwanted = {f"h.{number}": (-3.0, 0.1) for number in range(1, 6)}
    learned = opening.with_weights(Weights(biases={"event:failed": unwanted}))
    assert opening.offer(Moment(NOW, events=(FAILED,))).card is not None
    assert learned.offer(Moment(NOW, events=(FAILED,))).card is None


def test_in_an_outage_of_something_else_there_is_no_card(opening: Opening) -> None:
    outage = opening.with_counts(Counts(NOW, now={"e.5": 60.0}, week={"a.1": 5000.0}))
    offer = outage.offer(Moment(NOW, events=(FAILED,)))
    assert offer.card is None
    assert offer.chips[0].why == "trending"
    assert "h.1" in offer.shown


def test_a_draw_does_not_decide_about_the_card(opening: Opening) -> None:
    moment = Moment(NOW, events=(FAILED,))
    assert {opening.offer(moment, seed).card is not None for seed in range(20)} == {True}


def test_a_card_says_what_happened_though_many_ask_the_same_right_now(opening: Opening) -> None:
    same = opening.with_counts(Counts(NOW, now={"h.1": 60.0}, week={"a.1": 5000.0}))
    card = same.offer(Moment(NOW, events=(FAILED,))).card
    assert card is not None
    assert (card.why, card.data) == ("failed", {"order_tail": "1234"})
