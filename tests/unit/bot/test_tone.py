"""Emotion and signs of fraud by models of the real texts; urgency by scenario and words."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.logic.decision import Ranked
from bot.logic.tone import Emotion, Risk, ScenarioUrgency, ToneModels, UrgencyWords
from bot.logic.tone_fitting import fit_tone
from common.text import Aliases, normalise
from faq_index.analysis import Analyser

ROOT = Path(__file__).parents[3]
LEXICON = ROOT / "data" / "lexicon"
ALIASES = Aliases.read(LEXICON / "aliases.tsv")


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser.load(LEXICON)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, analyser: Analyser) -> ToneModels:
    folder = tmp_path_factory.mktemp("tone")
    fit_tone(ROOT, analyser, folder)
    return ToneModels.load(folder)


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("怎么注册账号", "neutral"),
        ("垃圾游戏，气死我了！", "angry"),
        ("急急急，怎么办啊，在线等", "anxious"),
        ("玩了三年全没了，想哭😭", "sad"),
        ("谢谢，太好了", "positive"),
        ("", "neutral"),
    ],
)
def test_emotion(models: ToneModels, analyser: Analyser, text: str, emotion: str) -> None:
    assert models.emotion_of(analyser(text)).value == emotion


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
def test_urgency(text: str, scenario: int, urgency: int) -> None:
    assert UrgencyWords(LEXICON, ALIASES).urgency(normalise(text, ALIASES).text, scenario) == urgency


@pytest.mark.parametrize(
    ("text", "risk"),
    [
        ("有人自称客服让我把验证码发给他", "code_begging"),
        ("某宝代充便宜靠谱吗", "low_price_recharge"),
        ("一个自称官方的人加我", "fake_staff"),
        ("收到一个陌生链接让我登录领奖，能点吗", "phishing"),
        ("私下卖号安全吗", "off_platform"),
        ("验证码收不到", "none"),
        ("充值没到账", "none"),
        ("网页打不开", "none"),
    ],
)
def test_risk(models: ToneModels, analyser: Analyser, text: str, risk: str) -> None:
    assert models.risk_of(analyser(text)).value == risk


def test_without_texts_everything_is_neutral_and_harmless(project: Path, analyser: Analyser, tmp_path: Path) -> None:
    fit_tone(project, analyser, tmp_path)
    models = ToneModels.load(tmp_path)
    assert models.emotion_of(analyser("气死我了")) is Emotion.NEUTRAL
    assert models.risk_of(analyser("他要我的验证码")) is Risk.NONE


def test_an_unlikely_scenario_says_nothing_about_urgency(tmp_path: Path) -> None:
    ScenarioUrgency({"a": 3}).save(tmp_path)
    levels = ScenarioUrgency.load(tmp_path)
    assert levels.of(Ranked("a", 0.9)) == 3 and levels.of(Ranked("a", 0.1)) == 0 and levels.of(Ranked("b", 0.9)) == 0
