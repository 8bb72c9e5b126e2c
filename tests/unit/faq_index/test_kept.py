"""What was worked out of a text is kept, used again, and the same as if it were worked out anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from faq_index import kept
from faq_index.analysis import Analyser, Analysis
from faq_index.encoder import StaticEncoder, StaticSettings, Vectors
from faq_index.featuriser import Featuriser
from faq_index.kept import KeptAnalyser, KeptFeaturiser
from faq_index.lexicon import Lexicon, load_lexicon
from faq_index.training import train_static
from faq_index.training_text import TrainingText

TEXTS = ["充值没到账", "怎么注册新账号", "cz没到帐！！", "昨晚8点充了648元，订单YL20261120083512", "", "换行\n的话"]
MORE = ["怎么转人工客服"]


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load_lexicon(Path(__file__).parents[3] / "data" / "lexicon")


@pytest.fixture(scope="module")
def encoder(lexicon: Lexicon) -> StaticEncoder:
    texts = [TrainingText(text, "a") for text in TEXTS]
    return train_static(texts, Analyser(lexicon), StaticSettings(dim=4, min_count=1, epochs=0))


@pytest.fixture(autouse=True)
def everything_is_worth_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "WORTH_WRITING", 1)


def work(folder: Path, lexicon: Lexicon, encoder: StaticEncoder, texts: Sequence[str]) -> tuple[KeptAnalyser, object]:
    """Everything worked out of the texts, and saved."""
    analyser, featuriser = KeptAnalyser(lexicon, folder), KeptFeaturiser(folder)
    found = worked_out(featuriser, encoder, [analyser(text) for text in texts])
    analyser.save()
    featuriser.save()
    return analyser, found


def worked_out(featuriser: Featuriser, encoder: StaticEncoder, analyses: list[Analysis]) -> object:
    bags = featuriser.features(analyses, 2), featuriser.terms(analyses)
    names = [[bag.names[number] for number in bag.numbers] for bag in bags]
    sizes = [bag.sizes.tolist() for bag in bags]
    return analyses, names, sizes, featuriser.vectors(encoder, analyses).tolist()


def test_what_is_kept_is_what_would_be_worked_out_anew(
    tmp_path: Path, lexicon: Lexicon, encoder: StaticEncoder
) -> None:
    work(tmp_path, lexicon, encoder, TEXTS)
    texts = [TEXTS[3], *MORE, TEXTS[0], TEXTS[4], TEXTS[3]]
    plain = Analyser(lexicon)
    expected = worked_out(Featuriser(), encoder, [plain(text) for text in texts])
    for _ in range(2):  # with a new text, then with none
        assert work(tmp_path, lexicon, encoder, texts)[1] == expected


def test_no_text_is_taken_apart_twice(
    tmp_path: Path, lexicon: Lexicon, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(tmp_path, lexicon, encoder, TEXTS)
    asked: list[str] = []
    once, encode = KeptAnalyser.once, StaticEncoder.encode_analysed

    def remember(self: Analyser, text: str) -> Analysis:
        asked.append(text)
        return once(self, text)

    def encode_all(self: StaticEncoder, analyses: Sequence[Analysis]) -> Vectors:
        asked.extend(analysis.source for analysis in analyses)
        return encode(self, analyses)

    monkeypatch.setattr(KeptAnalyser, "once", remember)
    monkeypatch.setattr(StaticEncoder, "encode_analysed", encode_all)
    work(tmp_path, lexicon, encoder, [*TEXTS, *MORE])
    assert asked == [*MORE, *MORE]


def test_a_few_new_texts_are_not_worth_writing(
    tmp_path: Path, lexicon: Lexicon, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "WORTH_WRITING", len(TEXTS) + 1)
    work(tmp_path, lexicon, encoder, TEXTS)
    assert list(tmp_path.iterdir()) == []
    work(tmp_path, lexicon, encoder, [*TEXTS, *MORE])
    assert len(list(tmp_path.iterdir())) == 4


def test_what_nobody_asks_for_goes_when_there_is_too_much(
    tmp_path: Path, lexicon: Lexicon, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(tmp_path, lexicon, encoder, TEXTS)
    monkeypatch.setattr(kept, "MOST", len(TEXTS))
    work(tmp_path, lexicon, encoder, [TEXTS[1], *MORE])
    with np.load(tmp_path / "terms.npz") as stored:
        assert len(stored["sizes"]) == 2
    plain = Analyser(lexicon)
    expected = worked_out(Featuriser(), encoder, [plain(text) for text in [*MORE, *TEXTS]])
    assert work(tmp_path, lexicon, encoder, [*MORE, *TEXTS])[1] == expected


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, lexicon: Lexicon, encoder: StaticEncoder) -> None:
    _, expected = work(tmp_path, lexicon, encoder, TEXTS)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:40])
    assert work(tmp_path, lexicon, encoder, TEXTS)[1] == expected
    assert work(tmp_path, lexicon, encoder, TEXTS)[1] == expected


def test_vectors_of_another_encoder_are_not_taken_for_ones_own(
    tmp_path: Path, lexicon: Lexicon, encoder: StaticEncoder
) -> None:
    work(tmp_path, lexicon, encoder, TEXTS)
    other = StaticEncoder(
        encoder.analyser, {"c^": 0, "c充": 1}, np.asarray([[1, 0], [0, 1]], dtype=np.float16), encoder.settings
    )
    analyses = [encoder.analyser(text) for text in TEXTS]
    featuriser = KeptFeaturiser(tmp_path)
    assert np.array_equal(featuriser.vectors(other, analyses), other.encode_analysed(analyses))
    featuriser.save()
    assert [path.name for path in tmp_path.glob("vectors.*")] == [f"vectors.{other.fingerprint}.npz"]
