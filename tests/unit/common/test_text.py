"""One spelling for every text, with a way back to what was typed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from common.text import Aliases, is_english, normalise

ALIASES = Aliases({"cz": "充值", "帐号": "账号", "😡": "生气", "肿么": "怎么", "[流泪]": "哭"})
LEXICON = Path(__file__).parents[3] / "data" / "lexicon"


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("ＹＬ２０２６", "yl2026"),
        ("儲值沒到賬", "储值没到账"),
        ("不瞭解乾坤，乾淨", "不了解乾坤,干净"),
        ("啊啊啊啊啊！！！！", "啊啊!"),
        ("100000", "100000"),
        ("我 的 號 iPhone 13  pro", "我的号iphone 13 pro"),
        ("a\u200bb\ufeffc\x00d", "abcd"),
        ("cz没到", "充值没到"),
        ("czech", "czech"),
        ("帳號被盜😡🐶", "账号被盗生气"),
        ("没了[流泪]", "没了哭"),
        ("①②", "12"),
        ("", ""),
        ("   \n\t", ""),
        ("🐶", ""),
    ],
)
def test_typings_of_one_thing_become_one_spelling(typed: str, normal: str) -> None:
    assert normalise(typed, ALIASES).text == normal


def test_a_span_leads_back_to_the_words_as_typed() -> None:
    typed = "昨天ＣＺ了６４８元！！！"
    normal = normalise(typed, ALIASES)
    assert normal.text == "昨天充值了648元!"
    start = normal.text.index("充值")
    assert typed[slice(*normal.source_span(start, start + 2))] == "ＣＺ"
    start = normal.text.index("648元")
    assert typed[slice(*normal.source_span(start, start + 4))] == "６４８元"


def test_script_is_the_same_as_openccs() -> None:
    text = "轉帳號請問儲值後遊戲幣沒有進來該怎麼處理裝備強化失敗掉級麼乾坤乾燥後來皇后"
    assert normalise(text).text == OpenCC("t2s").convert(text)


@given(st.text(max_size=60))
def test_every_character_knows_its_source(text: str) -> None:
    normal = normalise(text, ALIASES)
    assert len(normal.offsets) == len(normal.text)
    assert list(normal.offsets) == sorted(normal.offsets)
    assert all(0 <= offset < len(text) for offset in normal.offsets)


@given(st.text(alphabet="我的号账cz １２!！。 aA\u200b😡帳號", max_size=40))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text).text
    assert normalise(once).text == once


def test_the_projects_aliases_are_well_formed() -> None:
    lines = (LEXICON / "aliases.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    assert all(len(row) == 2 for row in rows)
    assert len({alias for alias, _ in rows}) == len(rows)
    # aliases are compared with simplified lower-case text: one in another spelling would never be found
    assert [alias for alias, _ in rows if alias.isalnum() and normalise(alias).text != alias] == []


def test_it_is_fast() -> None:
    text, aliases = "昨晚8點在青雲一區充了648元怎麼還沒到賬啊！！！氣死我了😡", Aliases.read(LEXICON / "aliases.tsv")
    normalise(text, aliases)
    best = min(_seconds(text, aliases) for _ in range(5))
    assert best < 0.0005  # 0.05 ms on a quiet machine


def _seconds(text: str, aliases: Aliases) -> float:
    start = time.perf_counter()
    for _ in range(100):
        normalise(text, aliases)
    return (time.perf_counter() - start) / 100


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("my recharge didn't arrive", True),
        ("How do I register?", True),
        ("cz没到账 help me please", False),
        ("chongzhi", False),
        ("登录", False),
        ("648", False),
        ("", False),
    ],
)
def test_english_is_told_by_its_words(text: str, english: bool) -> None:
    assert is_english(text) is english
