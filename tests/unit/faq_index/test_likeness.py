"""Near-duplicates are found by their shared trigrams, and none is missed for speed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from faq_index import likeness

texts = st.lists(st.text(alphabet="充值没到账怎么办呀", min_size=1, max_size=14), max_size=25)


def slow_pairs(keys: list[str], threshold: float) -> set[tuple[int, int]]:
    grams = [likeness.grams(key) for key in keys]
    return {
        (first, second)
        for second in range(len(keys))
        for first in range(second)
        if likeness.jaccard(grams[first], grams[second]) >= threshold
    }


@given(texts, st.sampled_from([0.5, 0.6, 0.8, 0.9, 1.0]))
def test_the_quick_way_finds_what_comparing_every_pair_finds(keys: list[str], threshold: float) -> None:
    found = {(pair.first, pair.second) for pair in likeness.within(keys, threshold)}
    assert found == slow_pairs(keys, threshold)


@given(texts, texts, st.sampled_from([0.6, 0.8]))
def test_between_two_lists_it_finds_the_same(keys: list[str], others: list[str], threshold: float) -> None:
    found = {(pair.first, pair.second) for pair in likeness.between(keys, others, threshold)}
    grams, other_grams = [likeness.grams(key) for key in keys], [likeness.grams(key) for key in others]
    assert found == {
        (i, j)
        for i in range(len(keys))
        for j in range(len(others))
        if likeness.jaccard(grams[i], other_grams[j]) >= threshold
    }


def test_short_texts_are_alike_only_when_they_are_the_same() -> None:
    keys = [likeness.bare(text) for text in ("没到账", "没到帐！", "没到账？？", "沒到賬")]
    assert [(pair.first, pair.second) for pair in likeness.within(keys, 0.6)] == [(0, 2), (0, 3), (2, 3)]


def test_punctuation_width_and_script_make_no_other_text() -> None:
    assert likeness.bare("儲值ＡＢ 沒到賬!!") == likeness.bare("储值ab没到账")
    assert likeness.bare("？！") == "？！"
