"""What an agent is offered and how much they have, as one frame."""

from __future__ import annotations

from typing import Optional

from common.errors import UnknownConversation
from handoff.engine import Offer
from handoff.protocol import OfferItem, OfferList, QueueItem, QueueList
from handoff.router import EngineStore
from handoff.store import View


async def offers_of(agent: str, store: EngineStore, queue: Optional[QueueList]) -> OfferList:
    """The frame for `agent` as things stand. `queue`: the part of the queue that the desk shows."""
    shown = {item.conversation: item for item in (queue.items if queue else [])}
    status, capacity = await store.presence_of(agent)
    now = await store.agent_now(agent)
    return OfferList(
        v=1,
        items=[await _item(offer, store, shown) for offer in await store.offers_of(agent)],
        status=status,  # type: ignore[arg-type]
        capacity=capacity,
        load=now.load if now else 0,
    )


async def _item(offer: Offer, store: EngineStore, shown: dict[str, QueueItem]) -> OfferItem:
    return OfferItem(
        id=offer.id,
        conversation=offer.conversation,
        kind=offer.kind.value,
        made_at=offer.made_at,
        expires_at=offer.expires_at,
        by=offer.by,
        note=offer.note,
        item=shown.get(offer.conversation) or await _described(offer.conversation, store),
    )


async def _described(conversation: str, store: EngineStore) -> Optional[QueueItem]:
    """A conversation that is not in the list: a colleague's, or one that waits too far back."""
    try:
        return _queue_item(await store.view(conversation))
    except UnknownConversation:
        return None


def _queue_item(view: View) -> Optional[QueueItem]:
    episode = view.episode
    if episode is None:
        return None
    return QueueItem(
        conversation=view.id,
        player=view.player.id,
        name=view.player.name,
        vip=view.player.vip,
        urgency=episode.urgency,
        reason=episode.reason,
        since=episode.requested_at,
        scenario=episode.scenario,
        summary=episode.summary is not None,
        group=episode.group,
        tier=episode.tier,
    )
