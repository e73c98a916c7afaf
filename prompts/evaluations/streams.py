"""The playground's WebSocket: a person runs any version, drafts too, and sees the answer come.

Browser → {"side": "a", "prompt": 3, "version": 12, "variables": {…}}, {"side": "a", "stop": true}
Server → {"side": "a", "type": "rendered" | "start" | "delta" | "reasoning" | "end" | "error" | "record", …}

The call goes over HTTP through the gateway, under the team's own internal key: its budgets, limits and privacy rules
hold. It carries who ran it as its end user.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from asgiref.sync import sync_to_async
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django.conf import settings
from django.db import connection
from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import RequestError

from accounts.access.principals import has_capability
from accounts.models import Team, User
from accounts.policy.roles import Capability
from accounts.services.internal_keys import internal_key
from accounts.services.sign_ins import SESSION_KEY, holds
from kernel.clock import perf_counter
from kernel.errors import DomainError
from prompts.evaluations.policy.event_stream import EventReader
from prompts.evaluations.selectors.playground import facts_of
from prompts.inner_calls import TIMEOUT_SECONDS
from prompts.registry.models import Prompt
from prompts.registry.policy.rendering import KNOWLEDGE
from prompts.registry.selectors.compiled import compiled

logger = logging.getLogger(__name__)

_MAX_BYTES = 1_000_000
_UNAUTHORIZED = 4401
_CONNECT_SECONDS = 5.0
_CLOSING_SECONDS = 5.0
_TRIED_SECONDS, _PAUSE_SECONDS = 10.0, 0.25
"""A key, or a version, that was made just now reaches the gateways within a second, or some where much else is to be done."""
_NOT_YET_KNOWN = ("invalid_api_key", "prompt_not_found")


class PlaygroundError(DomainError):
    """The run can't begin; the message says why."""


class PlaygroundConsumer(AsyncConsumer):  # type: ignore[misc]
    """One page: up to two runs side by side."""

    async def dispatch(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "websocket.connect":
                self._runs: dict[str, asyncio.Task[None]] = {}
                user = self.scope.get("user")
                if user is None or not user.is_active:
                    await self.base_send({"type": "websocket.close", "code": _UNAUTHORIZED})
                    return
                await self.base_send({"type": "websocket.accept"})
            case "websocket.receive":
                await self._receive(message.get("text") or "")
            case "websocket.disconnect":
                await self._stop(*self._runs)
                raise StopConsumer

    async def _receive(self, text: str) -> None:
        try:
            sent = orjson.loads(text) if len(text) <= _MAX_BYTES else None
        except orjson.JSONDecodeError:
            sent = None
        if not isinstance(sent, dict) or sent.get("side") not in ("a", "b"):
            await self._send(
                "a", "error", message="The page sent an invalid message. Reload it and try again."
            )
            return
        side = sent["side"]
        await self._stop(side)
        if not sent.get("stop"):
            self._runs[side] = asyncio.create_task(self._run(side, sent))

    async def _stop(self, *sides: str) -> None:
        tasks = [task for side in sides if (task := self._runs.pop(side, None)) is not None]
        left = set(tasks)
        while left:  # what closes its connection for longer than that is not waited for
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=_CLOSING_SECONDS)

    async def _run(self, side: str, sent: dict[str, Any]) -> None:
        try:
            prompt, key, turns = await sync_to_async(_prepared, thread_sensitive=False)(
                self.scope["user"], self.scope["session"], sent
            )
            await self._send(side, "rendered", turns=turns)
            call_id = await self._relay(side, prompt, key, sent)
            if call_id:
                facts = await sync_to_async(_closing(facts_of), thread_sensitive=False)(UUID(call_id))
                await self._send(side, "record", **facts)
        except DomainError as error:
            await self._send(side, "error", message=str(error))
        except (RequestError, TimeoutError):
            await self._send(
                side, "error", message="The gateway does not answer. Is it running? Try again shortly."
            )
        except Exception:
            logger.exception("a run of the playground failed")
            await self._send(
                side, "error", message="Something went wrong in Gatehouse; its log says what. Try again."
            )

    async def _relay(self, side: str, prompt: Prompt, key: str, sent: dict[str, Any]) -> str:
        """Hands the gateway's events on; the call's id, where it got one."""
        url = f"{settings.GATEWAY_URL}/v1/prompts/{prompt.name}/run"
        headers = {
            "authorization": f"Bearer {key}",
            "content-type": "application/json",
            "x-gatehouse-feature": "playground",
            "x-gatehouse-end-user": str(self.scope["user"].email)[:200],
        }
        body = orjson.dumps(
            {
                "prompt_id": prompt.pk,
                "version": sent["version"],
                "variables": sent["variables"],
                "stream": True,
            }
        )
        known_by = perf_counter() + _TRIED_SECONDS
        async with _client().build() as client:
            while True:
                request = client.post(url).headers(headers).body_bytes(body).streamed_read_buffer_limit(0)
                async with request.build_streamed() as response:
                    call_id = response.get_header("x-gatehouse-call-id") or ""
                    if response.status == 200:
                        await self._events(side, response.body_reader)
                        return call_id
                    error = orjson.loads(bytes(await response.bytes())).get("error", {})
                code = error.get("code")
                # Without a call's ID nothing was asked: the gateway has yet to read which keys there are.
                is_early = code in _NOT_YET_KNOWN or (code == "not_auditable" and not call_id)
                if not is_early or perf_counter() > known_by:
                    await self._send(side, "error", message=error.get("message", ""), code=code)
                    return call_id
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _events(self, side: str, reader: Any) -> None:
        events = EventReader()
        while (chunk := await reader.read_chunk()) is not None:
            for name, value in events.feed(bytes(chunk)):
                if name == "error":
                    value = {"message": value["error"]["message"], "code": value["error"]["code"]}
                await self._send(side, name, **value)

    async def _send(self, side: str, kind: str, **members: Any) -> None:
        text = orjson.dumps({**members, "type": kind, "side": side}).decode()
        with suppress(RuntimeError):  # the page has left
            await self.base_send({"type": "websocket.send", "text": text})


def _client() -> ClientBuilder:
    return (
        ClientBuilder()
        .connect_timeout(timedelta(seconds=_CONNECT_SECONDS))
        .read_timeout(timedelta(seconds=TIMEOUT_SECONDS))
    )


def _closing(function: Any) -> Any:
    """A function for a thread that is no request's: nothing else would return its connection."""

    def closed(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        finally:
            connection.close()

    return closed


def _prepare(user: User, session: Any, sent: dict[str, Any]) -> tuple[Prompt, str, list[dict[str, str]]]:
    """The prompt, the key to call with, and its messages as they are before masking. Raises a DomainError."""
    user = User.objects.filter(pk=user.pk, is_active=True).first() or _refuse("Your account is not active.")
    if not holds(session.get(SESSION_KEY)):
        raise PlaygroundError("Your sign-in has ended. Sign in again.")
    number, variables = sent.get("version"), sent.get("variables")
    if (
        not isinstance(number, int)
        or not isinstance(variables, dict)
        or not isinstance(sent.get("prompt"), int)
    ):
        raise PlaygroundError("The page sent an invalid message. Reload it and try again.")
    prompt = Prompt.objects.visible_to(user).filter(pk=sent["prompt"]).select_related("team").first()
    rights = (Capability.EDIT_PROMPTS, Capability.VIEW_CONTENT)
    if prompt is None or not all(has_capability(user, right, prompt.team_id) for right in rights):
        raise PlaygroundError("There is no such prompt, or you may not run it.")
    version = prompt.versions.filter(number=number).first()
    if version is None:
        raise PlaygroundError(f"There is no version {number}.")
    ready, problem = compiled(version.document)
    if ready is None:
        raise PlaygroundError(f"This version can't be run yet. {problem}")
    values = ready.variables.filled(variables)
    later = dict.fromkeys((KNOWLEDGE, *ready.document.context), "(found when it runs)")
    turns = ready.render({**later, **values}, clock=perf_counter)
    team = prompt.team or Team.objects.visible_to(user, Capability.EDIT_PROMPTS).first()
    if team is None:
        raise PlaygroundError("Make a team first: every call is some team's.")
    return prompt, internal_key(team), [{"role": turn.role, "text": turn.text} for turn in turns]


def _refuse(message: str) -> Any:
    raise PlaygroundError(message)


_prepared = _closing(_prepare)
