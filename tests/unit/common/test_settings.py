"""Settings: defaults that work, values that are refused with what was expected."""

from __future__ import annotations

import re

import pytest

from common.errors import SettingsError
from common.settings import ROOT, Settings

SECRETS = {"PLAYER_TOKEN_SECRET": "p" * 40, "SERVER_SECRET": "s" * 40}


def test_development_needs_nothing() -> None:
    settings = Settings.from_env({})
    assert settings.development and settings.redis_address.startswith("unix://")
    assert settings.database_url.startswith("sqlite:///")


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"PORT": "http"}, "PORT is 'http'; expected a whole number from 1 to 65535"),
        ({"PORT": "70000"}, "PORT is '70000'"),
        ({"SUPPORT_ENV": "prod"}, "expected development or production"),
        ({"SUPPORT_ENV": "production"}, "PLAYER_TOKEN_SECRET is missing"),
        ({"SUPPORT_ENV": "production", **SECRETS, "SERVER_SECRET": "change-me" + "x" * 40}, "SERVER_SECRET"),
        ({"SUPPORT_ENV": "production", **SECRETS, "SERVER_SECRET": "short"}, "SERVER_SECRET"),
    ],
)
def test_a_bad_value_says_what_was_expected(environ: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(says)):
        Settings.from_env(environ)


def test_production_with_secrets_starts() -> None:
    assert not Settings.from_env({"SUPPORT_ENV": "production", **SECRETS}).development


def test_a_deep_folder_still_gets_a_socket_that_the_kernel_accepts() -> None:
    settings = Settings.from_env({"SUPPORT_VAR": "/srv/" + "deep/" * 30})
    assert len(str(settings.redis_socket)) < 108


def test_every_setting_is_explained() -> None:
    explained = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    read = set(re.findall(r"\"([A-Z_]{4,})\"", (ROOT / "common" / "settings.py").read_text(encoding="utf-8")))
    assert read - {"SUPPORT_ROOT", "SUPPORT_VAR", "INFO"} == explained
