"""Imports run one way, and pure logic knows no framework."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BELOW = {
    "common": set(),
    "faq_index": {"common"},
    "suggest": {"common"},
    "handoff": {"common"},
    "actions": {"common", "faq_index", "suggest", "handoff", "bot"},
    "bot": {"common", "faq_index", "suggest", "handoff", "actions"},
    "gateway": {"common", "faq_index", "suggest", "handoff", "bot"},
    "evals": {"common", "faq_index", "suggest", "bot"},
}
FRAMEWORKS = {"rasa", "rasa_sdk", "starlette", "redis", "sqlalchemy", "torch", "spacy"}
# Adapters, which exist to know a framework.
ADAPTERS = {
    "handoff/redis_base.py", "handoff/redis_store.py", "handoff/connect.py", "handoff/presence.py", "handoff/worker.py", "faq_index/encoder.py", "faq_index/contrastive.py", "faq_index/torch_module.py",
    "bot/logic/entities.py", "suggest/redis_store.py", "suggest/learn.py",
}  # fmt: skip
ADAPTER_FOLDERS = ("handoff/sql/", "handoff/migrations/")


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("package", BELOW)
def test_a_package_imports_only_what_is_below_it(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        ours = imported(path) & set(BELOW) - {package}
        assert ours <= BELOW[package], f"{path.relative_to(ROOT)} imports {ours - BELOW[package]}"


def test_pure_logic_knows_no_framework() -> None:
    folders = ("common", "faq_index", "suggest", "handoff", "bot/logic")
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            if name in ADAPTERS or name.startswith(ADAPTER_FOLDERS):
                continue
            assert not imported(path) & FRAMEWORKS, f"{name} imports {imported(path) & FRAMEWORKS}"


def test_lua_scripts_have_a_memory_twin_in_the_contract() -> None:
    adapter = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "handoff").glob("redis_*.py"))
    for script in (ROOT / "handoff" / "lua").glob("[a-z]*.lua"):
        assert f'"{script.stem}"' in adapter or script.stem == "renew", f"{script.name} is used by nobody"
