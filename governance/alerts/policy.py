"""PURE: what an alert says, when a delivery is tried again, and how a webhook is signed."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from kernel.money import format_usd, plain_usd

MAX_ATTEMPTS = 14
"""With the pauses below, about a day."""
_FIRST_PAUSE = timedelta(seconds=20)
_MAX_PAUSE = timedelta(hours=4)


def host_of(url: str) -> str:
    """The host alone: whoever knows a webhook's whole address can post to it."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # such as https://[::1/
        return ""


def pause_after(attempt: int, *, jitter: float) -> timedelta | None:
    """How long to wait after a failed attempt (from 1 on); None to give up. `jitter` is from 0 to 1."""
    if attempt >= MAX_ATTEMPTS:
        return None
    pause = min(_FIRST_PAUSE * float(2 ** (attempt - 1)), _MAX_PAUSE)
    return pause * (0.75 + jitter / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What an alert is about. `threshold` is a per cent, or None for a forecast. Amounts are nano-dollars."""

    budget: str
    subject: str
    threshold: int | None
    spent: int
    limit: int
    resets_at: datetime | None
    runs_out_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """An alert of another kind than a budget's: its type for programs (`contract.broken`), and a sentence."""

    type: str
    text: str


def text_of(facts: Facts | Notice) -> str:
    """One sentence for people."""
    if isinstance(facts, Notice):
        return facts.text
    whose = f" ({facts.subject})" if facts.subject else ""
    used = f"{format_usd(facts.spent)} of {format_usd(facts.limit)}"
    resets = f" It resets on {facts.resets_at:%Y-%m-%d %H:%M} UTC." if facts.resets_at else ""
    if facts.threshold is None:
        when = f" on {facts.runs_out_at:%Y-%m-%d}" if facts.runs_out_at else ""
        return f"{facts.budget}{whose} will run out{when} at this pace: {used} are spent.{resets}"
    return f"{facts.budget}{whose} is {facts.threshold} % used: {used}.{resets}"


def webhook_body(facts: Facts | Notice, *, delivery_id: str, url: str) -> dict[str, Any]:
    """What a webhook receives."""
    if isinstance(facts, Notice):
        return {"id": delivery_id, "type": facts.type, "text": facts.text, "url": url}
    return {
        "id": delivery_id,
        "type": "budget.forecast" if facts.threshold is None else "budget.threshold",
        "text": text_of(facts),
        "budget": facts.budget,
        "subject": facts.subject,
        "threshold_percent": facts.threshold,
        "spent_usd": plain_usd(facts.spent),
        "limit_usd": plain_usd(facts.limit),
        "resets_at": facts.resets_at.isoformat() if facts.resets_at else None,
        "runs_out_at": facts.runs_out_at.isoformat() if facts.runs_out_at else None,
        "url": url,
    }


def slack_body(facts: Facts | Notice, *, url: str) -> dict[str, Any]:
    """What Slack's incoming webhooks, and those shaped like them, take."""
    text = text_of(facts)
    block = {
        "type": "section",
        "text": {"type": "mrkdwn", "text": f"{_escaped(text)}\n<{url}|Look at it in Gatehouse>"},
    }
    return {"text": text, "blocks": [block]}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def secret_of(master_key: str, public_id: str) -> str:
    """A webhook's secret: derived, so that none is stored."""
    return (
        "whsec_" + hmac.new(master_key.encode(), f"webhook:{public_id}".encode(), hashlib.sha256).hexdigest()
    )


def signature(secret: str, *, timestamp: int, body: bytes) -> str:
    """The value of X-Gatehouse-Signature: HMAC-SHA256 over the time, a dot, and the body."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


_TRANSLATED = ip_network("64:ff9b::/96")
"""Addresses that a NAT64 turns into those of IPv4."""


def is_public(address: str) -> bool:
    """Whether an address is one of the internet's: no host of our own network, nor a cloud's metadata service."""
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo and found.teredo[1])
        if found in _TRANSLATED:
            inner = IPv4Address(int(found) & 0xFFFFFFFF)
        found = inner or found
    return found.is_global and not found.is_multicast
