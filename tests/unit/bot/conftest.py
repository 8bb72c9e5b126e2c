"""What the tests of the pipeline's parts share."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.logic.entities import EntityFinder
from common.text import Aliases

LEXICON = Path(__file__).parents[3] / "data" / "lexicon"


@pytest.fixture(scope="package")
def finder() -> EntityFinder:
    """Finds entities with the project's own lexicon."""
    return EntityFinder(LEXICON)


@pytest.fixture(scope="package")
def aliases() -> Aliases:
    """The project's own aliases."""
    return Aliases.read(LEXICON / "aliases.tsv")
