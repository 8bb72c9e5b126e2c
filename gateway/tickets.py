"""The desk's HTTP routes for work that outlasts a conversation: tickets, follow-ups of low ratings, outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from common.errors import BadFrame, NotOwner
from gateway.agent_commands import check_supervisor
from gateway.context import Context
from gateway.desk import NotLoggedIn
from gateway.sessions import Sessions
from gateway.sockets import origin_allowed
from handoff.accounts import Accounts
from handoff.follow_ups import FollowUp, FollowUpEvent, FollowUpState
from handoff.outcomes import outcomes_of
from handoff.protocol import MAX_TEXT, Agent, CommandId, Text
from handoff.tickets import Change, Move, Outdated, Ticket, TicketEvent, TicketState

MAX_HOURS = 24 * 31  # of outcomes
_HOUR_MS = 3_600_000
_E = TypeVar("_E", bound=Enum)


class Step(Struct, forbid_unknown_fields=True):
    """Body of every change."""

    id: CommandId
    version: int  # the one that was seen
    text: Text = ""


class TicketDesk:
    """GET and POST /tickets, /follow_ups, GET /outcomes, to be mounted under /api/desk."""

    def __init__(self, context: Context, accounts: Accounts, sessions: Sessions) -> None:
        self._context = context
        self._archive = context.archive
        self._accounts = accounts
        self._sessions = sessions

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/tickets", self.tickets),
            Route("/tickets/{number}", self.ticket),
            Route("/tickets/{number}/{event}", self.move_ticket, methods=["POST"]),
            Route("/follow_ups", self.follow_ups),
            Route("/follow_ups/{id}/{event}", self.move_follow_up, methods=["POST"]),
            Route("/outcomes", self.outcomes),
        ]

    async def tickets(self, request: Request) -> Response:
        """Those in `state`, else the unfinished ones; `mine=1`: one's own."""
        agent = await self._agent(request)
        state = request.query_params.get("state")
        mine = request.query_params.get("mine") == "1"
        found = await self._archive.tickets(_one_of(TicketState, state) if state else None, agent.id if mine else "")
        names = await self._names()
        items = [ticket_view(ticket, names) for ticket in found]
        for item in items:
            del item["history"]
        return _json({"items": items})

    async def ticket(self, request: Request) -> Response:
        """A ticket with its history."""
        await self._agent(request)
        found = await self._archive.ticket(request.path_params["number"])
        return _json({"ticket": ticket_view(found, await self._names())})

    async def move_ticket(self, request: Request) -> Response:
        """Change a ticket. A refusal says who has it now."""
        agent = await self._agent(request)
        event = _one_of(TicketEvent, request.path_params["event"])
        move = await self._move(request, agent)
        names = await self._names()
        try:
            found = await self._archive.move_ticket(request.path_params["number"], event, move)
        except (Outdated, NotOwner) as error:
            raise _named(error, names) from None
        return _json({"ticket": ticket_view(found, names)})

    async def follow_ups(self, request: Request) -> Response:
        """Tasks in `state`, else those with something left to do; for supervisors."""
        check_supervisor(await self._agent(request))
        state = request.query_params.get("state")
        found = await self._archive.follow_ups(_one_of(FollowUpState, state) if state else None)
        names = await self._names()
        return _json({"items": [follow_up_view(task, names) for task in found]})

    async def move_follow_up(self, request: Request) -> Response:
        """Change a task; for supervisors."""
        agent = await self._agent(request)
        check_supervisor(agent)
        event = _one_of(FollowUpEvent, request.path_params["event"])
        move = await self._move(request, agent)
        names = await self._names()
        try:
            found = await self._archive.move_follow_up(request.path_params["id"], event, move)
        except Outdated as error:
            raise _named(error, names) from None
        return _json({"item": follow_up_view(found, names)})

    async def outcomes(self, request: Request) -> Response:
        """The figures of the episodes that ended in the last `hours` (24); for supervisors."""
        check_supervisor(await self._agent(request))
        hours = request.query_params.get("hours", "24")
        if not (hours.isascii() and hours.isdigit() and len(hours) <= 4 and 1 <= int(hours) <= MAX_HOURS):
            raise BadFrame(f"hours: expected 1 to {MAX_HOURS}, got {hours[:40]!r}")
        now = self._context.clock.now_ms()
        found = await self._archive.outcomes(now - int(hours) * _HOUR_MS, now + 1)
        return _json(outcomes_of(found))

    async def _move(self, request: Request, agent: Agent) -> Move:
        if not origin_allowed(request, ()):
            raise NotLoggedIn("expected a request from the desk's own page")
        try:
            step = msgspec.json.decode(await request.body(), type=Step)
        except msgspec.DecodeError as error:
            raise BadFrame(str(error)) from error
        text = self._context.masker.mask(step.text.strip()[:MAX_TEXT])
        return Move(self._context.command(step), agent.id, self._context.clock.now_ms(), step.version, text)

    async def _agent(self, request: Request) -> Agent:
        agent = await self._sessions.agent_of(request)
        if agent is None:
            raise NotLoggedIn("log in first")
        return agent

    async def _names(self) -> Mapping[str, str]:
        return {account.id: account.display for account in await self._accounts.list()}


def ticket_view(ticket: Ticket, names: Mapping[str, str]) -> dict[str, Any]:
    """A ticket as the desk gets it; `names` are agents' display names by id."""
    assignee = {"assignee_name": names[ticket.assignee]} if ticket.assignee in names else {}
    return {**msgspec.structs.asdict(ticket), **assignee, "history": _lines(ticket.history, names)}


def follow_up_view(task: FollowUp, names: Mapping[str, str]) -> dict[str, Any]:
    """A follow-up task as the desk gets it."""
    who = {"agent_name": names.get(task.agent, ""), "by_name": names.get(task.by, "")}
    return {**msgspec.structs.asdict(task), **who, "history": _lines(task.history, names)}


def _lines(history: list[Change], names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{**msgspec.structs.asdict(line), "by_name": names.get(line.by.removeprefix("a:"), "")} for line in history]


def _named(error: Outdated | NotOwner, names: Mapping[str, str]) -> Outdated | NotOwner:
    """The same refusal, in which `agent` is the display name of who has it."""
    holder = str(error.fields.get("assignee") or error.fields.get("agent") or "")
    return type(error)(str(error), **{**error.fields, "assignee": holder, "agent": names.get(holder, "")})


def _one_of(kind: type[_E], value: str) -> _E:
    try:
        return kind(value)
    except ValueError:
        raise BadFrame(f"expected one of {', '.join(str(one.value) for one in kind)}, got {value[:40]!r}") from None


def _json(content: Any) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json")
