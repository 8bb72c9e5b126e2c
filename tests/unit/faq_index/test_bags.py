"""Bags count what lists of names hold."""

from __future__ import annotations

from collections import Counter

import numpy as np

from faq_index.bags import Bags
from faq_index.lexical import LexicalIndex

LISTS = [["b", "a", "b"], [], ["c"], ["a", "c", "c", "d"]]


def names_of(bags: Bags) -> list[list[str]]:
    ends = np.cumsum(bags.sizes)
    return [[bags.names[number] for number in bags.numbers[end - size : end]] for end, size in zip(ends, bags.sizes)]


def test_bags_keep_their_names_in_order() -> None:
    assert names_of(Bags.of(LISTS)) == LISTS
    assert names_of(Bags.of(LISTS[:2]).plus(LISTS[2:])) == LISTS
    assert names_of(Bags.of([])) == []


def test_some_are_taken_in_any_order_and_more_than_once() -> None:
    assert names_of(Bags.of(LISTS).take([3, 1, 0, 3])) == [LISTS[3], LISTS[1], LISTS[0], LISTS[3]]
    assert names_of(Bags.of(LISTS).take([])) == []


def test_neighbours_are_merged() -> None:
    assert names_of(Bags.of(LISTS).merged([2, 0, 2])) == [LISTS[0], [], LISTS[2] + LISTS[3]]


def test_names_are_counted_in_the_order_of_a_counter() -> None:
    counted = Bags.of(LISTS).take([0, 1, 3]).counted()
    found: list[list[tuple[str, int]]] = [[] for _ in range(counted.size)]
    for bag, number, count in zip(counted.bags, counted.numbers, counted.counts):
        found[bag].append((counted.names[number], count))
    assert found == [list(Counter(names).items()) for names in (LISTS[0], LISTS[1], LISTS[3])]


def test_an_index_of_bags_is_one_of_counts() -> None:
    plain = LexicalIndex.build([Counter(names) for names in LISTS])
    bags = LexicalIndex.of_counts(Bags.of([["unheld"], *LISTS]).take([1, 2, 3, 4]).counted())
    for terms in ({"a"}, {"b", "c"}, {"d", "unknown"}, {"unheld"}):
        assert np.array_equal(plain.scores(terms), bags.scores(terms))
    assert plain.scores({"b"}).argmax() == 0 and plain.scores({"c"})[1] == 0
