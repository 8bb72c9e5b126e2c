"""Completion: what is offered for what stands in the field."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from suggest.building import Sources, build_tables, expected
from suggest.complete import complete_lines, main
from suggest.completion import NOWHERE, PER_SCENARIO, Around, Completer, Ranking
from suggest.tables import COMPLETION_FILE, Tables, TablesError


@dataclass(frozen=True)
class E:
    id: str
    wordings: tuple[str, ...]
    platform: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None

    @property
    def scenario(self) -> str:
        return self.id.partition(".")[0]


ENTRIES = [
    E("pay.missing", ("充值没到账怎么办？", "充了钱灵玉没来", "My top-up has not arrived", "paid no jade")),
    E("pay.howto", ("怎么充值？", "在哪里充钱")),
    E("pay.limit", ("充值有限额吗？",)),
    E("pay.bonus", ("充值返利怎么领？",)),
    E("pay.apple", ("充值走苹果内购吗？",), platform=("ios",)),
    E("code.use", ("兑换码在哪里输入？", "礼包码怎么用")),
    E("guest.bind", ("游客账号怎么转正？",)),
    E("crash.start", ("打开游戏就闪退怎么办？", "遊戲閃退")),
    E("password.reset", ("忘记密码怎么找回？",)),
    E("festival.lamps", ("充满灯谜的元宵活动怎么参加？",), valid_from=date(2026, 2, 1), valid_until=date(2026, 2, 20)),
]
ASKED = {"crash.start": ["老是蹦出来"], "pay.missing": ["充值半天了", "充值到现在没反应"]}
WORDS = {"充值", "没到", "兑换", "换码", "游客", "账号", "闪退", "密码", "忘记", "限额"}


def cut(text: str) -> Iterator[tuple[str, int, int]]:
    """Words of two characters that are known, and single characters."""
    start = 0
    while start < len(text):
        size = 2 if text[start : start + 2] in WORDS else 1
        yield text[start : start + size], start, min(start + size, len(text))
        start += size


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    lexicon = tmp_path_factory.mktemp("lexicon")
    (lexicon / "aliases.tsv").write_text("# slang\t\nmm\t密码\n帐户\t账号\n", encoding="utf-8")
    (lexicon / "synonyms.tsv").write_text("充值|氪金\n闪退|崩溃\n", encoding="utf-8")
    return build_tables(Sources(ENTRIES, ASKED, {"pay": 9.0, "code": 1.0}, lexicon, cut))


@pytest.fixture(scope="module")
def completer(tables: Tables) -> Completer:
    return Completer.of(tables)


def ids(completer: Completer, prefix: str, around: Around = NOWHERE) -> list[str]:
    return [one.faq_id for one in completer.complete(prefix, around)]


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("充", "pay.missing"), ("充值", "pay.missing"), ("chongzhi", "pay.missing"), ("chongzh", "pay.missing"),
        ("cz", "pay.missing"), ("充zhi", "pay.missing"), ("充z", "pay.missing"), ("czhi", "pay.missing"),
        ("congzi", "pay.missing"), ("chnogzhi", "pay.missing"), ("choongzhi", "pay.missing"), ("冲值", "pay.missing"),
        ("氪金", "pay.missing"), ("儲值没到", "pay.missing"), ("My Top", "pay.missing"), ("top-up", "pay.missing"),
        ("对换", "code.use"), ("dhm", "code.use"), ("礼包", "code.use"),
        ("油客", "guest.bind"), ("youke", "guest.bind"), ("帐户", "guest.bind"), ("遊客", "guest.bind"),
        ("闪退", "crash.start"), ("san tui", "crash.start"), ("崩溃", "crash.start"), ("蹦出来", "crash.start"),
        ("mm", "password.reset"), ("忘记mima", "password.reset"), ("ｗｊｍｍ", "password.reset"),
    ],
)  # fmt: skip
def test_however_it_is_typed_the_question_is_offered(completer: Completer, typed: str, wanted: str) -> None:
    assert wanted in ids(completer, typed)[:3]


@pytest.mark.parametrize("typed", ["", " ", "？！", "😀😀", "\x00\x07", "充" * 500, "a" * 500, "\ud800", "龘龘龘"])
def test_what_cannot_be_completed_gives_nothing(completer: Completer, typed: str) -> None:
    assert completer.complete(typed) == []


def test_an_entry_comes_once_and_a_scenario_at_most_three_times(completer: Completer) -> None:
    found = completer.complete("充")
    assert len({one.faq_id for one in found}) == len(found)
    assert sum(one.scenario == "pay" for one in found) == PER_SCENARIO


def test_the_first_are_spread_over_scenarios(tables: Tables) -> None:
    spread, heaped = (Completer.of(tables, Ranking(near=near)).complete("怎么") for near in (1.0, 0.0))
    assert len({one.scenario for one in spread[:3]}) == 3 > len({one.scenario for one in heaped[:3]})


def test_the_standard_wording_is_shown_if_it_holds_what_was_typed(completer: Completer) -> None:
    [found] = [one for one in completer.complete("充") if one.faq_id == "pay.missing"]
    assert (found.text, found.spans) == ("充值没到账怎么办？", ((0, 1),))


def test_else_the_wording_that_holds_it(completer: Completer) -> None:
    [found] = [one for one in completer.complete("灵玉") if one.faq_id == "pay.missing"]
    assert found.text == "充了钱灵玉没来" and found.text[slice(*found.spans[0])] == "灵玉"


def test_spans_cover_what_pinyin_stands_for(completer: Completer) -> None:
    found = completer.complete("shantui")[0]
    assert [found.text[begin:end] for begin, end in found.spans] == ["闪退"]


def test_what_only_others_asked_is_offered_as_the_standard_wording(completer: Completer) -> None:
    found = completer.complete("蹦出来")[0]
    assert (found.text, found.spans) == ("打开游戏就闪退怎么办？", ())


def test_traditional_wordings_are_found_and_shown_as_written(completer: Completer) -> None:
    assert ids(completer, "游戏闪") == ids(completer, "遊戲閃")


def test_what_is_asked_more_comes_first(completer: Completer) -> None:
    assert ids(completer.with_popularity({"pay.limit": 500.0, "gone": 1.0}), "充值")[0] == "pay.limit"
    assert ids(completer.with_popularity({}), "充值") == ids(completer, "充值")


def test_counts_do_not_change_what_serves(completer: Completer) -> None:
    before = ids(completer, "充值")
    completer.with_popularity({"pay.limit": 500.0})
    assert ids(completer, "充值") == before


def test_page_and_conversation_move_entries(completer: Completer) -> None:
    assert ids(completer, "怎么", Around(page=frozenset({"code"}), scenario="code"))[0] == "code.use"
    before, after = ids(completer, "充值"), ids(completer, "充值", Around(seen=frozenset({"pay.missing"})))
    assert before[0] == "pay.missing" != after[0]


def test_entries_of_another_platform_or_day_are_left_out(completer: Completer) -> None:
    typed = "充值走苹"
    assert ids(completer, typed)[0] == "pay.apple" == ids(completer, typed, Around(platform="ios"))[0]
    assert "pay.apple" not in ids(completer, typed, Around(platform="android"))
    assert ids(completer, "元宵", Around(today=date(2026, 2, 20))) == ["festival.lamps"]
    assert "festival.lamps" not in ids(completer, "元宵", Around(today=date(2026, 2, 21)))


def test_the_file_holds_all_of_it_and_is_the_same_each_time(
    tables: Tables, completer: Completer, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        tables.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    loaded = Completer.load(tmp_path / "a")
    assert [loaded.complete(text) for text in ("充", "cz", "对换")] == [
        completer.complete(text) for text in ("充", "cz", "对换")
    ]


def test_a_missing_or_broken_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / COMPLETION_FILE).write_bytes(b"PK half a file")
    for path in (tmp_path / "gone", tmp_path):
        with pytest.raises(TablesError, match=r"python -m bot\.train"):
            Completer.load(path)


def test_expected_popularity_is_one_on_average() -> None:
    shares = expected(ENTRIES, {"pay": 9.0, "code": 1.0})
    assert sum(shares.values()) == pytest.approx(len(ENTRIES)) and shares["pay.howto"] > shares["guest.bind"]


class TestTool:
    def test_one_line_out_for_each_line_in(self, completer: Completer) -> None:
        lines = ['{"prefix": "充"}', "充", "[]", "{}", '{"prefix": 3}', '{"prefix": "x", "n": 1}', '{"prefix": ""}']
        out = io.StringIO()
        complete_lines(io.StringIO("\n".join(lines) + "\n"), out, completer)
        first, *wrong, empty = map(json.loads, out.getvalue().splitlines())
        assert first["prefix"] == "充" and set(first["completions"][0]) == {"text", "scenario", "faq_id", "score"}
        assert [one["line"] for one in wrong] == [2, 3, 4, 5, 6] and all("expected" in one["error"] for one in wrong)
        assert empty == {"prefix": "", "completions": []}

    def test_no_release_is_one_sentence(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--release", str(tmp_path)]) == 1
        assert "python -m bot.train" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["充值没到账", "chongzhimeidao", "忘记mima怎么", "czmdz", "chnogzhi"])
def test_typing_on_finds_what_typing_at_once_finds(tables: Tables, text: str) -> None:
    typing = Completer.of(tables)
    for size in range(1, len(text)):
        typing.complete(text[:size])
    assert typing.complete(text) == Completer.of(tables).complete(text)
