"""What an agent's account tells routing: skills, languages, and the players whose own agent this is."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from common.errors import SupportError, UnknownGroup
from handoff.engine import Profile
from handoff.policy import GENERAL, MAX_SKILL
from handoff.protocol import Agent

MAX_PLAYERS = 1000
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_PLAYER = re.compile(r"[^\s,]{1,64}")


class BadProfile(SupportError):
    """A proficiency, language or player that a profile can't have."""

    code = "bad_profile"


class StoredProfile(Struct, frozen=True):
    """An account's profile as it is kept."""

    skills: dict[str, int]  # group -> proficiency 1..5
    languages: tuple[str, ...] = ("zh",)  # ISO 639 codes
    players: tuple[str, ...] = ()  # players' ids

    def of(self, agent: Agent) -> Profile:
        """As the engine takes it."""
        return Profile(agent.role, self.skills, self.languages, self.players)


#: Of an account for which nothing was set.
DEFAULT = StoredProfile(skills={GENERAL: 3})


class ProfileStore(Protocol):
    """Where profiles lie. Every method raises StorageError."""

    async def profile(self, agent: str) -> StoredProfile | None:
        """The profile set for an account, None when none was."""

    async def set_profile(self, agent: str, profile: StoredProfile) -> None:
        """Replace an account's profile."""


class MemoryProfileStore:
    """The twin in memory, for tests."""

    def __init__(self) -> None:
        self._rows: dict[str, StoredProfile] = {}

    async def profile(self, agent: str) -> StoredProfile | None:
        """See the port."""
        return self._rows.get(agent)

    async def set_profile(self, agent: str, profile: StoredProfile) -> None:
        """See the port."""
        self._rows[agent] = profile


class Profiles:
    """Reads profiles, and changes them after checking them against the policy's groups."""

    def __init__(self, store: ProfileStore, groups: Collection[str]) -> None:
        self._store = store
        self._groups = groups

    async def get(self, agent: str) -> StoredProfile:
        """An account's profile, or the default one."""
        return await self._store.profile(agent) or DEFAULT

    async def change(
        self,
        agent: str,
        *,
        skills: Mapping[str, int] | None = None,
        languages: Sequence[str] | None = None,
        players: Sequence[str] | None = None,
    ) -> StoredProfile:
        """Replace the parts that are given; the new profile.

        Raises:
            UnknownGroup: a skill in a group that the policy does not name.
            BadProfile: a proficiency outside 1..5, a language that is no ISO 639 code, no language, or a bad player's id.
        """
        profile = await self.get(agent)
        if skills is not None:
            profile = replace(profile, skills=self._checked_skills(skills))
        if languages is not None:
            profile = replace(profile, languages=_checked_languages(languages))
        if players is not None:
            profile = replace(profile, players=_checked_players(players))
        await self._store.set_profile(agent, profile)
        return profile

    def _checked_skills(self, skills: Mapping[str, int]) -> dict[str, int]:
        for group, proficiency in skills.items():
            if group not in self._groups:
                known = sorted(self._groups)
                raise UnknownGroup(f"expected a group of {', '.join(known)}, got {group!r}", groups=known)
            if not 1 <= proficiency <= MAX_SKILL:
                raise BadProfile(f"expected a proficiency of 1 to {MAX_SKILL} in {group}, got {proficiency}")
        return dict(skills)


def _checked_languages(languages: Sequence[str]) -> tuple[str, ...]:
    wrong = [language for language in languages if not _LANGUAGE.fullmatch(language)]
    if wrong or not languages:
        raise BadProfile(f"expected languages such as zh or en, got {', '.join(wrong) or 'none'}")
    return tuple(dict.fromkeys(languages))


def _checked_players(players: Sequence[str]) -> tuple[str, ...]:
    wrong = [player for player in players if not _PLAYER.fullmatch(player) or not player.isprintable()]
    if wrong or len(players) > MAX_PLAYERS:
        raise BadProfile(
            f"expected at most {MAX_PLAYERS} players' ids without blanks or commas, got {wrong or len(players)}"
        )
    return tuple(dict.fromkeys(players))
