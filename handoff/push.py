"""The hook by which an operator's push service learns that it is an absent player's turn, or that a ticket is done."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

Push = Callable[[str, Mapping[str, str]], Awaitable[bool]]
"""Delivers the event `id` with its fields; False: not taken, try again later."""

_TIMEOUT_S = 3.0


class WebhookPush:
    """POSTs each event as JSON. Delivery is at least once: the header X-Support-Event is the id to recognise a repeat by."""

    def __init__(self, url: str, secret: str, log: Any) -> None:
        """`secret`: key of the signature X-Support-Signature, the hexadecimal HMAC-SHA256 of the body; "" signs nothing."""
        self._url = url
        self._secret = secret
        self._log = log

    async def __call__(self, id: str, fields: Mapping[str, str]) -> bool:
        """Whether the service took the event (any 2xx); a redirect, an error or a time-out is no."""
        body = json.dumps(
            {
                "id": id,
                "event": fields["event"],
                "at": int(fields["at"]),
                "player": fields["player"],
                "conversation": fields["conversation"],
                "data": json.loads(fields["data"]),
            },
            ensure_ascii=False,
        ).encode()
        headers = {"Content-Type": "application/json", "X-Support-Event": id}
        if self._secret:
            headers["X-Support-Signature"] = hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_S) as client:
                answer = await client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            self._log.warning("push not delivered", error=type(error).__name__)
            return False
        if not answer.is_success:
            self._log.warning("push not taken", status=answer.status_code)
        return bool(answer.is_success)
