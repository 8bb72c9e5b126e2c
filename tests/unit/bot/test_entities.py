"""What a player names is found, with its place in the text as typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.logic.entities import EntityFinder, Numerals, looks_like_identity_card, number_label
from common.text import Aliases, normalise

ROOT = Path(__file__).parents[3]
LEXICON = ROOT / "data" / "lexicon"


@pytest.fixture(scope="module")
def finder() -> EntityFinder:
    return EntityFinder(LEXICON)


@pytest.fixture(scope="module")
def aliases() -> Aliases:
    return Aliases.read(LEXICON / "aliases.tsv")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("订单号YL20261120083512没到", [("order_number", "YL20261120083512")]),
        ("单号ＹＬ２０２６１１２００８３５１２", [("order_number", "YL20261120083512")]),
        ("订单 202611200835129988 呢", [("order_number", "202611200835129988")]),
        ("昨晚8点充了648元", [("time", "昨晚8点"), ("amount", "648 元")]),
        ("充了648没到", [("amount", "648")]),
        ("花了1.5w灵玉", [("amount", "15000 灵玉")]),
        ("扣了三百二十八块钱", [("amount", "328 元")]),
        ("￥68，两千块", [("amount", "68 元"), ("amount", "2000 元")]),
        ("3块灵石", [("amount", "3 元"), ("item", "灵石")]),
        ("2026年11月20日晚上8点半掉的", [("time", "2026年11月20日晚上8点半")]),
        ("上周六下午3点左右", [("time", "上周六下午3点左右")]),
        ("买周边", []),
        ("青云一区的iPhone 13 Pro闪退", [("server", "青云一区"), ("device", "iphone 13 pro")]),
        ("红米K60，安卓14，版本2.6.1", [("device", "红米k60"), ("version", "安卓14"), ("version", "2.6.1")]),
        ("卡号6222021001012345", [("card_number", "6222021001012345")]),
        ("卡密是 AB12-CD34-EF56", [("card_number", "AB12CD34EF56")]),
        ("4111 1111 1111 1111 不对，4111111111111111 对", [("card_number", "4111111111111111")]),
        ("打13812345678或a.b@qq.com", [("phone", "13812345678"), ("email", "a.b@qq.com")]),
        ("身份证110101199003070132", []),
        ("改名卡呢", [("item", "改名卡")]),
        ("", []),
    ],
)
def test_entities(finder: EntityFinder, aliases: Aliases, text: str, found: list[tuple[str, str]]) -> None:
    entities = finder.find(text, normalise(text, aliases))
    assert [(entity.entity, entity.value) for entity in entities] == found


def test_positions_are_those_of_the_players_own_text(finder: EntityFinder, aliases: Aliases) -> None:
    text = "我  ＣＺ了！！！６４８元，訂單ＹＬ２０２６１１２００８３５１２"
    for entity in finder.find(text, normalise(text, aliases)):
        assert text[entity.start : entity.end] == entity.text
    assert [entity.text for entity in finder.find(text, normalise(text, aliases))] == [
        "６４８元",
        "ＹＬ２０２６１１２００８３５１２",
    ]


@pytest.mark.parametrize(("text", "number"), [("六百四十八", 648), ("两万三", 20003), ("十五", 15), ("一千零五", 1005)])
def test_chinese_numbers(text: str, number: int) -> None:
    assert Numerals(LEXICON).number(text) == number


def test_long_numbers_are_told_apart() -> None:
    assert number_label("4111111111111111") == "card_number"
    assert number_label("4111111111111112") == "order_number"
    assert number_label("8613812345678") == ""
    assert number_label("110101199003070132") == ""
    assert number_label("202611200835129988") == "order_number"
    assert not looks_like_identity_card("110101199013070132")


def test_torch_stays_out_and_can_still_be_imported() -> None:
    code = (
        "import sys; from pathlib import Path; from bot.logic.entities import EntityFinder\n"
        "EntityFinder(Path('data/lexicon'))\n"
        "assert 'spacy' in sys.modules and 'torch' not in sys.modules and 'rasa' not in sys.modules\n"
        "import importlib.util; assert importlib.util.find_spec('torch')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)
