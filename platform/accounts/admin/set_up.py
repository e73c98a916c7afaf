"""Set-up pages: the lines of each client, and the wait for a key's first call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.utils.dateparse import parse_datetime

from accounts.models import ApiKey
from accounts.policy.clients import CLIENTS, GROUPS, Client, Values, pieces
from accounts.policy.clients.client import usual_model, usual_small_model
from accounts.services.first_calls import first_call
from accounts.services.known_models import known_chat_models, known_models
from kernel.clock import utc_now

NO_KEY = "gh_…"
_MAX_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """A client as a page shows it."""

    client: Client
    blocks: list[dict[str, Any]]
    note: list[tuple[str, bool]]
    tags: list[tuple[str, bool]]
    is_chosen: bool


def models_of(api_key: ApiKey | None) -> list[str]:
    """What a key may call that answers in text; without a key, all such models."""
    chat = known_chat_models()
    if api_key is None or not api_key.allowed_models:
        return chat or known_models() or ["MODEL"]
    others = set(known_models()) - set(chat)
    return [name for name in api_key.allowed_models if name not in others] or api_key.allowed_models


def set_up_context(request: HttpRequest, api_key: ApiKey | None, *, key_text: str = "") -> dict[str, Any]:
    """What the lines of all clients need, and the wait. The text of a key is there right after making it, and never again."""
    models = models_of(api_key)
    shown_key = key_text or (f"{api_key.prefix}_…" if api_key is not None else NO_KEY)
    values = Values(settings.PUBLIC_URL, shown_key, usual_model(models), usual_small_model(models))
    chosen = request.GET.get("client", "")
    if chosen not in {client.slug for client in CLIENTS}:
        chosen = CLIENTS[0].slug
    return {
        "groups": [(title, _shown(clients, values, chosen)) for title, clients in GROUPS],
        "models": models,
        "values": values,
        "has_key_text": bool(key_text),
        "since": utc_now().isoformat(),
    }


def _shown(clients: Sequence[Client], values: Values, chosen: str) -> list[Shown]:
    return [
        Shown(
            client,
            [
                {
                    "where": lines.where,
                    "id": f"lines-{client.slug}-{place}",
                    "pieces": pieces(lines.text, values),
                }
                for place, lines in enumerate(client.lines)
            ],
            _with_code(client.note),
            _with_code(client.tags),
            client.slug == chosen,
        )
        for client in clients
    ]


def _with_code(text: str) -> list[tuple[str, bool]]:
    """A text in parts, each with whether it stands in backticks."""
    return [(part, bool(place % 2)) for place, part in enumerate(text.split("`")) if part]


def first_call_answer(request: HttpRequest, api_key: ApiKey) -> JsonResponse:
    """What has come from a key since a page was opened: a call, or only a sign of the key (a list of models, say)."""
    since = _since(request.GET.get("since", ""))
    call = first_call(api_key, since)
    answer: dict[str, Any] = {"came": call is not None}
    if call is not None:
        answer |= {
            "is_answered": call.is_answered, "model": call.model, "code": call.code, "url": call.url,
            "at": call.at.isoformat(),
        }  # fmt: skip
    else:
        answer["seen"] = api_key.last_used_at is not None and api_key.last_used_at >= since
    response = JsonResponse(answer)
    response["Cache-Control"] = "no-store"
    return response


def _since(text: str) -> datetime:
    """The moment a page was opened; never long ago, for nobody waits that long and records are many."""
    earliest = utc_now() - _MAX_WAIT
    try:
        moment = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        return earliest
    return max(moment, earliest)
