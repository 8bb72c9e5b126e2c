"""What can go wrong with the FAQ index and its content."""

from __future__ import annotations

from collections.abc import Sequence

from common.errors import SupportError
from common.yaml_items import Problem


class ContentError(SupportError):
    """The content has faults; `problems` names file and line of each."""

    code = "bad_content"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class IndexMismatch(SupportError):
    """An index or encoder on disk is not what its manifest, or the model that asks for it, says it is."""

    code = "index_mismatch"
