"""Reads the operator's rules from YAML and shows what they do, so that a mistake is found before it decides who waits.

python -m handoff.policy_file [FILE]    checks the file (handoff/policy.yml) and prints the order it makes
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeVar, cast
from unicodedata import east_asian_width

import yaml

from common.errors import SettingsError
from common.yaml_items import Place, Problem, pairs_of, place_of, read_yaml
from handoff.policy import (
    DAY_MINUTES,
    DEADLINES,
    EMOTIONS,
    MAX_SKILL,
    RATING,
    Deadlines,
    Group,
    Opening,
    Overflow,
    Policy,
    Step,
    Times,
    Weights,
    faults,
)
from handoff.priority import Facts, HeadStart, head_start_of, key, most_ms, rest_ms

PATH = Path("handoff/policy.yml")
MAX_S = 2_592_000  # thirty days; nothing here is meant to last longer
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OVERFLOWS = ("wait", "group", "ticket", "callback")

MOST_LIMIT = 199  # the router reads the first 200 of a group
_CODE = "[a-z][a-z0-9_]{0,31}"
_CODE_SAYS = "a short code out of a-z, 0-9 and _"

Value = TypeVar("Value")
Waits = TypeVar("Waits", Deadlines, Times)


def read_policy(path: Path) -> Policy:
    """The rules in a file; what it leaves out has the default of `handoff.policy`.

    Raises:
        SettingsError: everything that is wrong, a line each: file, line, key, what was expected and what is there.
    """
    reader = _Reader(path.as_posix())
    try:
        node = read_yaml(Path(), path, reader.problems)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    if not reader.problems:
        policy = _policy(reader, node)
        reader.problems += [Problem(reader.place_of(at), f"{at}: {says}") for at, says in faults(policy)]
    if reader.problems:
        raise SettingsError("\n".join(str(problem) for problem in sorted(reader.problems)))
    return policy


@dataclass
class _Reader:
    """Takes values out of nodes: the default for one that is left out, a problem and the default for one that is wrong.

    It reads the text of the nodes itself: YAML 1.1 takes an unquoted 10:00 for the number 600.
    """

    file: str
    problems: list[Problem] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)

    def place_of(self, at: str) -> Place:
        """Where the key `at` stands, or else the nearest one around it."""
        while at and at not in self.places:
            at = at.rpartition(".")[0]
        return self.places.get(at) or Place(self.file, 1)

    def refuse(self, at: str, node: yaml.Node | None, expected: str) -> None:
        """Note that something else was expected."""
        place = place_of(self.file, node) if node else self.place_of(at)
        self.problems.append(Problem(place, f"{at or 'file'}: expected {expected}, got {_got(node)}"))

    def mapping(
        self, at: str, node: yaml.Node | None, known: Collection[str], needed: Collection[str] = ()
    ) -> dict[str, yaml.Node]:
        """The values by their keys, which must be known and stand there once."""
        found: dict[str, yaml.Node] = {}
        if not isinstance(node, yaml.MappingNode):
            self.refuse(at, node, "keys and values")
            return found
        self.places.setdefault(at, place_of(self.file, node))
        for named, value in pairs_of(node):
            name = str(named.value)
            here = f"{at}.{name}" if at else name
            self.places[here] = place_of(self.file, named)
            if name not in known:
                self.refuse(here, named, f"a known key ({', '.join(known)})")
            elif name in found:
                self.refuse(here, named, "each key once")
            else:
                found[name] = value
        for name in needed:
            if name not in found:
                self.refuse(f"{at}.{name}" if at else name, None, "a value")
        return found

    def text(self, at: str, node: yaml.Node | None, pattern: str, expected: str, default: str = "") -> str:
        """A text that matches a pattern from its beginning to its end."""
        if node is None:
            return default
        if isinstance(node, yaml.ScalarNode) and re.fullmatch(pattern, node.value):
            return str(node.value)
        self.refuse(at, node, expected)
        return default

    def whole(self, at: str, node: yaml.Node | None, low: int, high: int, default: int = 0) -> int:
        """A whole number from `low` to `high`."""
        expected = f"a whole number from {low} to {high}"
        before = len(self.problems)
        value = int(self.text(at, node, "[0-9]{1,9}", expected, str(default)))
        if node is not None and len(self.problems) == before and not low <= value <= high:
            self.refuse(at, node, expected)
            return default
        return value

    def decimal(self, at: str, node: yaml.Node | None, low: float, high: float, default: float) -> float:
        """A number from `low` to `high`, which may have decimals."""
        expected = f"a number from {low:g} to {high:g}"
        value = float(self.text(at, node, r"[0-9]{1,9}(\.[0-9]{1,9})?", expected, str(default)))
        if not low <= value <= high:
            self.refuse(at, node, expected)
            return default
        return value

    def wholes(
        self, at: str, node: yaml.Node | None, default: Mapping[str, int], known: Collection[str], low: int, high: int
    ) -> dict[str, int]:
        """`default` with the whole numbers that a mapping names."""
        given = self.mapping(at, node, known) if node else {}
        read = {name: self.whole(f"{at}.{name}", value, low, high) for name, value in given.items()}
        return {**default, **read}

    def waits(self, at: str, node: yaml.Node | None, default: Waits) -> Waits:
        """`default` with the seconds that a mapping names, each at least 1."""
        seconds = {wait.name: getattr(default, wait.name) for wait in fields(default)}
        return replace(default, **self.wholes(at, node, seconds, seconds, 1, MAX_S))

    def members(
        self, at: str, node: yaml.Node | None, read: Callable[[str, yaml.Node], Value], default: Sequence[Value]
    ) -> tuple[Value, ...]:
        """What `read` makes of each member of a list; `default` as a whole when any is refused."""
        if node is None:
            return tuple(default)
        before = len(self.problems)
        if not isinstance(node, yaml.SequenceNode):
            self.refuse(at, node, "a list")
        found = [read(at, member) for member in node.value] if isinstance(node, yaml.SequenceNode) else []
        return tuple(found if len(self.problems) == before else default)


def _policy(reader: _Reader, node: yaml.Node | None) -> Policy:
    plain = Policy()
    given = reader.mapping("", node, _names(Policy), needed=["groups"])
    get = given.get
    return Policy(
        zone=reader.text("zone", get("zone"), r"\S+", "a time zone such as Asia/Shanghai", plain.zone),
        weights=_weights(reader, get("weights")),
        groups=_groups(reader, get("groups")),
        deadlines=_deadlines(reader, get("deadlines")),
        complex_resolution=reader.whole(
            "complex_resolution", get("complex_resolution"), 1, MAX_S, plain.complex_resolution
        ),
        warn_agent=reader.decimal("warn_agent", get("warn_agent"), 0, 1, plain.warn_agent),
        warn_supervisor=reader.decimal("warn_supervisor", get("warn_supervisor"), 0, 1, plain.warn_supervisor),
        missed=reader.whole("missed", get("missed"), 1, 20, plain.missed),
        times=reader.waits("times", get("times"), plain.times),
        units=reader.wholes("units", get("units"), plain.units, plain.units, 1, 100),
        ratings=reader.wholes("ratings", get("ratings"), plain.ratings, RATING, 0, 100),
        low_rating=reader.decimal("low_rating", get("low_rating"), 1, 5, plain.low_rating),
        compensation=_compensation(reader, get("compensation")),
    )


def _weights(reader: _Reader, node: yaml.Node | None) -> Weights:
    plain = Weights()
    given = reader.mapping("weights", node, _names(Weights)) if node else {}
    singles = {
        name: reader.whole(f"weights.{name}", given.get(name), 0, MAX_S, getattr(plain, name))
        for name in ("vip", "scenario", "failed", "complaint", "low_rating", "reopened")
    }
    return Weights(
        urgency=cast(tuple[int, int, int, int], _levels(reader, "urgency", given, plain.urgency)),
        tier=cast(tuple[int, int, int], _levels(reader, "tier", given, plain.tier)),
        emotion=reader.wholes("weights.emotion", given.get("emotion"), plain.emotion, EMOTIONS, 0, MAX_S),
        **singles,
    )


def _levels(reader: _Reader, name: str, given: Mapping[str, yaml.Node], default: tuple[int, ...]) -> tuple[int, ...]:
    at, node = f"weights.{name}", given.get(name)
    levels = reader.members(at, node, lambda here, member: reader.whole(here, member, 0, MAX_S), default)
    if len(levels) == len(default):
        return levels
    reader.refuse(at, node, f"{len(default)} numbers")
    return default


def _groups(reader: _Reader, node: yaml.Node | None) -> dict[str, Group]:
    groups: dict[str, Group] = {}
    for number, group in enumerate(reader.members("groups", node, lambda _, member: member, ()), 1):
        found = _group(reader, number, group)
        if found.id in groups:
            reader.refuse(f"groups.{found.id}", group, "each group once")
        groups[found.id] = found
    return groups or dict(Policy().groups)


def _group(reader: _Reader, number: int, node: yaml.Node) -> Group:
    at = f"groups.{_id_in(node) or number}"
    given = reader.mapping(at, node, _names(Group), needed=["id", "name"])
    get = given.get
    plain = Group("", "")
    return Group(
        id=reader.text(f"{at}.id", get("id"), _CODE, _CODE_SAYS, str(number)),
        name=reader.text(f"{at}.name", get("name"), r"\S(.*\S)?", "a name"),
        steps=reader.members(f"{at}.steps", get("steps"), lambda here, step: _step(reader, here, step), plain.steps),
        hours=reader.members(f"{at}.hours", get("hours"), lambda here, opening: _opening(reader, here, opening), ()),
        holidays=reader.members(f"{at}.holidays", get("holidays"), lambda here, day: _date(reader, here, day), ()),
        closed=_overflow(reader, f"{at}.closed", get("closed")),
        full=_overflow(reader, f"{at}.full", get("full")),
        most=reader.whole(f"{at}.most", get("most"), 0, MOST_LIMIT),
    )


def _id_in(node: yaml.Node) -> str:
    ids = (value.value for named, value in pairs_of(node) if named.value == "id" and isinstance(value, yaml.ScalarNode))
    return next((id for id in ids if re.fullmatch(_CODE, id)), "")


def _step(reader: _Reader, at: str, node: yaml.Node) -> Step:
    given = reader.mapping(at, node, _names(Step), needed=_names(Step))
    return Step(
        reader.whole(f"{at}.after", given.get("after"), 0, MAX_S),
        reader.whole(f"{at}.skill", given.get("skill"), 0, MAX_SKILL),
    )


def _opening(reader: _Reader, at: str, node: yaml.Node) -> Opening:
    given = reader.mapping(at, node, _names(Opening), needed=_names(Opening))
    opens, closes = (_clock(reader, f"{at}.{name}", given.get(name)) for name in ("opens", "closes"))
    if given.keys() >= {"opens", "closes"} and opens in (closes, DAY_MINUTES):
        reader.refuse(f"{at}.opens", given["opens"], "a time before 24:00 and other than closes")
    return Opening(_days(reader, f"{at}.days", given.get("days")), opens, closes)


def _days(reader: _Reader, at: str, node: yaml.Node | None) -> tuple[int, ...]:
    day = f"({'|'.join(DAYS)})"
    text = reader.text(at, node, rf"{day}(-{day})?(, *{day}(-{day})?)*", "days such as mon-fri, sun")
    found: set[int] = set()
    for part in filter(None, re.split(", *", text)):
        first, _, last = part.partition("-")
        start, length = DAYS.index(first), (DAYS.index(last or first) - DAYS.index(first)) % len(DAYS)
        found |= {(start + n) % len(DAYS) for n in range(length + 1)}
    return tuple(sorted(found))


def _clock(reader: _Reader, at: str, node: yaml.Node | None) -> int:
    """Minutes after midnight."""
    text = reader.text(at, node, "([01][0-9]|2[0-3]):[0-5][0-9]|24:00", "a time from 00:00 to 24:00", "00:00")
    return int(text[:2]) * 60 + int(text[3:])


def _date(reader: _Reader, at: str, node: yaml.Node) -> date:
    expected = "a date such as 2027-02-06"
    text = reader.text(at, node, "[0-9]{4}-[0-9]{2}-[0-9]{2}", expected, date.min.isoformat())
    try:
        return date.fromisoformat(text)
    except ValueError:
        reader.refuse(at, node, expected)
        return date.min


def _overflow(reader: _Reader, at: str, node: yaml.Node | None) -> Overflow:
    if node is None:
        return Overflow()
    given = reader.mapping(at, node, _names(Overflow), needed=["kind"])
    kind = reader.text(f"{at}.kind", given.get("kind"), "|".join(OVERFLOWS), f"one of {', '.join(OVERFLOWS)}", "wait")
    group = reader.text(f"{at}.group", given.get("group"), _CODE, "the id of a group")
    if (kind == "group") != ("group" in given):
        reader.refuse(at, node, "group to be named with kind group, and only then")
        return Overflow()
    return Overflow(cast(Literal["wait", "group", "ticket", "callback"], kind), group)


def _deadlines(reader: _Reader, node: yaml.Node | None) -> dict[int, Deadlines]:
    plain = Policy().deadlines
    given = reader.mapping("deadlines", node, ("1", "2", "3")) if node else {}
    read = {
        int(tier): reader.waits(f"deadlines.{tier}", value, plain.get(int(tier), Deadlines()))
        for tier, value in given.items()
    }
    return {**plain, **read}


def _compensation(reader: _Reader, node: yaml.Node | None) -> dict[str, str]:
    given = reader.mapping("compensation", node, DEADLINES) if node else {}
    return {kind: reader.text(f"compensation.{kind}", code, _CODE, _CODE_SAYS) for kind, code in given.items()}


def _names(kind: Any) -> list[str]:
    return [each.name for each in fields(kind)]


def _got(node: yaml.Node | None) -> str:
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if isinstance(node, yaml.MappingNode):
        return "keys and values"
    return repr(node.value) if node is not None and node.value else "nothing"


# What an operator should see: (the request, how many seconds it has waited, what is known of it).
EXAMPLES: tuple[tuple[str, int, Facts], ...] = (
    ("a life may be in danger", 0, Facts(urgency=3, tier=3, emotion="sad")),
    ("account stolen", 0, Facts(urgency=3, tier=2, emotion="anxious")),
    ("account stolen, VIP 12", 0, Facts(urgency=3, vip=12, tier=2, emotion="angry")),
    ("paid, nothing arrived, VIP 9", 0, Facts(urgency=2, vip=9)),
    ("paid, nothing arrived", 0, Facts(urgency=2)),
    ("paid, nothing arrived, two answers did not help, angry", 0, Facts(urgency=2, failed=2, emotion="angry")),
    ("can't log in", 300, Facts(urgency=1)),
    ("complains again about the case closed yesterday", 0, Facts(urgency=1, complaint=True, reopened=True)),
    ("simple question, VIP 12", 0, Facts(vip=12)),
    ("simple question, angry, waiting for 10 minutes", 600, Facts(emotion="angry")),
    ("simple question", 0, Facts()),
    ("simple question, waiting for 70 minutes", 4200, Facts()),
    ("simple question, waiting for 200 minutes", 12_000, Facts()),
)
_PARTS = [part.name for part in fields(HeadStart)]


def report(policy: Policy) -> list[str]:
    """What the rules do, as lines of Markdown: the order of the examples, what outweighs what, the groups."""
    weights = policy.weights
    level = min(after - before for before, after in zip(weights.urgency, weights.urgency[1:]))
    below = most_ms(weights) // 1000 - max(weights.urgency)
    rest = rest_ms(weights) // 1000
    return [
        *_table(["served", "request", "waited", *_PARTS, "head start", "in all"], _examples(weights)),
        "",
        f"- One level of urgency is worth at least {level} s, everything else together at most {below} s.",
        f"- One VIP level is worth {weights.vip} s, everything below it together at most {rest} s.",
        f"- The largest head start is {most_ms(weights) // 1000} s: a request is never overtaken by one made so much later.",
        "",
        *_table(
            ["group", "name", "hours", "asks agents with skill", "when closed", "when full"],
            [_group_row(group) for group in policy.groups.values()],
        ),
    ]


def _examples(weights: Weights) -> list[list[str]]:
    """Rows in the order of service; seconds."""
    starts = [(head_start_of(facts, weights), name, waited) for name, waited, facts in EXAMPLES]
    starts.sort(key=lambda start: key(-1000 * start[2], start[0].total))
    return [
        [
            str(place),
            name,
            str(waited),
            *(str(getattr(start, part) // 1000) for part in _PARTS),
            str(start.total // 1000),
            str(waited + start.total // 1000),
        ]
        for place, (start, name, waited) in enumerate(starts, 1)
    ]


def _group_row(group: Group) -> list[str]:
    steps = [f"{step.skill or 'any'} from {step.after} s" for step in group.steps]
    full = f"{_said(group.full)} (more than {group.most})" if group.most else "-"
    return [group.id, group.name, _hours(group), ", ".join(steps), _said(group.closed) if group.hours else "-", full]


def _said(overflow: Overflow) -> str:
    return f"to {overflow.group}" if overflow.kind == "group" else overflow.kind


def _hours(group: Group) -> str:
    said = [
        f"{'daily' if len(opening.days) == len(DAYS) else ' '.join(DAYS[day] for day in opening.days)} "
        f"{opening.opens // 60:02}:{opening.opens % 60:02}-{opening.closes // 60:02}:{opening.closes % 60:02}"
        for opening in group.hours
    ]
    closed = f", not on {len(group.holidays)} holidays" if group.holidays else ""
    return ", ".join(said) + closed if said else "always"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    rows = [head, *rows]
    widths = [max(map(_width, column)) for column in zip(*rows)]
    lines = ["| " + " | ".join(cell + " " * (w - _width(cell)) for cell, w in zip(row, widths)) + " |" for row in rows]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def _width(text: str) -> int:
    """Columns of a terminal; a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def main(argv: Sequence[str] | None = None) -> int:
    """Check the file and print what it does; exit status 1 when something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m handoff.policy_file", description="Check the rules of the handoff."
    )
    parser.add_argument("file", nargs="?", type=Path, default=PATH)
    path = parser.parse_args(argv).file
    try:
        policy = read_policy(path)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(report(policy)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
