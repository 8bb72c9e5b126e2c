"""The memory twin keeps the contract of the suggestions' store."""

from __future__ import annotations

import pytest

from suggest.memory_store import MemorySuggestStore
from tests.unit.suggest.store_contract import Make, SuggestStoreContract


class TestMemory(SuggestStoreContract):
    @pytest.fixture
    def make(self) -> Make:
        return MemorySuggestStore
