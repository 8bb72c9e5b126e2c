"""Fitting: folds that leak nothing, probabilities that mean what they say, thresholds that keep their targets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bot.logic.artifacts import calibration_texts, make_artifacts, plan_artifacts
from bot.logic.classifier import Calibration, Classifier, softmax
from bot.logic.decision import Judgement, Nearest, Policy, Ranked, Thresholds
from bot.logic.decision_fitting import Case, Report, Targets, fit_policy, fit_thresholds, measure, ranking_of
from bot.logic.fitting import (
    Example,
    Fitted,
    Kind,
    Unseen,
    assign_folds,
    build_space,
    fit,
    fit_calibration,
    sparse_rows,
)
from common.content import load_content
from faq_index.analysis import Analyser
from faq_index.encoder import StaticEncoder, StaticSettings, load_encoder
from faq_index.training import train_static
from faq_index.training_text import TrainingText

LEXICON = Path(__file__).parents[3] / "data" / "lexicon"


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser.load(LEXICON)


@pytest.fixture
def examples(project: Path, analyser: Analyser) -> list[Example]:
    content = load_content(project)
    spoken = [Example(utterance.intent, analyser(utterance.text)) for utterance in content.utterances]
    return spoken + [
        Example(entry.scenario, analyser(text), Kind.WORDING) for entry in content.entries for text, _ in entry.wordings
    ]


@pytest.fixture
def encoder(examples: list[Example], analyser: Analyser) -> StaticEncoder:
    texts = [TrainingText(example.analysis.source, example.label) for example in examples]
    return train_static(texts, analyser, StaticSettings(dim=32, min_count=1, epochs=2))


def cases_of(fitted: Fitted) -> list[Case]:
    classes = fitted.classifier.classes
    rows = zip(fitted.unseen.labels, fitted.unseen.probabilities)
    return [Case(label, ranking_of(row, classes)) for label, row in rows]


def test_a_classifier_learns_and_survives_its_folder(
    examples: list[Example], encoder: StaticEncoder, project: Path, tmp_path: Path, analyser: Analyser
) -> None:
    vectors = encoder.encode_analysed([example.analysis for example in examples])
    fitted = fit(examples, processes=1)
    _, report = fit_policy(cases_of(fitted), load_content(project).scenario_ids)
    assert 0.5 < report.top1 <= report.top3 <= 1 and not report.calibration_sets
    fitted.classifier.save(tmp_path)
    again = Classifier.load(tmp_path)
    for text, label in (
        ("儲值还没到账", "pay_not_arrived"),
        ("怎么弄个新账号", "account_register"),
        ("帮我转真人", "service_human"),
    ):
        analysis = analyser(text)
        shares = again.probabilities(analysis, encoder.encode_analysed([analysis])[0])
        assert again.classes[int(shares.argmax())] == label
        assert shares.sum() == pytest.approx(1, abs=1e-4)
    empty = again.probabilities(analyser(""), vectors[0])
    assert np.isfinite(empty).all()


def test_vectors_can_be_features_too(examples: list[Example], encoder: StaticEncoder) -> None:
    analyses = [example.analysis for example in examples]
    vectors = encoder.encode_analysed(analyses)
    fitted = fit(examples, vectors, processes=1)
    plain, moved = (fitted.classifier.probabilities(analyses[0], vector) for vector in (vectors[0], -vectors[0]))
    assert not np.allclose(plain, moved)


def test_calibration_sets_spare_the_folds(examples: list[Example], encoder: StaticEncoder, analyser: Analyser) -> None:
    held_out = [
        Example("pay_not_arrived", analyser("儲值还没到账")),
        Example("service_human", analyser("叫个真人客服")),
        Example("out_of_scope", analyser("晚上看什么电影")),
    ]
    assert fit(examples, held_out=held_out).unseen.labels == [example.label for example in held_out]
    assert len(fit(examples, processes=1).unseen.labels) > 50
    vectors = encoder.encode_analysed([example.analysis for example in held_out])
    plain = fit(examples, held_out=held_out, processes=1)
    headed = fit(examples, None, held_out, vectors, encoder.head, processes=1)
    first, second = (item.classifier.probabilities(held_out[0].analysis, -100 * vectors[0]) for item in (plain, headed))
    assert not np.allclose(first, second, atol=1e-3)
    again = headed.classifier.probabilities(held_out[0].analysis, vectors[0])
    assert np.allclose(again, headed.unseen.probabilities[0], atol=1e-3)


def test_classes_shared_out_among_processes_are_trained_as_in_one(examples: list[Example], analyser: Analyser) -> None:
    held_out = [Example("pay_not_arrived", analyser("儲值还没到账")), Example("out_of_scope", analyser("看什么电影"))]
    one, two = (fit(examples, held_out=held_out, processes=count).unseen.probabilities for count in (1, 2))
    assert np.allclose(one, two, atol=0.02)


def test_rows_made_together_are_those_made_one_by_one(examples: list[Example]) -> None:
    space = build_space([example.analysis for example in examples])
    matrix = sparse_rows(examples, space)
    for row, example in enumerate(examples):
        columns, values = space.row(example.analysis)
        assert np.array_equal(matrix[row].indices, columns) and np.array_equal(matrix[row].data, values)


def test_predictions_survive_their_folder(tmp_path: Path) -> None:
    unseen = Unseen(["充值"], ["pay"], np.asarray([[0.25, 0.75]], dtype=np.float32))
    unseen.save(tmp_path)
    again = Unseen.load(tmp_path)
    assert (again.texts, again.labels) == (["充值"], ["pay"]) and np.allclose(again.probabilities, [[0.25, 0.75]])


def test_calibration_sets_count_when_there_are_enough_of_them(project: Path) -> None:
    sets = project / "evals/sets"
    sets.mkdir(parents=True)

    def write(name: str, label: str, count: int) -> None:
        items = [{"id": f"{name}{n}", "text": f"{name}{n}", "author": "a", "scenarios": [label]} for n in range(count)]
        (sets / f"{name}.calibration.jsonl").write_text("\n".join(map(json.dumps, items)) + "\n", encoding="utf-8")

    write("scenarios", "pay_not_arrived", 499)
    assert calibration_texts(project) == []
    write("out_of_scope", "out_of_scope", 1)
    assert len(calibration_texts(project)) == 500
    write("scenarios", "pay_not_arrived", 400)
    assert calibration_texts(project) == []
    before = plan_artifacts(project).classifier
    write("scenarios", "pay_not_arrived", 499)
    assert plan_artifacts(project).classifier != before


def test_near_duplicates_share_a_fold_and_wordings_far_from_all_are_never_held_out(analyser: Analyser) -> None:
    texts = [f"{word}到底应该怎么弄" for word in "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉"]
    texts = [f"{text}才好呀{text[::-1]}" for text in texts]
    examples = [Example("a", analyser(text + "吗")) for text in texts]
    examples += [Example("a", analyser(texts[0])), Example("a", analyser(texts[2]), Kind.WORDING)]
    examples += [Example("a", analyser("完全是另一回事"), Kind.WORDING)]
    folds = assign_folds(examples)
    assert folds[0] == folds[20] and folds[2] == folds[21] and folds[22] == -1


def test_calibrated_probabilities_mean_what_they_say() -> None:
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(4000, 5)).astype(np.float32)
    truth = np.asarray([generator.choice(5, p=row / row.sum()) for row in softmax(1.7 * scores).astype(float)])
    calibration = fit_calibration(scores / 3, truth)  # the model's scores are three times too small
    shares = calibration.probabilities(scores / 3)
    sure, right = shares.max(axis=1), shares.argmax(axis=1) == truth
    for low in (0.3, 0.5, 0.7):
        rows = (sure >= low) & (sure < low + 0.2)
        assert right[rows].mean() == pytest.approx(sure[rows].mean(), abs=0.06)


def test_calibration_keeps_the_order_of_the_classes() -> None:
    scores = np.random.default_rng(1).normal(size=(200, 6)).astype(np.float32)
    shares = Calibration(2.0, 0.3, -2.0).probabilities(scores)
    assert (shares.argmax(axis=1) == scores.argmax(axis=1)).all()
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-4)


def cases(count: int, spread: float = 1.2) -> list[Case]:
    """Made-up rankings of which the retriever's likeness tells whether they are right."""
    generator = np.random.default_rng(2)
    classes = ["a", "b", "greet", "out_of_scope", "service_human"]
    labels = generator.choice(classes, size=count, p=[0.4, 0.3, 0.1, 0.1, 0.1])
    hot = np.asarray([[label == name for name in classes] for label in labels])
    shares = softmax((3 * hot + spread * generator.normal(size=hot.shape)).astype(np.float32))
    made = []
    for label, row in zip(labels, shares):
        ranking = ranking_of(row, classes)
        right = ranking[0].name == label
        near = Nearest(ranking[0].name if right else "b", 0.6 if right else 0.2, 0.9 if right else 0.4)
        made.append(Case(str(label), ranking, near))
    return made


SCENARIOS = frozenset({"a", "b", "service_human"})


def test_thresholds_keep_their_targets() -> None:
    alone = [Case(case.label, case.ranking) for case in cases(3000)]
    policy, report = fit_policy(alone, SCENARIOS, Targets(precision=0.97))
    assert report.precision >= 0.97 and report.answered > 0.3
    assert report.lost <= 0.05 and report.out_of_scope_caught > 0.6
    assert policy.sureness.right == () and policy.blend.retriever == 0


def test_evidence_of_the_retriever_lets_more_be_answered() -> None:
    alone = [Case(case.label, case.ranking) for case in cases(2000, spread=2.5)]
    _, plain = fit_policy(alone, SCENARIOS)
    policy, seen = fit_policy(cases(2000, spread=2.5), SCENARIOS)
    assert seen.answered > plain.answered + 0.2 and seen.precision >= 0.97
    assert len(policy.sureness.right) == len(policy.sureness.foreign) == 7


def test_a_retriever_that_knows_better_is_blended_in() -> None:
    made = []
    for case in cases(600, spread=4.0):
        if case.label in SCENARIOS:
            told = {name: 0.9 if name == case.label else 0.05 for name in SCENARIOS}
            made.append(Case(case.label, case.ranking, None, told))
    policy, report = fit_policy(made, SCENARIOS)
    wrong = sum(case.ranking[0].name != case.label for case in made)
    assert policy.blend.retriever > 0 and report.top1 > 1 - wrong / len(made) / 2


def test_where_nothing_is_sure_nothing_is_answered() -> None:
    classes = frozenset({"a", "b"})
    ranking = [Ranked("b", 0.6), Ranked("a", 0.4)]
    made = [Case(label, ranking) for label in ("a", "b") * 50]
    judged = [Judgement(ranking[0], 0.6, 0.1, 0.9)] * 95 + [Judgement(ranking[0], 0.6, 0.2, 0.9)] * 5
    thresholds = fit_thresholds(judged, [case.label for case in made], classes)
    assert thresholds.answer > 1
    assert measure(made, judged, Policy(thresholds, classes)).answered == 0


def test_parts_are_made_once_and_again_only_for_what_changed(project: Path) -> None:
    said: list[str] = []
    first = make_artifacts(project, said.append)
    made, count = [line for line in said if "epoch" not in line], len(said)
    assert [line.split()[0] for line in made] == ["encoder", "index", "classifier", "thresholds", "tone"]
    assert plan_artifacts(project) == first
    assert make_artifacts(project, said.append) == first and len(said) == count
    assert Report.load(first.policy).thresholds == Thresholds.load(first.policy)
    assert load_encoder(first.faq.encoder).name == "static"
    nlu = project / "data/nlu/all.yml"
    nlu.write_text(nlu.read_text(encoding="utf-8").replace("- 在不在\n", "- 有没有人在\n"), encoding="utf-8")
    second = plan_artifacts(project)
    assert second.classifier != first.classifier and second.faq.encoder == first.faq.encoder
