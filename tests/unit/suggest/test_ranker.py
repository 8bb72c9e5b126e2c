"""The ranker's belief: day one, what was learned, and what a draw does."""

from __future__ import annotations

import numpy as np
import pytest

from suggest.decay import DAY, MINUTE
from suggest.features import FEATURES, VERSION
from suggest.moment import GameEvent, Moment
from suggest.opening import Opening
from suggest.ranker import Weights, places
from tests.unit.suggest.conftest import NOW


def test_on_day_one_the_model_says_what_the_rules_say(opening: Opening) -> None:
    chip = opening.offer(Moment(NOW, page="guild")).chips[0]
    # 0.6 of the page, of which the first of two entries gets two thirds, and hardly any of what is asked in general.
    assert chip.chance == pytest.approx(0.4, abs=0.02)


def test_a_learned_bias_counts_where_it_was_learned(opening: Opening) -> None:
    weights = Weights(biases={"page:guild": {"d.4": (6.0, 0.1)}, "event:failed": {"e.3": (9.0, 0.1)}})
    learned = opening.with_weights(weights)
    assert "d.4" in learned.offer(Moment(NOW, page="guild")).shown
    assert "d.4" not in learned.offer(Moment(NOW)).shown
    failed = GameEvent("failed", NOW - MINUTE)
    assert "e.3" in learned.offer(Moment(NOW, events=(failed,))).shown


def test_what_was_learned_of_an_event_ends_with_it(opening: Opening) -> None:
    learned = opening.with_weights(Weights(biases={"event:failed": {"e.3": (9.0, 0.1)}}))
    old = GameEvent("failed", NOW - DAY)
    assert learned.offer(Moment(NOW, events=(old,))).shown == opening.offer(Moment(NOW)).shown


def test_weights_survive_their_text() -> None:
    weights = Weights(biases={"": {"a.1": (0.5, 0.25)}}, learned_from=3, examined=(0.9, 0.8))
    assert Weights.loads(weights.dumps()) == weights


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"means": 1}', "null"])
def test_a_text_that_holds_no_weights_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Weights.loads(text)


def test_weights_of_other_features_are_not_used(opening: Opening) -> None:
    old = Weights(means=(1.0,), covariance=((1.0,),), version=VERSION + 1)
    assert opening.with_weights(old).offer(Moment(NOW)).shown == opening.offer(Moment(NOW)).shown


def test_biases_of_entries_that_are_gone_are_left_out(opening: Opening) -> None:
    learned = opening.with_weights(Weights(biases={"": {"gone.1": (9.0, 0.1)}}))
    assert learned.offer(Moment(NOW)).shown == opening.offer(Moment(NOW)).shown


def test_draws_differ_less_where_more_is_known(opening: Opening) -> None:
    sure = Weights(covariance=tuple(map(tuple, np.eye(len(FEATURES)) * 1e-6)))
    certain = opening.with_weights(sure)

    def spread(chosen: Opening) -> float:
        view = chosen._viewer.view(Moment(NOW), chosen._popularity)
        draws = [chosen._ranker.chances(view, np.random.default_rng(seed))[0] for seed in range(200)]
        return float(np.std(draws))

    assert spread(certain) < spread(opening)


def test_a_situation_has_the_places_it_is_known_by() -> None:
    assert places("", "") == ("",)
    assert places("ban", "guild") == ("", "event:ban", "page:guild")
