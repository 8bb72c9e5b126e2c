"""The index finds entries, keeps to platform and dates, and refuses to be what it is not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import faiss
import numpy as np
import pytest

from common.content import Link, load_content
from faq_index.analysis import Analyser
from faq_index.build import build, checked_content
from faq_index.encoder import StaticEncoder, StaticSettings, load_encoder
from faq_index.errors import ContentError, IndexMismatch
from faq_index.index import EXACT_ROWS, FaqIndex, read_manifest, searchable
from faq_index.library import English, Library
from faq_index.ranker import FEATURES, Ranker, fit_ranker
from faq_index.training import train_static
from faq_index.training_text import TrainingText

LEXICON = Path(__file__).parents[3] / "data" / "lexicon"


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser.load(LEXICON)


@pytest.fixture
def library(project: Path) -> Library:
    content = load_content(project)
    return Library.compile(content.entries, content.facts)


@pytest.fixture
def encoder(library: Library, analyser: Analyser) -> StaticEncoder:
    texts = [TrainingText(text, entry.scenario, entry.id) for entry in library.entries() for text in entry.wordings]
    return train_static(texts, analyser, StaticSettings(dim=32, min_count=1, epochs=0))


@pytest.fixture
def index(library: Library, encoder: StaticEncoder, analyser: Analyser) -> FaqIndex:
    return FaqIndex.build(library, encoder, analyser)


def search(index: FaqIndex, encoder: StaticEncoder, text: str, **more: object) -> list[tuple[str, float]]:
    analysis = encoder.analyser(text)
    likely = more.pop("likely", {})
    found = index.search(analysis, encoder.encode([text]), likely, **more)  # type: ignore[arg-type]
    return [(hit.id, hit.score) for hit in found.hits]


def test_a_like_question_is_found_first(index: FaqIndex, encoder: StaticEncoder) -> None:
    assert search(index, encoder, "灵玉一直没收到怎么办")[0][0] == "pay_not_arrived.q0"
    assert search(index, encoder, "人工客服在哪里找")[0][0] == "service_human.q0"


@pytest.mark.parametrize("text", ["充值多久到账", "充值多久到账？？？", "儲值多久到賬", "充值 多久 到账!"])
def test_the_same_question_scores_one_however_it_is_typed(index: FaqIndex, encoder: StaticEncoder, text: str) -> None:
    assert search(index, encoder, text)[0] == ("pay_not_arrived.q1", 1.0)


def test_a_slip_in_a_long_question_is_still_the_same_question(index: FaqIndex, encoder: StaticEncoder) -> None:
    assert search(index, encoder, "付了钱没到怎么处理呀")[0] == ("pay_not_arrived.q0", 1.0)
    assert search(index, encoder, "付款")[0][1] < 1.0


def test_the_likely_scenario_comes_first(index: FaqIndex, encoder: StaticEncoder) -> None:
    hits = search(index, encoder, "要多久", likely={"service_human": 0.9})
    assert hits[0][0].startswith("service_human")


def test_each_entry_is_found_once(index: FaqIndex, encoder: StaticEncoder) -> None:
    found = [entry for entry, _ in search(index, encoder, "充值", count=10)]
    assert len(found) == len(set(found)) == 6


def test_platform_and_dates_are_filters(library: Library, encoder: StaticEncoder, analyser: Analyser) -> None:
    entries = library.entries()
    entries[2] = replace(entries[2], platform=("ios",))
    entries[3] = replace(entries[3], valid_from=date(2026, 1, 1), valid_until=date(2026, 1, 31))
    index = FaqIndex.build(Library(entries), encoder, analyser)
    ios, gone = entries[2].id, entries[3].id

    def found(**more: object) -> set[str]:
        return {entry for entry, _ in search(index, encoder, "充值没到账", count=10, **more)}

    assert ios in found(platform="ios") and ios in found() and ios not in found(platform="pc")
    assert gone in found(today=date(2026, 1, 31)) and gone not in found(today=date(2026, 2, 1))


def test_a_text_like_nothing_finds_without_failing(index: FaqIndex, encoder: StaticEncoder) -> None:
    assert len(search(index, encoder, "")) == 5
    assert all(score < 0.5 for _, score in search(index, encoder, "ⵣⵣⵣ"))


def test_an_utterance_that_an_entry_answers_is_a_wording_of_it(
    library: Library, encoder: StaticEncoder, analyser: Analyser
) -> None:
    asked = {"service_human.q0": ["机器人听不懂人话"]}
    index = FaqIndex.build(library, encoder, analyser, asked)
    assert search(index, encoder, "机器人听不懂人话！")[0] == ("service_human.q0", 1.0)


def test_the_platform_that_a_text_names_speaks_for_its_entries(
    library: Library, encoder: StaticEncoder, analyser: Analyser
) -> None:
    entries = library.entries()
    entries[0], entries[1] = replace(entries[0], platform=("ios",)), replace(entries[1], platform=("android",))
    index = FaqIndex.build(Library(entries), encoder, analyser)
    column = FEATURES.index("platform")
    seen = [index.features(analyser(text), encoder.encode([text]), {})[:2, column] for text in ("苹果充值", "充值")]
    assert [list(values) for values in seen] == [[1.0, -1.0], [0.0, 0.0]]


def test_what_is_told_of_scenarios_adds_up_and_leaves_the_classifier_aside(
    index: FaqIndex, encoder: StaticEncoder
) -> None:
    analysis, vector = encoder.analyser("灵玉没到账"), encoder.encode(["灵玉没到账"])
    told = [index.search(analysis, vector, likely).scenarios for likely in ({}, {"service_human": 0.99})]
    assert told[0] == told[1] and sum(told[0].values()) == pytest.approx(1, abs=1e-4)


def test_many_rows_are_searched_by_cells_with_nearly_the_same_result() -> None:
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(EXACT_ROWS + 100, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    exact = faiss.IndexFlatIP(16)
    exact.add(rows)
    by_cells = searchable(rows)
    assert isinstance(by_cells, faiss.IndexIVFFlat)
    near = rows[:50] + 0.05 * generator.normal(size=(50, 16)).astype(np.float32)
    assert (by_cells.search(near, 1)[1] == exact.search(near, 1)[1]).mean() > 0.9


def test_a_ranker_learns_what_tells_right_from_wrong(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    lists = []
    for _ in range(60):
        features = generator.normal(size=(30, len(FEATURES))).astype(np.float32)
        lists.append((features, [int(np.argmax(features[:, 2]))]))
    ranker = fit_ranker(lists)
    assert int(np.argmax(ranker.weights)) == 2
    ranker.save(tmp_path / "ranker.json")
    assert np.allclose(Ranker.load(tmp_path / "ranker.json").weights, ranker.weights, atol=1e-3)


def test_saved_and_read_back_it_finds_the_same(index: FaqIndex, encoder: StaticEncoder, tmp_path: Path) -> None:
    index.save(tmp_path / "index")
    again = FaqIndex.load(tmp_path / "index", encoder)
    assert search(again, encoder, "充值没来") == search(index, encoder, "充值没来")
    manifest = read_manifest(tmp_path / "index")
    assert (manifest.encoder, manifest.dim, manifest.entries, manifest.wordings) == ("static", encoder.dim, 6, 24)


class TestAMismatchIsRefused:
    @pytest.fixture
    def folder(self, index: FaqIndex, tmp_path: Path) -> Path:
        index.save(tmp_path / "index")
        return tmp_path / "index"

    def test_of_a_changed_file(self, folder: Path) -> None:
        path = folder / "library.json"
        path.write_text(path.read_text(encoding="utf-8").replace("10 分钟", "99 分钟"), encoding="utf-8")
        with pytest.raises(IndexMismatch, match="its files have changed"):
            FaqIndex.load(folder)

    def test_of_another_encoder(self, folder: Path, analyser: Analyser) -> None:
        texts = [TrainingText(text, text) for text in ("充值", "注册", "人工", "闪退")]
        other = train_static(texts, analyser, StaticSettings(dim=32, min_count=1, epochs=0))
        with pytest.raises(IndexMismatch, match="built with encoder"):
            FaqIndex.load(folder, other)

    def test_of_the_dimension(self, folder: Path) -> None:
        path = folder / "manifest.json"
        manifest = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**manifest, "dim": 7}), encoding="utf-8")
        with pytest.raises(IndexMismatch, match="length 7"):
            FaqIndex.load(folder)

    def test_of_the_format_or_a_missing_manifest(self, folder: Path) -> None:
        path = folder / "manifest.json"
        manifest = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**manifest, "format": 0}), encoding="utf-8")
        with pytest.raises(IndexMismatch, match="format"):
            FaqIndex.load(folder)
        path.unlink()
        with pytest.raises(IndexMismatch, match="no FAQ index"):
            FaqIndex.load(folder)

    def test_of_a_vector_of_another_length(self, index: FaqIndex, analyser: Analyser) -> None:
        with pytest.raises(IndexMismatch, match="shape"):
            index.search(analyser("x"), np.zeros((1, 3), dtype=np.float32), {})


class TestBuilding:
    def test_it_is_done_once_for_one_state_of_the_content(self, project: Path) -> None:
        said: list[str] = []
        first = build(project, said.append)
        count = len(said)
        assert said[0].startswith("encoder from ") and said[-1].startswith("index of ")
        assert build(project, said.append) == first and len(said) == count
        encoder = load_encoder(first.encoder)
        assert FaqIndex.load(first.index, encoder).dim == encoder.dim

    def test_a_changed_answer_makes_another_index_with_the_same_encoder(self, project: Path) -> None:
        before = build(project, lambda line: None)
        (project / "faq_index/facts.yml").write_text("pay:\n  minutes: 5 分钟\n", encoding="utf-8")
        after = build(project, lambda line: None)
        assert after.encoder == before.encoder and after.index != before.index
        assert "5 分钟" in Library.load(after.index / "library.json").entry("pay_not_arrived.q0").answer

    def test_an_encoder_that_knows_nearly_all_texts_is_used_on(self, project: Path) -> None:
        before = build(project, lambda line: None)
        library = project / "faq_index/library/all.yml"
        text = library.read_text(encoding="utf-8").replace("  - 在哪里注册", "  - 哪里可以开新号")
        library.write_text(text, encoding="utf-8")
        after = build(project, lambda line: None)
        assert after.encoder == before.encoder and after.index != before.index
        said: list[str] = []
        fresh = build(project, said.append, fresh=True)
        assert fresh.encoder != before.encoder and said[0].startswith("encoder from ")
        assert build(project, said.append).encoder == fresh.encoder

    def test_an_encoder_that_knows_too_few_texts_is_not(self, project: Path) -> None:
        before = build(project, lambda line: None)
        nlu = project / "data/nlu/all.yml"
        text = nlu.read_text(encoding="utf-8").replace("到账", "入账").replace("注册", "开户")
        nlu.write_text(text, encoding="utf-8")
        assert build(project, lambda line: None).encoder != before.encoder

    def test_another_lexicon_makes_another_encoder(self, project: Path) -> None:
        before = build(project, lambda line: None)
        with (project / "data/lexicon/aliases.tsv").open("a", encoding="utf-8") as file:
            file.write("某某某\t某人\n")
        assert build(project, lambda line: None).encoder != before.encoder

    def test_faulty_content_is_not_built(self, project: Path) -> None:
        (project / "faq_index/facts.yml").write_text("pay:\n  hours: 1\n", encoding="utf-8")
        with pytest.raises(ContentError, match=r"all\.yml:1: the answer of account_register\.q0 uses an unknown fact"):
            checked_content(project)


def test_the_library_survives_its_file(tmp_path: Path, library: Library) -> None:
    entries = library.entries()
    entries[0] = replace(
        entries[0],
        links=(Link("账号", "https://a"),),
        platform=("pc",),
        version="2.6",
        valid_until=date(2026, 5, 1),
        warning=True,
        english=English("How?", ("How to",), "Like this."),
    )
    path = tmp_path / "library.json"
    path.write_text(Library(entries).dumps(), encoding="utf-8")
    again = Library.load(path)
    assert again.entries() == entries
    assert [entry.id for entry in again.entries_of("service_human")] == ["service_human.q0", "service_human.q1"]
    assert entries[0] not in again.entries_of(entries[0].scenario, date(2026, 5, 2))
    assert again.entries_of("nothing") == [] and "service_human.q0" in again and len(again) == 6
    with pytest.raises(KeyError):
        again.entry("service_human.q9")


def test_faiss_is_told_the_length_of_the_vectors(index: FaqIndex) -> None:
    assert isinstance(index._vectors, faiss.IndexFlatIP) and index.dim == index._vectors.d
