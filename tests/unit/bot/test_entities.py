"""What a player names is found, with its place in the text as typed."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from bot.logic.entities import EntityFinder, Numerals, looks_like_identity_card, number_label
from common.text import Aliases, normalise

ROOT = Path(__file__).parents[3]
LEXICON = ROOT / "data" / "lexicon"
#: A Friday.
NOW = datetime(2026, 11, 20, 21, 30)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("订单号YL20261120083512没到", [("order_number", "YL20261120083512")]),
        ("单号ＹＬ２０２６１１２００８３５１２", [("order_number", "YL20261120083512")]),
        ("订单 202611200835129988 呢", [("order_number", "202611200835129988")]),
        ("昨晚8点充了648元", [("time", "2026-11-19T20:00"), ("amount", "648 元")]),
        ("充了648没到", [("amount", "648")]),
        ("花了1.5w灵玉", [("amount", "15000 灵玉")]),
        ("扣了三百二十八块钱", [("amount", "328 元")]),
        ("￥68，两千块", [("amount", "68 元"), ("amount", "2000 元")]),
        ("3块灵石", [("item", "灵石")]),
        ("买周边", []),
        ("青云一区的iPhone 13 Pro闪退", [("server", "青云一区"), ("device", "iPhone 13 Pro")]),
        ("红米K60，安卓14，版本2.6.1", [("device", "红米 K60"), ("version", "安卓14"), ("version", "2.6.1")]),
        ("卡号6222021001012345", [("card_number", "6222021001012345")]),
        ("卡密是 AB12-CD34-EF56", [("card_number", "AB12CD34EF56")]),
        ("4111 1111 1111 1111", [("card_number", "4111111111111111")]),
        ("打13812345678或a.b@qq.com", [("phone", "13812345678"), ("email", "a.b@qq.com")]),
        ("身份证110101199003070132", []),
        ("改名卡呢", [("item", "改名卡")]),
        ("我把玄霜弓送错了", [("item", "玄霜弓")]),
        ("卡密K7PX-2M9D-44ZT", [("card_number", "K7PX2M9D44ZT")]),
        ("YL-20261120-083512", [("order_number", "YL20261120083512")]),
        ("GPA.3391 0457 2268 70514", [("order_number", "GPA.3391-0457-2268-70514")]),
        ("电话+86 188-0413-2257", [("phone", "18804132257")]),
        ("青云1区", [("server", "青云一区")]),
        ("青元三区", [("server", "青云三区")]),
        ("S3服卡死了", [("server", "s3服")]),
        ("我叫张三丰", [("role", "张三丰")]),
        ("角色名：會飛的魚", [("role", "會飛的魚")]),
        ("ID叫“小鱼干”的骗我", [("role", "小鱼干")]),
        ("iphone15promax", [("device", "iPhone 15 Pro Max")]),
        ("mate60pro", [("device", "Mate 60 Pro")]),
        ("rtx4060ti", [("device", "RTX 4060 Ti")]),
        ("mumu模拟器12", [("device", "MuMu模拟器 12")]),
        ("更新到v2.7.0", [("version", "2.7.0")]),
        ("", []),
    ],
)
def test_entities(finder: EntityFinder, aliases: Aliases, text: str, found: list[tuple[str, str]]) -> None:
    entities = finder.find(text, normalise(text, aliases), NOW)
    assert [(entity.entity, entity.value) for entity in entities] == found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("六百四十八块", "648 元"),
        ("充了一千二", "1200"),
        ("充了3k", "3000"),
        ("充了1.5w", "15000"),
        ("充1万2", "12000"),
        ("花了1w5", "15000"),
        ("九块九", "9.9 元"),
        ("648r", "648 元"),
        ("68¥", "68 元"),
        ("RMB648", "648 元"),
        ("壹仟贰佰元", "1200 元"),
        ("三千二百多块", "3200 元"),
        ("5000个灵玉", "5000 灵玉"),
        ("3.5w铜钱", "35000 铜钱"),
        ("68刀", "68 美元"),
        ("1,280元", "1280 元"),
        ("变成-3200了", "-3200"),
        ("扣了几百块", ""),
    ],
)
def test_amounts(finder: EntityFinder, aliases: Aliases, text: str, value: str) -> None:
    entities = finder.find(text, normalise(text, aliases), NOW)
    assert [(entity.entity, entity.value) for entity in entities] == [("amount", value)]


@pytest.mark.parametrize(
    "text",
    [
        "一区区小事", "一块玩吧", "充了3次", "连抽10次", "ping值200多", "战力20000", "VIP12", "万一退游呢", "百分之百是bug",
        "十有八九", "IP是192.168.1.1", "强化到+15", "每天晚上都卡", "下午好", "快一点", "买了99个", "等了三天", "我今年六十三了",
        "第3次了", "三天两头掉线", "角色名可以改吗", "角色叫什么", "叫人工", "我叫你们经理来", "订单号是多少", "封禁10年",
        "[phone:****5678]", "[bank_card:****8817]没到账", "服务器什么时候维护完", "点卡卡住了", "7日签到",
    ],
)  # fmt: skip
def test_what_only_looks_like_an_entity(finder: EntityFinder, aliases: Aliases, text: str) -> None:
    assert finder.find(text, normalise(text, aliases), NOW) == []


def test_positions_are_those_of_the_players_own_text(finder: EntityFinder, aliases: Aliases) -> None:
    text = "我  ＣＺ了！！！６４８元，訂單ＹＬ２０２６１１２００８３５１２"
    for entity in finder.find(text, normalise(text, aliases)):
        assert text[entity.start : entity.end] == entity.text
    assert [entity.text for entity in finder.find(text, normalise(text, aliases))] == [
        "６４８元",
        "ＹＬ２０２６１１２００８３５１２",
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("六百四十八", 648),
        ("两万三", 23000),
        ("一千二", 1200),
        ("两万零八", 20008),
        ("六四八", 648),
        ("壹仟", 1000),
        ("十五", 15),
        ("一千零五", 1005),
    ],
)
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
