"""Emotion, urgency and signs of fraud, from words."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.logic.decision import Ranked
from bot.logic.tone import ScenarioUrgency, ToneReader
from common.text import Aliases, normalise

LEXICON = Path(__file__).parents[3] / "data" / "lexicon"
ALIASES = Aliases.read(LEXICON / "aliases.tsv")


@pytest.fixture(scope="module")
def reader() -> ToneReader:
    return ToneReader(LEXICON, ALIASES)


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("怎么注册账号", "neutral"),
        ("垃圾游戏，气死我了！", "angry"),
        ("😡😡", "angry"),
        ("急急急，怎么办啊，在线等", "anxious"),
        ("玩了三年全没了，想哭😭", "sad"),
        ("谢谢，太好了", "positive"),
        ("", "neutral"),
    ],
)
def test_emotion(reader: ToneReader, text: str, emotion: str) -> None:
    assert reader.read(normalise(text, ALIASES).text, 0).emotion.value == emotion


@pytest.mark.parametrize(
    ("text", "scenario", "urgency"),
    [
        ("怎么签到", 0, 0),
        ("怎么签到，急", 0, 0),
        ("充值没到，急急急", 2, 3),
        ("充值没到", 2, 2),
        ("充值没到，不急", 2, 1),
        ("不想活了", 0, 3),
        ("号被盗了", 3, 3),
        ("钱没了马上帮我冻结", 0, 2),
    ],
)
def test_urgency(reader: ToneReader, text: str, scenario: int, urgency: int) -> None:
    assert reader.read(normalise(text, ALIASES).text, scenario).urgency == urgency


@pytest.mark.parametrize(
    ("text", "risk"),
    [
        ("有人自称客服让我把验证码发给他", "code_begging"),
        ("某宝代充便宜靠谱吗", "low_price_recharge"),
        ("一个自称官方的人加我", "fake_staff"),
        ("收到一个可疑链接", "phishing"),
        ("私下卖号安全吗", "off_platform"),
        ("验证码收不到", "none"),
        ("充值没到账", "none"),
        ("网页打不开", "none"),
    ],
)
def test_risk(reader: ToneReader, text: str, risk: str) -> None:
    assert reader.read(normalise(text, ALIASES).text, 0).risk.value == risk


def test_an_unlikely_scenario_says_nothing_about_urgency(tmp_path: Path) -> None:
    ScenarioUrgency({"a": 3}).save(tmp_path)
    levels = ScenarioUrgency.load(tmp_path)
    assert levels.of(Ranked("a", 0.9)) == 3 and levels.of(Ranked("a", 0.1)) == 0 and levels.of(Ranked("b", 0.9)) == 0
