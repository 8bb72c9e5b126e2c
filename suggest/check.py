"""Checks what operators write for chips: `python -m suggest.check` names file and line of whatever is wrong."""

from __future__ import annotations

import sys
from pathlib import Path

from common.content import load_entries
from common.settings import ROOT
from common.yaml_items import Problem
from suggest.suggest_file import check_suggest


def main(root: Path = ROOT) -> int:
    """Print every problem; 1 when there is any."""
    elsewhere: list[Problem] = []  # those of the library are `python -m faq_index check`'s
    problems = check_suggest(root, {entry.id for entry in load_entries(root, elsewhere)})
    for problem in problems:
        print(problem)
    print(f"chips: {len(problems)} problems" if problems else "chips: nothing wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
