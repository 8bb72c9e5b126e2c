"""What an agent's commands do to conversations: each frame becomes one call of the store, checked and masked on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatchmethod
from typing import Any

from handoff.reask import asked_again

from common.errors import BadFrame, Forbidden, UnknownConversation
from gateway.context import Context
from gateway.sockets import checked_text
from handoff import protocol
from handoff.machine import Disposition
from handoff.store import Stored

SUPERVISORS = frozenset({"supervisor", "admin"})


def check_supervisor(agent: protocol.Agent) -> None:
    """Raises Forbidden unless the agent may watch and move what colleagues have."""
    if agent.role not in SUPERVISORS:
        raise Forbidden(f"expected a supervisor or admin, got an {agent.role}", role=agent.role)


class AgentCommands:
    """The commands of one agent. `perform` raises the SupportError with which a command is refused."""

    def __init__(self, agent: protocol.Agent, context: Context) -> None:
        self._agent = agent
        self._store = context.store
        self._command = context.command
        self._mask: Callable[[str], str] = context.masker.mask

    @singledispatchmethod
    async def perform(self, frame: Any) -> Stored:
        """Do what a frame says; what was stored."""
        raise BadFrame("hello was already said")

    # -- the queue and offers --

    @perform.register
    async def _(self, frame: protocol.AgentPresence) -> Stored:
        return await self._store.presence(
            self._agent.id, self._agent.display, self._command(frame), frame.status, frame.capacity
        )

    @perform.register
    async def _(self, frame: protocol.AgentAccept) -> Stored:
        return await self._store.accept(self._agent.id, self._agent.display, self._command(frame), frame.conversation)

    @perform.register
    async def _(self, frame: protocol.AgentTake) -> Stored:
        return await self._store.take(self._agent.id, self._command(frame), frame.offer)

    @perform.register
    async def _(self, frame: protocol.AgentReject) -> Stored:
        return await self._store.reject(self._agent.id, self._command(frame), frame.offer)

    # -- a conversation --

    @perform.register
    async def _(self, frame: protocol.AgentSend) -> Stored:
        text = checked_text(frame.text)
        return await self._store.say(
            self._agent.id, self._agent.display, self._command(frame), frame.conversation, frame.epoch, text,
            reasked=await self._reasked(frame.conversation, text),
        )  # fmt: skip

    @perform.register
    async def _(self, frame: protocol.AgentNote) -> Stored:
        return await self._store.note(
            self._agent.display, self._agent.id, self._command(frame), frame.conversation, self._required(frame.text)
        )

    @perform.register
    async def _(self, frame: protocol.AgentTicket) -> Stored:
        return await self._store.agent_ticket(
            self._agent.id, self._agent.display, self._command(frame), frame.conversation, self._required(frame.text)
        )

    @perform.register
    async def _(self, frame: protocol.AgentReturn) -> Stored:
        return await self._store.give_back(
            self._agent.id, self._command(frame), frame.conversation, frame.epoch, self._optional(frame.promise)
        )

    @perform.register
    async def _(self, frame: protocol.AgentWrapUp) -> Stored:
        return await self._store.wrap_up(
            self._agent.id, self._command(frame), frame.conversation, Disposition(frame.disposition),
            self._optional(frame.comment),
        )  # fmt: skip

    @perform.register
    async def _(self, frame: protocol.AgentClose) -> Stored:
        return await self._store.close(
            self._agent.id, self._command(frame), frame.conversation, frame.epoch, Disposition(frame.disposition),
            self._optional(frame.comment),
        )  # fmt: skip

    # -- working together --

    @perform.register
    async def _(self, frame: protocol.AgentTransfer) -> Stored:
        return await self._store.transfer(
            self._agent.id, self._command(frame), frame.conversation, frame.epoch, frame.agent, frame.group,
            self._required(frame.note),
        )  # fmt: skip

    @perform.register
    async def _(self, frame: protocol.AgentCancelTransfer) -> Stored:
        return await self._store.cancel_transfer(self._agent.id, self._command(frame), frame.conversation)

    @perform.register
    async def _(self, frame: protocol.AgentInvite) -> Stored:
        return await self._store.invite(
            self._agent.id, self._command(frame), frame.conversation, frame.epoch, frame.agent,
            self._optional(frame.note),
        )  # fmt: skip

    @perform.register
    async def _(self, frame: protocol.AgentDismiss) -> Stored:
        return await self._store.dismiss(self._agent.id, self._command(frame), frame.conversation, frame.agent)

    @perform.register
    async def _(self, frame: protocol.AgentWhisper) -> Stored:
        check_supervisor(self._agent)
        return await self._store.whisper(
            self._agent.display, self._agent.id, self._command(frame), frame.conversation, self._required(frame.text)
        )

    @perform.register
    async def _(self, frame: protocol.AgentTakeOver) -> Stored:
        check_supervisor(self._agent)
        return await self._store.take_over(
            self._agent.id, self._agent.display, self._command(frame), frame.conversation, self._optional(frame.note)
        )

    async def _reasked(self, conversation: str, text: str) -> int:
        """How many facts of the summary a message asks for again."""
        try:
            episode = (await self._store.view(conversation)).episode
        except UnknownConversation:
            return 0  # a repeat of what was stored before the conversation was archived
        return len(asked_again(text, episode.summary)) if episode else 0

    def _required(self, text: str) -> str:
        """Words for colleagues, masked. Raises BadText when there are none, or too many."""
        return self._mask(checked_text(text))

    def _optional(self, text: str) -> str:
        return self._mask(checked_text(text)) if text.strip() else ""
