"""What the ranker learns from impressions."""

from __future__ import annotations

import time

import numpy as np
import pytest

from suggest.features import FEATURES, VERSION
from suggest.learning import train
from suggest.moment import Moment
from suggest.opening import Opening
from suggest.ranker import Weights, prior_means
from suggest.store import Impression, Row
from tests.unit.suggest.conftest import NOW


def played(opening: Opening, count: int, wanted: str, page: str = "", taps: bool = True) -> list[Impression]:
    """Players on a page who all want the same; it is tapped where it is shown."""
    found = []
    for seed in range(count):
        offer = opening.offer(Moment(NOW + seed, page=page), seed)
        found.append(opening.impression(offer, NOW + seed, wanted, is_picked=taps and wanted in offer.shown))
    return found


def test_nothing_seen_teaches_nothing() -> None:
    assert train([]) == Weights()


def test_what_players_type_instead_is_offered_next_time(opening: Opening) -> None:
    assert "d.5" not in opening.offer(Moment(NOW)).shown
    learned = opening.with_weights(train(played(opening, 200, "d.5")))
    assert learned.offer(Moment(NOW)).shown[0] == "d.5"


def test_what_is_wanted_on_a_page_is_learned_for_that_page(opening: Opening) -> None:
    seen = played(opening, 200, "d.5", page="guild") + played(opening, 600, "a.1")
    learned = opening.with_weights(train(seen))
    there, elsewhere = (
        {chip.faq_id: chip.chance for chip in learned.offer(Moment(NOW, page=page)).chips} for page in ("guild", "")
    )
    assert there["d.5"] > 0.5
    assert elsewhere["a.1"] > elsewhere.get("d.5", 0)


def test_what_nobody_picks_goes_down(opening: Opening) -> None:
    before = opening.offer(Moment(NOW, page="guild")).chips[0]
    learned = opening.with_weights(train(played(opening, 300, "a.1", page="guild")))
    after = {chip.faq_id: chip.chance for chip in learned.offer(Moment(NOW, page="guild")).chips}
    assert after.get(before.faq_id, 0) < before.chance / 4


def test_chances_are_calibrated_once_learned(opening: Opening) -> None:
    draw = np.random.default_rng(5)
    seen = []
    for seed in range(1500):
        wanted = "g.1" if draw.random() < 0.2 else f"{draw.choice(list('abde'))}.{draw.integers(2, 6)}"
        offer = opening.offer(Moment(NOW + seed, page="guild"), seed)
        seen.append(opening.impression(offer, NOW + seed, wanted, is_picked=wanted in offer.shown))
    learned = opening.with_weights(train(seen))
    chances = {chip.faq_id: chip.chance for chip in learned.offer(Moment(NOW, page="guild")).chips}
    assert chances["g.1"] == pytest.approx(0.2, abs=0.04)


def test_looking_at_a_place_shows_in_those_who_typed_what_stood_there(opening: Opening) -> None:
    offer = opening.offer(Moment(NOW), 0)
    first, last = offer.shown[0], offer.shown[4]
    seen = [opening.impression(offer, NOW, first, is_picked=True) for _ in range(100)]
    seen += [opening.impression(offer, NOW, last, is_picked=number < 30) for number in range(100)]
    looked = train(seen).examined
    assert looked[0] > 0.95
    assert looked[4] == pytest.approx(0.43, abs=0.05)


def test_who_asked_nothing_counts_less_where_few_look(opening: Opening) -> None:
    offer = opening.offer(Moment(NOW), 0)
    gone = [opening.impression(offer, NOW) for _ in range(400)]
    typed = [opening.impression(offer, NOW, offer.shown[4], is_picked=False) for _ in range(100)]
    biases = train(gone + typed).biases[""]
    assert biases[offer.shown[0]][0] < 0 < biases[offer.shown[4]][0]


def test_impressions_of_other_features_are_not_learned_from() -> None:
    rows = (Row("a.1", (1.0, 2.0), 0),)
    assert train([Impression(NOW, rows, "a.1", True), Impression(NOW, rows, "a.1", version=VERSION + 1)]) == Weights()


def test_the_same_impressions_teach_the_same(opening: Opening) -> None:
    seen = played(opening, 50, "d.5")
    assert train(seen) == train(seen)


def test_fifty_thousand_impressions_are_learned_from_in_two_seconds() -> None:
    draw = np.random.default_rng(1)
    features = [tuple(row) for row in (prior_means() + draw.normal(0, 0.3, (500, len(FEATURES)))).tolist()]
    seen = [
        Impression(
            NOW,
            tuple(Row(f"e{(number * 7 + rank * 11) % 2336}", features[(number + rank) % 500], rank if rank < 5 else -1) for rank in range(7)),
            f"e{number * 7 % 2336}" if number % 3 else "",
            number % 2 == 0,
            event=f"k{number % 30}",
        )
        for number in range(50_000)
    ]  # fmt: skip
    begun = time.process_time()
    train(seen)
    assert time.process_time() - begun < 2 * 3  # thrice: what a busy machine adds
