"""The decision and the intent that goes with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.logic.decision import Blend, Decision, Nearest, Policy, Ranked, Sureness, Thresholds, foreignness

LIMITS = Thresholds(answer=0.8, out_of_scope=0.5, clarify=0.3, act=0.5, human=0.6)
POLICY = Policy(LIMITS, frozenset({"pay_refund", "pay_failed", "tech_lag", "service_human", "service_crisis"}))


def ranking(**shares: float) -> list[Ranked]:
    return sorted((Ranked(name, share) for name, share in shares.items()), key=lambda item: -item.confidence)


@pytest.mark.parametrize(
    ("shares", "decision", "intent"),
    [
        ({"pay_refund": 0.9, "pay_failed": 0.05}, "answer", "pay_refund"),
        ({"pay_refund": 0.6, "pay_failed": 0.3}, "clarify", "clarify"),
        ({"pay_refund": 0.1, "pay_failed": 0.05, "greet": 0.1}, "fallback", "out_of_scope"),
        ({"out_of_scope": 0.7, "pay_refund": 0.2}, "fallback", "out_of_scope"),
        ({"pay_refund": 0.45, "out_of_scope": 0.5}, "fallback", "out_of_scope"),
        ({"greet": 0.7, "pay_refund": 0.2}, "smalltalk", "greet"),
        ({"greet": 0.4, "pay_refund": 0.35}, "clarify", "clarify"),
        ({"service_human": 0.7, "pay_refund": 0.2}, "handoff", "request_human"),
        ({"service_human": 0.5, "pay_refund": 0.2}, "clarify", "clarify"),
        ({"service_crisis": 0.65, "out_of_scope": 0.3}, "answer", "service_crisis"),
    ],
)
def test_decisions(shares: dict[str, float], decision: str, intent: str) -> None:
    outcome = POLICY.decide(ranking(**shares))
    assert (outcome.decision.value, outcome.intent.name) == (decision, intent)
    assert 0 <= outcome.intent.confidence <= 1


def test_a_wish_for_a_person_is_never_answered_by_an_entry() -> None:
    sure = Policy(Thresholds(answer=0.1, human=0.9), POLICY.scenarios)
    assert sure.decide(ranking(service_human=0.8)).decision is Decision.CLARIFY
    assert sure.decide(ranking(tech_lag=0.9), Nearest("service_human", 1.0, 1.0)).decision is Decision.HANDOFF


def test_the_same_question_is_answered_whatever_the_classifier_says() -> None:
    same = Nearest("pay_refund", 1.0, 1.0)
    outcome = POLICY.decide(ranking(out_of_scope=0.9), same)
    assert (outcome.decision, outcome.intent) == (Decision.ANSWER, Ranked("pay_refund", 1.0))
    assert [item.name for item in POLICY.scenarios_of(ranking(tech_lag=0.6, pay_refund=0.2), same)] == [
        "pay_refund",
        "tech_lag",
    ]


def test_english_is_let_go_only_when_it_is_likelier_foreign_than_not() -> None:
    strict = Policy(replace(LIMITS, out_of_scope=0.2), POLICY.scenarios)
    shares = {"pay_refund": 0.6, "out_of_scope": 0.3}
    assert strict.decide(ranking(**shares), language="zh").decision is Decision.FALLBACK
    assert strict.decide(ranking(**shares), language="en").decision is Decision.CLARIFY
    assert strict.decide(ranking(pay_refund=0.3, out_of_scope=0.6), language="en").decision is Decision.FALLBACK
    lenient = Policy(replace(LIMITS, out_of_scope=0.9), POLICY.scenarios)
    assert lenient.decide(ranking(pay_refund=0.3, out_of_scope=0.6), language="en").decision is Decision.CLARIFY


def test_foreignness_is_a_share() -> None:
    assert foreignness(0.0, 0.0) == 0 and foreignness(0.2, 0.2) == 0.5


def test_a_policy_survives_its_folder(tmp_path: Path) -> None:
    policy = replace(POLICY, sureness=Sureness((1.0,) * 7, (0.5,) * 7), blend=Blend(0.5, 2.0))
    policy.save(tmp_path)
    assert Policy.load(tmp_path) == policy


def test_trust_follows_the_evidence() -> None:
    agreeing = Sureness(right=(0.0, 0.0, 0.0, 0.0, 5.0, 0.0, 2.0), foreign=(0.0,) * 7)
    policy = replace(POLICY, sureness=agreeing)
    shares = ranking(pay_refund=0.5, pay_failed=0.4)
    near, far = Nearest("pay_refund", 0.5, 0.9), Nearest("tech_lag", 0.5, 0.1)
    assert policy.judge(shares, near).sure > 0.99 > policy.judge(shares, far).sure


def test_a_blend_ranks_scenarios_anew_and_leaves_the_rest() -> None:
    shares = ranking(pay_refund=0.5, pay_failed=0.3, greet=0.2)
    told = {"pay_refund": 0.1, "pay_failed": 0.9}
    blended = Blend(1.0, 1.0).ranking(shares, told)
    assert [item.name for item in blended] == ["pay_failed", "greet", "pay_refund"]
    assert sum(item.confidence for item in blended) == pytest.approx(1)
    assert Blend().ranking(shares, told) == shares
