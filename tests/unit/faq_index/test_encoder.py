"""Both encoders keep one contract: rows of length 1, the same text the same vector, saved and read back unchanged."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from faq_index.analysis import Analyser
from faq_index.encoder import Encoder, StaticEncoder, StaticSettings, TransformerEncoder, load_encoder
from faq_index.errors import IndexMismatch
from faq_index.noise import Noise
from faq_index.training import train_static
from faq_index.training_text import TrainingText

ROOT = Path(__file__).parents[3]
TEXTS = ["充值没到账", "钱扣了灵玉没到", "怎么注册账号", "新号咋注册", "号被盗了", "转人工", "游戏闪退", "打开就闪退"]


LABELS = ["pay", "pay", "register", "register", "stolen", "human", "crash", "crash"]
QUICK = StaticSettings(dim=16, min_count=1, epochs=3, batch=12)


def trained(settings: StaticSettings = QUICK) -> StaticEncoder:
    texts = [TrainingText(text, label, f"{label}.q") for text, label in zip(TEXTS, LABELS)]
    return train_static(texts, Analyser.load(ROOT / "data/lexicon"), settings)


def static(folder: Path) -> Encoder:
    return trained()


def transformer(folder: Path) -> Encoder:
    """A real transformer, as small as can be, made here: nothing is downloaded."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    letters = sorted(set("".join(TEXTS)))
    words = folder / "vocab.txt"
    words.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]), encoding="utf-8")
    config = BertConfig(
        vocab_size=len(letters) + 5, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    BertModel(config).save_pretrained(folder / "bert")
    BertTokenizer(str(words)).save_pretrained(folder / "bert")
    module = Transformer(str(folder / "bert"))
    SentenceTransformer(modules=[module, Pooling(16)], device="cpu").save(str(folder / "model"))
    return TransformerEncoder(str(folder / "model"))


@pytest.fixture(params=[static, transformer])
def encoder(request: pytest.FixtureRequest, tmp_path: Path) -> Encoder:
    make: Callable[[Path], Encoder] = request.param
    return make(tmp_path)


class TestEveryEncoder:
    def test_rows_have_length_one(self, encoder: Encoder) -> None:
        vectors = encoder.encode(TEXTS)
        assert vectors.shape == (len(TEXTS), encoder.dim) and vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)

    def test_no_texts_are_no_rows(self, encoder: Encoder) -> None:
        assert encoder.encode([]).shape == (0, encoder.dim)

    def test_a_text_keeps_its_vector_in_other_company(self, encoder: Encoder) -> None:
        assert np.allclose(encoder.encode(TEXTS)[3:4], encoder.encode(TEXTS[3:4]), atol=1e-4)

    def test_saved_and_read_back_it_is_the_same(self, encoder: Encoder, tmp_path: Path) -> None:
        encoder.save(tmp_path / "saved")
        again = load_encoder(tmp_path / "saved")
        assert (again.name, again.dim, again.fingerprint) == (encoder.name, encoder.dim, encoder.fingerprint)
        assert np.allclose(again.encode(TEXTS), encoder.encode(TEXTS), atol=1e-4)


def test_like_texts_are_near() -> None:
    encoder = static(ROOT)
    query, stored = encoder.encode(["儲值的灵玉没到"]), encoder.encode(TEXTS)
    assert int(np.argmax(query @ stored.T)) in (0, 1)


def test_a_text_of_unknown_signs_has_a_vector_too() -> None:
    assert np.isfinite(static(ROOT).encode(["ⵣⵣⵣ", ""])).all()


def test_a_changed_encoder_is_refused(tmp_path: Path) -> None:
    static(tmp_path).save(tmp_path / "saved")
    table = np.load(tmp_path / "saved" / "table.npy")
    np.save(tmp_path / "saved" / "table.npy", table + np.float16(1))
    with pytest.raises(IndexMismatch, match="has changed"):
        load_encoder(tmp_path / "saved")
    with pytest.raises(IndexMismatch, match="no encoder"):
        load_encoder(tmp_path / "nothing")


def test_the_static_encoder_serves_without_torch_and_scikit_learn(tmp_path: Path) -> None:
    static(tmp_path).save(tmp_path / "saved")
    code = (
        "import sys; from pathlib import Path; from faq_index.encoder import load_encoder\n"
        f"assert isinstance(load_encoder(Path({str(tmp_path / 'saved')!r})).encode(['x']).shape, tuple)\n"
        "loaded = {'torch', 'sklearn', 'scipy', 'transformers', 'rasa', 'spacy', 'faiss'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


def test_training_brings_together_what_one_entry_answers_and_tells_the_classes() -> None:
    encoder = trained(StaticSettings(dim=16, min_count=1, epochs=60, batch=12))
    vectors = encoder.encode(TEXTS)
    assert vectors[0] @ vectors[1] > max(vectors[0] @ vectors[2], vectors[1] @ vectors[5])
    assert encoder.head is not None
    told = [encoder.head.classes[index] for index in encoder.head.scores(vectors).argmax(axis=1)]
    assert told == LABELS


def test_without_contrastive_training_there_is_no_head() -> None:
    encoder = trained(StaticSettings(dim=16, min_count=1, epochs=0))
    assert encoder.head is None and np.isfinite(encoder.encode(TEXTS)).all()


def test_sentence_transformers_gives_the_same_vectors_from_the_same_table(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    from faq_index.torch_module import FeatureSum

    encoder = trained()
    encoder.save(tmp_path / "saved")
    model = SentenceTransformer(modules=[FeatureSum.of(encoder)], device="cpu")
    assert np.abs(model.encode(TEXTS) - encoder.encode(TEXTS)).max() < 1e-5
    model.save(str(tmp_path / "model"))
    again = SentenceTransformer(str(tmp_path / "model"), device="cpu", trust_remote_code=True)
    assert np.abs(again.encode(TEXTS) - encoder.encode(TEXTS)).max() < 1e-5


def test_noise_spoils_some_characters_the_same_way_each_time() -> None:
    text = "充值了六百四十八块钱灵玉一直没有到账怎么办呢"
    first, again = (Noise([text, "重直留百快遛冲"], seed=3)(text) for _ in range(2))
    assert first == again != text
    assert abs(len(first) - len(text)) < 12


def test_a_trained_encoder_is_of_its_class(tmp_path: Path) -> None:
    static(tmp_path).save(tmp_path / "saved")
    assert isinstance(load_encoder(tmp_path / "saved"), StaticEncoder)
