"""How often each scenario is asked: data/traffic.tsv, an assumption until an operator puts their own counts in its place.

Lines are `scenario TAB weight`; `#` begins a comment. A weight is a scenario's share of all messages, on any scale.
"""

from __future__ import annotations

from pathlib import Path

from common.errors import SupportError

TRAFFIC = Path("data/traffic.tsv")


class BadTraffic(SupportError):
    """The mix of traffic is malformed."""

    code = "bad_traffic"


def load_traffic(root: Path, scenarios: frozenset[str]) -> dict[str, float]:
    """The weight of each scenario; nothing when there is no such file.

    BadTraffic when a line is no `scenario TAB weight`, names an unknown scenario, or one is missing.
    """
    if not (root / TRAFFIC).exists():
        return {}
    weights: dict[str, float] = {}
    for number, line in enumerate((root / TRAFFIC).read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        name, _, weight = line.partition("\t")
        try:
            weights[name] = float(weight)
        except ValueError:
            raise BadTraffic(f"{TRAFFIC}:{number}: expected `scenario TAB weight`, got {line!r}") from None
        if name not in scenarios:
            raise BadTraffic(f"{TRAFFIC}:{number}: there is no scenario {name}")
    if missing := sorted(scenarios - weights.keys()):
        raise BadTraffic(f"{TRAFFIC}: no weight for {', '.join(missing)}")
    return weights
