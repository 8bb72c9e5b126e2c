"""One player's visit, as suggestions see it: what they were shown, and what they asked after all."""

from __future__ import annotations

from typing import Optional

from gateway.suggestions import Suggestions, chip_of
from handoff.protocol import Chip, Entry, Place, Player
from suggest.completion import Around
from suggest.moment import LastTalk
from suggest.opening import Offer

_KEPT = 8  # answers of this visit that rank completions


class Visit:
    """What one socket's player saw and asked; feeds the statistics that suggestions are learned from."""

    def __init__(self, player: Player, page: str, suggestions: Suggestions) -> None:
        self._player = player
        self._page = page
        self._suggestions = suggestions
        self._offer: Optional[Offer] = None
        self._is_seen = False  # whether the offer came into the player's sight
        self._answered: list[str] = []

    # -- what to show --

    async def chips(self, page: Optional[str] = None) -> tuple[list[Chip], Optional[Chip]]:
        """猜你想问 for this page (None: as before): chips, and the card for a need that is near certain."""
        self.end()
        if page is not None:
            self._page = page
        self._offer = await self._suggestions.offer(self._player, self._page)
        if self._offer is None:
            return [], None
        card = self._offer.card
        return [chip_of(chip) for chip in self._offer.chips], chip_of(card) if card else None

    @property
    def around(self) -> Around:
        """What completions are ranked by besides the text."""
        last = self._answered[-1] if self._answered else ""
        return Around(
            page=self._suggestions.scenarios_of(self._page),
            scenario=self._suggestions.scenario_of(last),
            seen=frozenset(self._answered),
            platform=self._player.platform,
            today=self._suggestions.today(),
        )

    # -- what came of it --

    def shown(self, place: Place) -> None:
        """The player has seen suggestions at `place`."""
        self._is_seen = self._is_seen or place in ("opening", "card")

    def picked(self, faq_id: str, place: str) -> None:
        """The player picked an entry."""
        if place in ("opening", "card"):
            self._is_seen = True
            self._close(faq_id, is_picked=True)
        self._suggestions.soon(self._suggestions.store.taken(self._player.id, faq_id))

    def answered(self, entry: Entry) -> None:
        """The bot has answered with an entry of the library."""
        store, faq_id = self._suggestions.store, entry.faq_id
        self._close(faq_id, is_picked=False)
        self._suggestions.soon(store.asked(faq_id, self._player.id, entry.at))
        if self._answered and self._answered[-1] != faq_id:
            self._suggestions.soon(store.went(self._answered[-1], faq_id, entry.at))
        self._answered = [*self._answered, faq_id][-_KEPT:]
        self._talked(faq_id, entry.at, is_solved=False)

    def judged(self, at: int, *, helpful: bool) -> None:
        """The player has said whether the last answer helped."""
        if self._answered:
            self._talked(self._answered[-1], at, is_solved=helpful)

    def end(self) -> None:
        """The offer is over: the player left, or gets another one."""
        self._close("", is_picked=False)

    def _talked(self, faq_id: str, at: int, *, is_solved: bool) -> None:
        talk = LastTalk(self._suggestions.scenario_of(faq_id), faq_id, at, is_solved)
        self._suggestions.soon(self._suggestions.store.talked(self._player.id, talk))

    def _close(self, asked: str, *, is_picked: bool) -> None:
        offer, self._offer = self._offer, None
        if offer is None or not self._is_seen:
            return
        self._is_seen = False
        self._suggestions.impression(offer, asked, is_picked=is_picked)
        passed = [faq_id for faq_id in offer.shown if faq_id != asked]
        self._suggestions.soon(self._suggestions.store.passed_over(self._player.id, passed, offer.moment.now))
