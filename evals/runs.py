"""One part of the held-out sets as the release in use reads it, with stock Rasa's saved predictions for the same texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Protocol

from bot.logic.decision import Decision
from bot.release import CURRENT
from common.content import OUT_OF_SCOPE, Content, load_content
from common.errors import SupportError
from common.held_out import SETS, HeldOutText, load_held_out
from evals.figures import share
from evals.quality import Understood
from evals.stock_rasa import Baseline, cached
from faq_index.analysis import Analyser
from faq_index.encoder import Vectors

RUNS = Path("evals/test_runs.tsv")
#: Suggestions are made in threes.
THREE = 3
_AWAY = (Decision.FALLBACK, Decision.SMALLTALK)


class NoSet(SupportError):
    """There is no such set."""

    code = "no_set"


class Reader(Protocol):
    """What is measured: evals.quality.Bot, or whatever reads texts as it does."""

    #: The release's.
    name: str
    analyser: Analyser

    def __call__(self, text: str) -> Understood:
        """What it makes of a text."""

    def encode(self, text: str) -> Vectors:
        """The text's vector, [1, dim]."""


@dataclass(frozen=True)
class Read:
    """A text of a set and what the bot makes of it."""

    item: HeldOutText
    found: Understood

    @property
    def labels(self) -> list[str]:
        """The classes that count as right."""
        labels: list[str] = self.item.fields["scenarios"]
        return labels

    @property
    def is_right(self) -> bool:
        """Whether the likeliest scenario is right."""
        return self.found.scenarios[0] in self.labels

    @property
    def is_answered(self) -> bool:
        """Whether it is answered, or handed over, straight away."""
        return self.found.decision in (Decision.ANSWER, Decision.HANDOFF)

    @property
    def is_away(self) -> bool:
        """Whether it is taken for something that is no question for us."""
        return self.found.decision in _AWAY


@dataclass(frozen=True)
class StockGuess:
    """What stock Rasa makes of a text."""

    #: The likeliest intent.
    intent: str
    #: The likeliest scenarios, best first.
    scenarios: list[str]
    #: Whether it falls back, or takes the text for no question for us.
    is_away: bool


@dataclass(frozen=True)
class Run:
    """One part of the sets, read."""

    root: Path
    part: str
    bot: Reader
    content: Content
    #: Real questions, texts out of scope, dialogue acts.
    asked: Sequence[Read]
    foreign: Sequence[Read]
    acts: Sequence[Read]
    stock: Baseline | None

    @property
    def title(self) -> str:
        """What is read, and by whom."""
        return f"release {self.bot.name}, {self.part} sets; 95 % intervals by bootstrap"

    @property
    def summary(self) -> str:
        """The one figure that the log keeps."""
        return f"scenario right first {share([read.is_right for read in self.asked])}"

    @property
    def about_stock(self) -> str:
        """What stock Rasa was trained on, or why it is missing."""
        if self.stock is None or self.stock.stale:
            reason = "no predictions are saved" if self.stock is None else "the saved predictions are for other texts"
            return f"Stock Rasa is missing: {reason} (python -m evals.stock_rasa --set {self.part})."
        about = self.stock.about
        drawn = "all" if about.per_intent is None else f"at most {about.per_intent}"
        return (
            f"Stock Rasa: DIET, {about.epochs} epochs, {drawn} utterances of each intent, {about.utterances:,} in all; "
            f"trained in {about.train_seconds / 60:.0f} min."
        )

    def stock_guess(self, item: HeldOutText) -> StockGuess | None:
        """Stock Rasa's; None when it is missing."""
        if self.stock is None or self.stock.stale:
            return None
        prediction = self.stock.predictions[item.id]
        known = self.content.scenario_ids
        names = [ranked.name for ranked in prediction.ranking]
        likeliest = names[0] if names else OUT_OF_SCOPE  # Rasa ranks nothing for a text without any token
        scenarios = [name for name in names if name in known][:THREE]
        return StockGuess(likeliest, scenarios, prediction.fallback or likeliest not in known)

    def stock_guesses(self, reads: Sequence[Read]) -> list[StockGuess] | None:
        """Stock Rasa's of each; None when they are missing."""
        guesses = [self.stock_guess(read.item) for read in reads]
        known = [guess for guess in guesses if guess is not None]
        return known if len(known) == len(guesses) else None


def read_sets(root: Path, part: str, bot: Reader) -> Run:
    """Let the bot read one part of the sets."""
    asked, foreign, acts = (
        [Read(item, bot(item.text)) for item in items_of(root, kind, part)]
        for kind in ("scenarios", OUT_OF_SCOPE, "dialogue")
    )
    return Run(root, part, bot, load_content(root), asked, foreign, acts, cached(root, part))


def has_set(root: Path, kind: str, part: str) -> bool:
    """Whether there is such a set."""
    return (root / SETS / f"{kind}.{part}.jsonl").exists()


def items_of(root: Path, kind: str, part: str) -> list[HeldOutText]:
    """The texts of one set; none when there is no such file."""
    return load_held_out(root, SETS / f"{kind}.{part}.jsonl", []) if has_set(root, kind, part) else []


def log_test_run(root: Path, figure: str) -> None:
    """Note that somebody has looked at figures of a test set: one that is looked at often is one that is tuned on."""
    release = (root / CURRENT).resolve().name
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    with (root / RUNS).open("a", encoding="utf-8") as file:
        file.write(f"{now}\t{release}\t{figure}\n")
