"""Agents' accounts: who may log in to the desk, and the command that makes and changes them.

`python -m handoff.accounts create --name admin --role admin --generate`
`python -m handoff.accounts profile --name xiaoyun --skill payment=4 --skill general=3 --language zh --player u1001`
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import re
import secrets
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import NoReturn, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct
from msgspec.structs import replace

from common.clock import Clock, SystemClock, iso
from common.errors import BadCredentials, SupportError
from common.settings import ROOT
from handoff.profiles import BadProfile, Profiles, StoredProfile
from handoff.protocol import Agent

MIN_PASSWORD = 10
MAX_PASSWORD = 256  # characters; argon2 reads them all, so there has to be an end
MAX_DISPLAY = 40
HASHES_AT_ONCE = 2  # each takes 64 MiB
DEFAULT_URL = "sqlite:///var/support.db"

_NAME = re.compile(r"[^\W_][\w.@-]{1,63}")


class BadAccount(SupportError):
    """A name, display name or role that an account can't have."""

    code = "bad_account"


class BadPassword(SupportError):
    """A password that is too short or too long to be set."""

    code = "bad_password"


class NameTaken(SupportError):
    """Another account has the name, perhaps in other letter case."""

    code = "name_taken"


class UnknownAccount(SupportError):
    """No account by that name or id."""

    code = "unknown_account"


class Role(str, Enum):
    """What an account may do."""

    AGENT = "agent"  # takes conversations
    SUPERVISOR = "supervisor"  # also watches and moves those of others
    ADMIN = "admin"  # also changes accounts


class Account(Struct, frozen=True):
    """An account without its password."""

    id: str
    name: str  # log-in name as it was given
    display: str  # what players see
    role: Role
    active: bool
    created_at: int  # UTC milliseconds
    password_at: int  # when the password was last set: a session from before is no longer good

    def agent(self) -> Agent:
        """The account as the desk's frames carry it."""
        return Agent(id=self.id, name=self.name, display=self.display, role=self.role.value)


class AccountStore(Protocol):
    """Where accounts lie. Every method raises StorageError."""

    async def add(self, account: Account, password_hash: str) -> bool:
        """Store a new account; False when its `name_key` is taken."""

    async def find(self, key: str) -> tuple[Account, str] | None:
        """The account with that `name_key`, and its password hash."""

    async def get(self, id: str) -> Account | None:
        """The account with that id."""

    async def list(self) -> Sequence[Account]:
        """All accounts by `name_key`."""

    async def set_password(self, id: str, password_hash: str, at: int) -> bool:
        """Replace the password; False when there is no such account."""

    async def rehash(self, id: str, old: str, new: str) -> None:
        """Replace the hash of an unchanged password, unless the hash is no longer `old`."""

    async def set_active(self, id: str, active: bool) -> bool:
        """Open or shut an account; False when there is no such account."""


class MemoryAccountStore:
    """The twin in memory, for tests."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[Account, str]] = {}

    async def add(self, account: Account, password_hash: str) -> bool:
        """See the port."""
        if await self.find(name_key(account.name)):
            return False
        self._rows[account.id] = (account, password_hash)
        return True

    async def find(self, key: str) -> tuple[Account, str] | None:
        """See the port."""
        return next((row for row in self._rows.values() if name_key(row[0].name) == key), None)

    async def get(self, id: str) -> Account | None:
        """See the port."""
        return self._rows[id][0] if id in self._rows else None

    async def list(self) -> Sequence[Account]:
        """See the port."""
        return sorted((account for account, _ in self._rows.values()), key=lambda account: name_key(account.name))

    async def set_password(self, id: str, password_hash: str, at: int) -> bool:
        """See the port."""
        return self._replace(id, password_hash, password_at=at)

    async def rehash(self, id: str, old: str, new: str) -> None:
        """See the port."""
        if id in self._rows and self._rows[id][1] == old:
            self._replace(id, new)

    async def set_active(self, id: str, active: bool) -> bool:
        """See the port."""
        return id in self._rows and self._replace(id, self._rows[id][1], active=active)

    def _replace(self, id: str, password_hash: str, **changes: object) -> bool:
        if id not in self._rows:
            return False
        self._rows[id] = (replace(self._rows[id][0], **changes), password_hash)
        return True


class Accounts:
    """Makes, checks and changes accounts. Hashing runs in threads, a few at a time."""

    def __init__(self, store: AccountStore, clock: Clock | None = None, hasher: PasswordHasher | None = None) -> None:
        self._store = store
        self._clock = clock or SystemClock()
        self._hasher = hasher or PasswordHasher()
        self._dummy = ""
        self._slots = asyncio.Semaphore(HASHES_AT_ONCE)

    async def create(self, name: str, display: str, role: Role | str, password: str) -> Account:
        """A new, active account.

        Raises:
            BadAccount: a name, display name or role that won't do.
            BadPassword: too short or too long.
            NameTaken: another account has the name, letter case aside.
        """
        now = self._clock.now_ms()
        account = Account(
            id=secrets.token_hex(8),
            name=_checked_name(name),
            display=_checked_display(display),
            role=_checked_role(role),
            active=True,
            created_at=now,
            password_at=now,
        )
        password_hash = await self._hash(_checked_password(password))
        if not await self._store.add(account, password_hash):
            raise NameTaken(f"there is already an account named {account.name}")
        return account

    async def verify(self, name: str, password: str) -> Agent:
        """Whose name and password these are.

        Takes the same work whether or not the name is known. A hash made with other parameters than today's is renewed.

        Raises:
            BadCredentials: no such account, the wrong password, or an account that is shut; which of them is not said.
        """
        found = await self._store.find(name_key(name)) if _NAME.fullmatch(_folded(name)) else None
        dummy = await self._dummy_hash()
        account, stored = found or (None, dummy)
        right = await self._matches(stored, password)
        if account is None or not right or not account.active:
            raise BadCredentials("wrong name or password")
        if self._hasher.check_needs_rehash(stored):
            await self._store.rehash(account.id, stored, await self._hash(_folded(password)))
        return account.agent()

    async def get(self, id: str) -> Account | None:
        """The account with that id, active or not."""
        return await self._store.get(id)

    async def named(self, name: str) -> Account:
        """The account of that name, letter case aside. Raises UnknownAccount."""
        found = await self._store.find(name_key(name)) if _NAME.fullmatch(_folded(name)) else None
        if found is None:
            raise UnknownAccount(f"there is no account named {name!r}")
        return found[0]

    async def list(self) -> Sequence[Account]:
        """All accounts by name."""
        return await self._store.list()

    async def set_password(self, id: str, password: str) -> None:
        """Set a new password. Raises BadPassword or UnknownAccount."""
        password_hash = await self._hash(_checked_password(password))
        if not await self._store.set_password(id, password_hash, self._clock.now_ms()):
            raise UnknownAccount(f"there is no account with the id {id!r}")

    async def set_active(self, id: str, active: bool) -> None:
        """Open or shut an account. Raises UnknownAccount."""
        if not await self._store.set_active(id, active):
            raise UnknownAccount(f"there is no account with the id {id!r}")

    async def _hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, _bytes(password))

    async def _matches(self, stored: str, password: str) -> bool:
        folded = _folded(password)
        async with self._slots:
            right = await asyncio.to_thread(_verified, self._hasher, stored, folded[:MAX_PASSWORD])
        return right and len(folded) <= MAX_PASSWORD

    async def _dummy_hash(self) -> str:
        """A hash that no password fits; made at the first log-in, known name or not, so that it tells nothing."""
        if not self._dummy:
            self._dummy = await self._hash(secrets.token_hex(32))
        return self._dummy


def name_key(name: str) -> str:
    """What must be unique of a name: compatibility forms and letter case folded (NFKC, then case folding)."""
    return unicodedata.normalize("NFKC", _folded(name).casefold())


def _verified(hasher: PasswordHasher, stored: str, password: str) -> bool:
    try:
        return hasher.verify(stored, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False


def _folded(value: str) -> str:
    # NIST SP 800-63B 5.1.1.2: the same keys give the same password on every input method.
    return unicodedata.normalize("NFKC", value)


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _checked_name(name: str) -> str:
    folded = _folded(name)
    if not _NAME.fullmatch(folded):
        raise BadAccount("a name has 2 to 64 letters, digits or . _ - @, and begins with a letter or digit")
    return folded


def _checked_display(display: str) -> str:
    stripped = display.strip()
    if not 1 <= len(stripped) <= MAX_DISPLAY or not stripped.isprintable():
        raise BadAccount(f"a display name has 1 to {MAX_DISPLAY} printable characters")
    return stripped


def _checked_role(role: Role | str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise BadAccount(f"a role is one of {', '.join(known.value for known in Role)}, not {role!r}") from None


def _checked_password(password: str) -> str:
    folded = _folded(password)
    if not MIN_PASSWORD <= len(folded) <= MAX_PASSWORD:
        raise BadPassword(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters; this one has {len(folded)}")
    return folded


# ---- the command -----------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence and exits with 1."""

    def error(self, message: str) -> NoReturn:
        self.exit(1, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the command; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        policy = Path(environ.get("HANDOFF_POLICY") or ROOT / "handoff" / "policy.yml")
        asyncio.run(_run(options, environ.get("DATABASE_URL") or DEFAULT_URL, policy))
    except (SupportError, OSError) as error:
        return _failed(str(error))
    except (KeyboardInterrupt, EOFError):
        return _failed("cancelled; nothing was changed")
    return 0


def _failed(sentence: str) -> int:
    print(f"accounts: {sentence}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="accounts", description="Accounts of the agent desk, in the database of DATABASE_URL.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    create = commands.add_parser("create", help="make an account")
    create.add_argument("--name", required=True, help="log-in name")
    create.add_argument("--role", required=True, help="agent, supervisor or admin")
    create.add_argument("--display", help="the name that players see (default: the log-in name)")
    _add_password(create)
    commands.add_parser("list", help="show all accounts")
    password = commands.add_parser("passwd", help="set a new password")
    password.add_argument("--name", required=True)
    _add_password(password)
    for command, text in (("deactivate", "shut an account"), ("activate", "open it again")):
        commands.add_parser(command, help=text).add_argument("--name", required=True)
    profile = commands.add_parser("profile", help="show or change skills, languages and own players")
    profile.add_argument("--name", required=True)
    profile.add_argument("--skill", action="append", metavar="GROUP=1..5", help="all skills anew; may be repeated")
    profile.add_argument("--language", action="append", help="all languages anew, such as zh; may be repeated")
    profile.add_argument("--player", action="append", help="all own players anew; may be repeated; '' for none")
    return parser


def _add_password(parser: argparse.ArgumentParser) -> None:
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--password-stdin", action="store_true", help="read the password from the first line of stdin")
    way.add_argument("--generate", action="store_true", help="make a password and print it, once")


async def _run(options: argparse.Namespace, url: str, policy: Path) -> None:
    # A composition root: only here does this module know of SQL.
    from handoff.migrations import migrate
    from handoff.policy_file import read_policy
    from handoff.sql.accounts import SqlAccountStore, SqlProfileStore
    from handoff.sql.engine import open_engine

    groups = read_policy(policy).groups if options.command == "profile" else ()
    await migrate(url)
    engine = await open_engine(url)
    try:
        await _perform(options, Accounts(SqlAccountStore(engine)), Profiles(SqlProfileStore(engine), groups))
    finally:
        await engine.dispose()


async def _perform(options: argparse.Namespace, accounts: Accounts, profiles: Profiles) -> None:
    if options.command == "profile":
        account = await accounts.named(options.name)
        print(_described(await _changed(options, account, profiles)))
    elif options.command == "list":
        for account in await accounts.list():
            state = "active" if account.active else "shut"
            print(account.name, account.role.value, state, iso(account.created_at), account.display, sep="\t")
    elif options.command == "create":
        display = options.name if options.display is None else options.display
        password = _password(options)
        account = await accounts.create(options.name, display, options.role, password)
        _report(f"created {account.role.value} {account.name}", options, password)
    elif options.command == "passwd":
        account = await accounts.named(options.name)
        password = _password(options)
        await accounts.set_password(account.id, password)
        _report(f"new password for {account.name}", options, password)
    else:
        account = await accounts.named(options.name)
        await accounts.set_active(account.id, options.command == "activate")
        print(f"{options.command}d {account.name}")


async def _changed(options: argparse.Namespace, account: Account, profiles: Profiles) -> StoredProfile:
    if options.skill is None and options.language is None and options.player is None:
        return await profiles.get(account.id)
    skills = None if options.skill is None else dict(map(_skill, options.skill))
    players = None if options.player is None else [player for player in options.player if player]
    return await profiles.change(account.id, skills=skills, languages=options.language, players=players)


def _skill(given: str) -> tuple[str, int]:
    group, _, proficiency = given.partition("=")
    if not re.fullmatch("[0-9]{1,3}", proficiency):
        raise BadProfile(f"expected a skill such as payment=4, got {given!r}")
    return group, int(proficiency)


def _described(profile: StoredProfile) -> str:
    skills = " ".join(f"{group}={proficiency}" for group, proficiency in profile.skills.items())
    return (
        f"skills {skills or '-'}\nlanguages {' '.join(profile.languages)}\nplayers {' '.join(profile.players) or '-'}"
    )


def _report(sentence: str, options: argparse.Namespace, password: str) -> None:
    print(f"{sentence}; its password, shown only now: {password}" if options.generate else sentence)


def _password(options: argparse.Namespace) -> str:
    if options.generate:
        return secrets.token_urlsafe(15)
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise BadPassword("no terminal to ask for the password: use --password-stdin or --generate")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise BadPassword("the two passwords differ")
    return password


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
