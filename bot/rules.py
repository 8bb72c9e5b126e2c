"""The generated rules: one for each scenario without a flow of its own, so that no scenario is ever without an answer.

data/stories/scenarios.yml is committed; `python -m bot.rules` writes it again after data/scenarios.yml has changed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from bot.logic.decision import HUMAN_SCENARIO
from common.content import Scenario, load_scenarios
from common.yaml_items import Problem
from faq_index.errors import ContentError

RULES = Path("data/stories/scenarios.yml")
STORIES = Path("data/stories")

_HEAD = """\
# Made by `python -m bot.rules` from data/scenarios.yml: a rule for each scenario that no other file of data/stories/
# has a rule or story for.
version: "3.1"

rules:
"""


def rules_text(scenarios: Sequence[Scenario], with_flow: Iterable[str]) -> str:
    """The rules file; scenarios in `with_flow` have rules or stories elsewhere."""
    elsewhere = set(with_flow)
    rules = []
    for scenario in scenarios:
        if scenario.id in elsewhere:
            continue
        action = "action_handoff" if scenario.id == HUMAN_SCENARIO else "action_answer"
        rules.append(f"- rule: {scenario.id}\n  steps:\n  - intent: {scenario.id}\n  - action: {action}\n")
    return _HEAD + "".join(rules)


def scenarios_with_flow(root: Path) -> set[str]:
    """Intents that a rule or story outside the generated file begins with or holds."""
    intents: set[str] = set()
    for path in sorted((root / STORIES).glob("*.yml")):
        if path.name != RULES.name:
            content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
            for item in [*content.get("rules", ()), *content.get("stories", ())]:
                intents.update(step["intent"] for step in item.get("steps", ()) if isinstance(step.get("intent"), str))
    return intents


def generate(root: Path) -> bool:
    """Write the rules where they have changed; whether they had."""
    problems: list[Problem] = []
    scenarios = load_scenarios(root, problems)
    if problems:
        raise ContentError(problems)
    text = rules_text(scenarios, scenarios_with_flow(root))
    path = root / RULES
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True


if __name__ == "__main__":
    print(f"{RULES}: {'written' if generate(Path('.')) else 'unchanged'}", file=sys.stderr)
