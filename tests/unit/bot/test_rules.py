"""The generated rules: each scenario has exactly one way to an answer."""

from __future__ import annotations

from pathlib import Path

import yaml

from bot.rules import RULES, generate, rules_text, scenarios_with_flow
from common.content import load_scenarios

ROOT = Path(__file__).parents[3]


def test_every_scenario_without_a_flow_has_a_rule(project: Path) -> None:
    (project / "data/stories/own.yml").write_text(
        "rules:\n- rule: own\n  steps:\n  - intent: pay_not_arrived\n  - action: form\n", encoding="utf-8"
    )
    assert generate(project) and not generate(project)
    rules = yaml.safe_load((project / RULES).read_text(encoding="utf-8"))["rules"]
    actions = {rule["steps"][0]["intent"]: rule["steps"][1]["action"] for rule in rules}
    assert actions == {"account_register": "action_answer", "service_human": "action_handoff"}


def test_the_committed_rules_are_up_to_date() -> None:
    text = rules_text(load_scenarios(ROOT, []), scenarios_with_flow(ROOT))
    assert (ROOT / RULES).read_text(encoding="utf-8") == text
