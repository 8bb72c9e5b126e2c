"""What is hidden while something heavy is imported is there again afterwards."""

from __future__ import annotations

import sys

import pytest

from bot.logic import lean_imports


def test_a_hidden_package_looks_uninstalled_only_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lean_imports, "_UNUSED", ("wave",))
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    with lean_imports.lean_imports(), pytest.raises(ImportError):
        import wave
    assert "wave" not in sys.modules
    import wave

    with lean_imports.lean_imports():
        import wave as loaded
    assert loaded is wave


def test_it_is_given_back_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lean_imports, "_UNUSED", ("wave",))
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    with pytest.raises(ZeroDivisionError), lean_imports.lean_imports():
        raise ZeroDivisionError
    assert "wave" not in sys.modules
