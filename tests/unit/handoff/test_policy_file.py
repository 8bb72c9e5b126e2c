"""The policy file: the shipped one is sound, and whatever is wrong with one is named by file, line and key."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.logic.tone import Emotion
from common.content import load_scenarios
from common.errors import SettingsError
from handoff.hours import is_open, opens_at
from handoff.policy import EMOTIONS, Deadlines, Opening, Overflow, Policy, Step, faults
from handoff.policy_file import EXAMPLES, PATH, main, read_policy, report

SHIPPED = PATH.read_text(encoding="utf-8")
SMALL = """\
groups:
  - id: general
    name: 综合客服
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "policy.yml"


def read(file: Path, text: str) -> Policy:
    file.write_text(text, encoding="utf-8")
    return read_policy(file)


def refusal(file: Path, text: str) -> list[str]:
    """What is said of a file, without its folder."""
    with pytest.raises(SettingsError) as caught:
        read(file, text)
    return str(caught.value).replace(f"{file.parent.as_posix()}/", "").splitlines()


# ---- the shipped file --------------------------------------------------------------------------------------------


def test_every_skill_of_the_scenarios_is_a_group_and_no_other() -> None:
    skills = {scenario.skill for scenario in load_scenarios(Path(), [])}
    assert set(read_policy(PATH).groups) == skills


def test_whatever_the_hour_somebody_is_there() -> None:
    policy = read_policy(PATH)
    for group in policy.groups.values():
        night = policy.groups.get(group.closed.group, group)
        assert not night.hours, f"{group.id} ends before a closed door"
        assert group.steps[-1].skill == 0, f"{group.id} may wait for an agent who is not there"


def test_payment_relaxes_from_skill_three_to_anyone() -> None:
    assert read_policy(PATH).groups["payment"].steps == (Step(0, 3), Step(60, 1), Step(180, 0))


def test_the_tiers_promise_what_the_project_promises() -> None:
    policy = read_policy(PATH)
    assert policy.deadlines == {2: Deadlines(300, 180, 900), 3: Deadlines(900, 180, 1800)}
    assert policy.complex_resolution == 4 * 3600
    assert set(policy.compensation) == {"first", "next", "resolution"}


def test_the_defaults_are_sound_and_equal_the_shipped_rules_but_for_groups_and_gifts() -> None:
    plain = Policy()
    assert list(faults(plain)) == []
    shipped = read_policy(PATH)
    weights = replace(shipped.weights, emotion=plain.weights.emotion)
    assert replace(shipped, groups=plain.groups, compensation={}, weights=weights) == plain


def test_the_emotions_are_those_that_the_bot_hears() -> None:
    assert set(EMOTIONS) == {emotion.value for emotion in Emotion}


# ---- reading -----------------------------------------------------------------------------------------------------


def test_what_is_left_out_has_its_default(file: Path) -> None:
    policy = read(file, SMALL + "weights: {vip: 50}\ntimes: {accept: 25}\ndeadlines: {3: {first: 600}}\n")
    plain = Policy()
    assert policy.weights == replace(plain.weights, vip=50)
    assert policy.times == replace(plain.times, accept=25)
    assert policy.deadlines == {2: plain.deadlines[2], 3: Deadlines(600, 180, 1800)}
    assert policy.ratings == plain.ratings


def test_hours_are_read_quoted_or_not(file: Path) -> None:
    policy = read(
        file,
        SMALL
        + """\
    hours:
      - {days: "fri-mon, wed", opens: 10:00, closes: "24:00"}
      - {days: tue, opens: 22:30, closes: 06:00}
    holidays: [2027-02-06]
    closed: {kind: callback}
""",
    )
    group = policy.groups["general"]
    assert group.hours == (Opening((0, 2, 4, 5, 6), 600, 1440), Opening((1,), 1350, 360))
    assert group.holidays == (date(2027, 2, 6),)
    assert group.closed == Overflow("callback")
    tuesday_noon = round(datetime(2026, 11, 24, 4, tzinfo=timezone.utc).timestamp() * 1000)  # in Shanghai
    assert not is_open(group, tuesday_noon, policy.zone)
    assert opens_at(group, tuesday_noon, policy.zone) == tuesday_noon + 10 * 3_600_000 + 1_800_000


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(SettingsError, match=r"policy.yml:1: the file is missing"):
        read_policy(file)


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="directory"):
        read_policy(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ["policy.yml:1: file: expected keys and values, got nothing"]),
        ("- a", ["policy.yml:1: file: expected keys and values, got a list"]),
        ("zone: UTC", ["policy.yml:1: groups: expected a value, got nothing"]),
        ("groups: 7", ["policy.yml:1: groups: expected a list, got '7'"]),
        ("a: [", ["policy.yml:2: not YAML: did not find expected node content"]),
    ],
)
def test_a_file_of_another_form_is_refused(file: Path, text: str, says: list[str]) -> None:
    assert refusal(file, text) == says


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("weight: {}", "weight: expected a known key (zone, weights, groups, deadlines, complex_resolution, "),
        ("missed: 2\nmissed: 3", "missed: expected each key once, got 'missed'"),
        ("missed:", "missed: expected a whole number from 1 to 20, got nothing"),
        ("missed: many", "missed: expected a whole number from 1 to 20, got 'many'"),
        ("missed: 0", "missed: expected a whole number from 1 to 20, got '0'"),
        ("missed: true", "missed: expected a whole number from 1 to 20, got 'true'"),
        ("missed: [2]", "missed: expected a whole number from 1 to 20, got a list"),
        ("zone: Mars/Phobos", "zone: expected a time zone that this machine knows, such as Asia/Shanghai, got 'Mars/"),
        ("zone: ../etc/passwd", "zone: expected a time zone that this machine knows"),
        ("weights: {vip: -1}", "weights.vip: expected a whole number from 0 to 2592000, got '-1'"),
        ("weights: {vips: 1}", "weights.vips: expected a known key (urgency, vip, tier, "),
        ("weights: {urgency: [0, 1, 2]}", "weights.urgency: expected 4 numbers, got a list"),
        ("weights: {urgency: [0, 9, 5, 10]}", "weights.urgency: expected numbers that rise, got 0, 9, 5, 10"),
        ("weights: {urgency: [0, 5, 5, 10]}", "weights.urgency: expected numbers that rise, got 0, 5, 5, 10"),
        ("weights: {urgency: [0, 5, x, 10]}", "weights.urgency: expected a whole number from 0 to 2592000, got 'x'"),
        ("weights: {tier: [9, 0, 0]}", "weights.tier: expected numbers that do not fall, got 9, 0, 0"),
        ("weights: {emotion: {angri: 3}}", "weights.emotion.angri: expected a known key (angry, anxious, "),
        ("units: {chat: 101}", "units.chat: expected a whole number from 1 to 100, got '101'"),
        ("units: {chat: 0}", "units.chat: expected a whole number from 1 to 100, got '0'"),
        ("ratings: {solved: 31}", "ratings: expected parts that sum to 100, got 101"),
        ("ratings: {speed: 0}", "ratings.speed: expected a known key (professional, solved, "),
        ("low_rating: 5.5", "low_rating: expected a number from 1 to 5, got '5.5'"),
        ("low_rating: nan", "low_rating: expected a number from 1 to 5, got 'nan'"),
        ("times: {accept: 0}", "times.accept: expected a whole number from 1 to 2592000, got '0'"),
        ("times: {ask: 1800}", "times.close: expected more than ask (1800), got 1800"),
        ("deadlines: {4: {first: 1}}", "deadlines.4: expected a known key (1, 2, 3), got '4'"),
        ("deadlines: {2: {first: 0}}", "deadlines.2.first: expected a whole number from 1 to 2592000, got '0'"),
        ("deadlines: {2: {first: 901}}", "deadlines.2: expected first to be no later than resolution, got 901 and 900"),
        (
            "warn_agent: 0.8\nwarn_supervisor: 0.8",
            "warn_supervisor: expected 0 < warn_agent < warn_supervisor < 1, got 0.8 and 0.8",
        ),
        ("warn_supervisor: 1", "warn_supervisor: expected 0 < warn_agent < warn_supervisor < 1, got 0.6 and 1.0"),
        (
            "warn_agent: 0\nwarn_supervisor: 0.8",
            "warn_supervisor: expected 0 < warn_agent < warn_supervisor < 1, got 0.0 and 0.8",
        ),
        (
            "compensation: {first: 50 灵玉}",
            "compensation.first: expected a short code out of a-z, 0-9 and _, got '50 灵",
        ),
        ("compensation: {last: a}", "compensation.last: expected a known key (first, next, resolution), got 'last'"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(file: Path, more: str, says: str) -> None:
    (line,) = refusal(file, SMALL + more)
    assert line.startswith(f"policy.yml:{4 + more.count(chr(10))}: {says}")


@pytest.mark.parametrize(
    ("group", "says"),
    [
        ("{name: a}", "groups.2.id: expected a value, got nothing"),
        ("{id: a}", "groups.a.name: expected a value, got nothing"),
        ("{id: A b, name: a}", "groups.2.id: expected a short code out of a-z, 0-9 and _, got 'A b'"),
        ("{id: general, name: a}", "groups.general: expected each group once, got keys and values"),
        ("{id: a, name: a, skill: 1}", "groups.a.skill: expected a known key (id, name, steps, "),
        ("{id: a, name: a, steps: []}", "groups.a.steps: expected `after` to begin with 0 and to rise, got nothing"),
        ("{id: a, name: a, steps: [{after: 0}]}", "groups.a.steps.skill: expected a value, got nothing"),
        ("{id: a, name: a, steps: [{after: 9, skill: 0}]}", "groups.a.steps: expected `after` to begin with 0 and"),
        (
            "{id: a, name: a, steps: [{after: 0, skill: 3}, {after: 0, skill: 1}]}",
            "groups.a.steps: expected `after` to begin with 0 and to rise, got 0, 0",
        ),
        (
            "{id: a, name: a, steps: [{after: 0, skill: 1}, {after: 60, skill: 2}]}",
            "groups.a.steps: expected `skill` to fall, got 1, 2",
        ),
        (
            "{id: a, name: a, steps: [{after: 0, skill: 6}]}",
            "groups.a.steps.skill: expected a whole number from 0 to 5, got '6'",
        ),
        (
            "{id: a, name: a, hours: [{days: mo, opens: 09:00, closes: 18:00}]}",
            "groups.a.hours.days: expected days such as mon-fri, sun, got 'mo'",
        ),
        (
            "{id: a, name: a, hours: [{days: mon, opens: 9am, closes: 18:00}]}",
            "groups.a.hours.opens: expected a time from 00:00 to 24:00, got '9am'",
        ),
        (
            "{id: a, name: a, hours: [{days: mon, opens: 09:00, closes: 09:00}]}",
            "groups.a.hours.opens: expected a time before 24:00 and other than closes, got '09:00'",
        ),
        (
            "{id: a, name: a, holidays: [2027-02-30]}",
            "groups.a.holidays: expected a date such as 2027-02-06, got '2027-02-30'",
        ),
        (
            "{id: a, name: a, closed: {kind: away}}",
            "groups.a.closed.kind: expected one of wait, group, ticket, callback, got 'away'",
        ),
        (
            "{id: a, name: a, closed: {kind: group}}",
            "groups.a.closed: expected group to be named with kind group, and only then, got keys and values",
        ),
        (
            "{id: a, name: a, closed: {kind: group, group: b}}",
            "groups.a.closed.group: expected one of the groups (general, a), got 'b'",
        ),
        (
            "{id: a, name: a, closed: {kind: group, group: a}}",
            "groups.a: expected overflow to end somewhere, got a circle: a -> a",
        ),
        (
            "{id: a, name: a, most: 5}",
            "groups.a.most: expected most and full to be set both or neither, got most 5 and",
        ),
        ("{id: a, name: a, full: {kind: ticket}}", "groups.a.most: expected most and full to be set both or neither"),
    ],
)
def test_a_wrong_group_is_named_with_its_line(file: Path, group: str, says: str) -> None:
    assert [line for line in refusal(file, f"{SMALL}  - {group}\n") if line.startswith(f"policy.yml:4: {says}")]


def test_a_circle_of_closed_and_full_groups_is_refused_wherever_it_begins(file: Path) -> None:
    says = refusal(
        file,
        """\
groups:
  - {id: general, name: a, closed: {kind: group, group: night}}
  - {id: night, name: b, most: 9, full: {kind: group, group: late}}
  - {id: late, name: c, closed: {kind: group, group: night}}
""",
    )
    assert says == [
        "policy.yml:3: groups.night: expected overflow to end somewhere, got a circle: night -> late -> night",
        "policy.yml:4: groups.late: expected overflow to end somewhere, got a circle: late -> night -> late",
    ]


def test_a_file_without_the_general_group_is_refused(file: Path) -> None:
    assert refusal(file, "groups:\n  - {id: payment, name: a}\n") == [
        "policy.yml:1: groups: expected a group general, which takes what no other does"
    ]


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file(file: Path) -> None:
    says = refusal(file, "missed: x\n" + SMALL + "    most: -1\nratings: {solved: 0}\nunits: {chat: 0}\n")
    assert [line.split(": ")[:2] for line in says] == [
        ["policy.yml:1", "missed"],
        ["policy.yml:5", "groups.general.most"],
        ["policy.yml:6", "ratings"],
        ["policy.yml:7", "units.chat"],
    ]


def spans(node: yaml.Node) -> list[tuple[int, int]]:
    """From where to where in the text the node stands, and everything in it."""
    parts = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
    inner = [] if isinstance(node, yaml.ScalarNode) else [span for part in parts for span in spans(part)]
    return [(node.start_mark.index, node.end_mark.index), *inner]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    span=st.sampled_from(spans(yaml.compose(SHIPPED))),
    junk=st.sampled_from(
        ["", "~", "-1", "1e9", "yes", "10:00", "[]", "{}", "[1, x]", "{a: 1}", "!!binary aGk=", "٣", "*a", "[["]
    ),
)
def test_junk_anywhere_is_read_or_refused_and_never_crashes(tmp_path: Path, span: tuple[int, int], junk: str) -> None:
    file = tmp_path / "policy.yml"
    file.write_text(SHIPPED[: span[0]] + junk + SHIPPED[span[1] :], encoding="utf-8")
    try:
        assert not list(faults(read_policy(file)))
    except SettingsError as error:
        assert all("policy.yml:" in line for line in str(error).splitlines())


# ---- the command -------------------------------------------------------------------------------------------------


def test_the_command_prints_the_tables_of_the_documentation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out in Path("docs/HANDOFF.md").read_text(encoding="utf-8")


def test_the_examples_stand_in_the_order_in_which_they_are_served() -> None:
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in report(read_policy(PATH))[2 : 2 + len(EXAMPLES)]
    ]
    assert [int(row[0]) for row in rows] == list(range(1, len(EXAMPLES) + 1))
    effective = [int(row[-1]) for row in rows]
    assert effective == sorted(effective, reverse=True)
    assert all(int(row[-1]) == int(row[2]) + sum(map(int, row[3:8])) for row in rows)
    assert {row[1] for row in rows} == {name for name, _, _ in EXAMPLES}


def test_the_table_of_groups_shows_hours_and_overflow(file: Path) -> None:
    policy = read(
        file,
        SMALL
        + """\
  - id: event
    name: 活动
    steps: [{after: 0, skill: 2}, {after: 60, skill: 0}]
    hours: [{days: "mon, sun", opens: 09:05, closes: 02:00}]
    closed: {kind: ticket}
    most: 20
    full: {kind: group, group: general}
""",
    )
    cells = [cell.strip() for cell in report(policy)[-1].split("|")[1:-1]]
    steps = "2 from 0 s, any from 60 s"
    assert cells == ["event", "活动", "mon sun 09:05-02:00", steps, "ticket", "to general (more than 20)"]


def test_the_command_says_what_is_wrong_and_fails(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(SMALL + "missed: x\n", encoding="utf-8")
    assert main([str(file)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.endswith("policy.yml:4: missed: expected a whole number from 1 to 20, got 'x'\n")


def test_a_full_group_cannot_call_back_and_its_limit_is_what_the_router_reads(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text(
        "groups:\n  - {id: general, name: 综合, most: 5, full: {kind: callback}}\n  - {id: payment, name: 充值, most: 200}\n",
        encoding="utf-8",
    )
    with pytest.raises(SettingsError) as refused:
        read_policy(path)
    assert "a whole number from 0 to 199, got '200'" in str(refused.value)
    assert "a full group has no time at which to call back" in str(refused.value)
