"""What is kept of what was worked out lately."""

from __future__ import annotations

from suggest.recent import Recent


def test_what_was_not_asked_for_longest_goes_first() -> None:
    kept: Recent[str, int] = Recent(3)
    for number, key in enumerate("abc"):
        kept.put(key, number)
    assert kept.get("a") == 0
    kept.put("d", 3)
    assert [kept.get(key) for key in "abcd"] == [0, None, 2, 3]


def test_one_that_weighs_more_than_all_is_not_kept_but_given_back() -> None:
    kept: Recent[str, str] = Recent(10)
    kept.put("small", "s", 4)
    assert kept.put("large", "l", 11) == "l"
    assert kept.get("large") is None and kept.get("small") is None
