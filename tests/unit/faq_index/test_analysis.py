"""A text taken apart: words of the game, concepts, features."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.text import Aliases
from faq_index.analysis import Analyser, features, pinyin
from faq_index.lexicon import Concepts

LEXICON = Path(__file__).parents[3] / "data" / "lexicon"


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser.load(LEXICON)


def test_words_of_the_game_are_words(analyser: Analyser) -> None:
    words = [word.text for word in analyser("青云一区的灵玉没到账").words]
    assert "青云一区" in words and "灵玉" in words


def test_words_tell_their_place_in_the_normalised_text(analyser: Analyser) -> None:
    analysis = analyser("ＣＺ了648，灵玉没到！！！")
    assert all(analysis.text[word.start : word.end] == word.text for word in analysis.words)
    assert "".join(word.text for word in analysis.words) == analysis.text


def test_concepts_join_words_that_share_nothing(analyser: Analyser) -> None:
    assert set(analyser("登不上去").concepts) & set(analyser("上不了号").concepts)
    assert set(analyser("儲值沒有到").concepts) & set(analyser("充钱了").concepts)


def test_a_latin_expression_counts_only_as_a_whole_word() -> None:
    concepts = Concepts({"ban": {"banned"}, "封号": {"banned"}, "ios": {"apple"}})
    assert concepts.find("urban") == ()
    assert concepts.find("被ban了") == ("banned",)
    assert Concepts({"10086": {"carrier"}}).find("2100861") == ()
    assert concepts.find("ios17封号") == ("apple", "banned")


def test_homophones_sound_the_same(analyser: Analyser) -> None:
    assert pinyin("充直") == pinyin("充值") == ["chong", "zhi"]
    assert pinyin("iPhone13坏".lower()) == ["iphone13", "huai"]


def test_features_come_in_blocks(analyser: Analyser) -> None:
    grams, words, concepts, sounds = features(analyser("充值"))
    assert grams == ["^", "充", "值", "$", "^充", "充值", "值$", "^充值", "充值$", "^充值$"]
    assert words == ["充值"] and "recharge" in concepts and sounds == ["chong zhi"]


def test_which_order_it_is_says_nothing_about_what_is_asked(analyser: Analyser) -> None:
    one, other = (features(analyser(f"订单{number}没到")) for number in ("YL20261120083512", "YL20251001090909"))
    assert one == other
    assert features(analyser("648没到")) != features(analyser("328没到"))


def test_the_empty_text_has_an_analysis(analyser: Analyser) -> None:
    analysis = analyser("🐶")
    assert (analysis.text, analysis.words, analysis.concepts) == ("", (), ())
    assert features(analysis)[0] == ["^", "$", "^$"]


def test_the_lexicons_expressions_are_read_normalised(tmp_path: Path) -> None:
    (tmp_path / "concepts.tsv").write_text("loss\tstolen\t被盜|帐号没了|T\n", encoding="utf-8")
    concepts = Concepts.read(tmp_path / "concepts.tsv", Aliases({"帐号": "账号"}))
    assert concepts.find("被盗") == concepts.find("账号没了") == ("@loss", "stolen")
    assert concepts.find("t") == ()
