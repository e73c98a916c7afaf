"""What is encrypted with what, and how much of it: for the page of superusers, and docs/encryption.md, which says the same."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from accounts.models import RootSecret
from accounts.services import root_secret
from governance.records.models import TeamKey
from governance.records.services.key_wrappers import LocalKeyWrapper
from governance.records.services.rewrapping import wrapped_of
from kernel.master_key import CURRENT, NEITHER, PREVIOUS

_UNDER = {
    CURRENT: "GATEHOUSE_MASTER_KEY",
    PREVIOUS: "GATEHOUSE_PREVIOUS_MASTER_KEY",
    NEITHER: "a master key that is not configured",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of data: what protects it, and how that is replaced."""

    what: str
    protected_by: str
    replaced_by: str


KINDS = (
    Kept(
        "Raw text of calls",
        "AES-256-GCM, a key for each call derived from its team's key",
        "“Make a new key” for what comes; “Erase” for what there is",
    ),
    Kept(
        "Jobs: what was asked until they have ended, and their answers",
        "AES-256-GCM, a key for each job derived from its team's key",
        "As raw text",
    ),
    Kept("Stored responses", "AES-256-GCM, with the team's key", "As raw text"),
    Kept("Names of people behind placeholders", "AES-256-GCM, with the team's key", "As raw text"),
    Kept("Teams' keys", "AWS KMS, or the master key", "manage.py rewrap_keys"),
    Kept("Root secret", "AES-256-GCM, with a key derived from the master key", "manage.py rewrap_keys"),
    Kept(
        "Placeholders of masked values",
        "HMAC-SHA-256 with a key for each team, derived from the root secret",
        "Never: one value keeps one placeholder",
    ),
    Kept("Gatehouse's own API keys", "Derived from the root secret", "Revoke it: another is made"),
    Kept(
        "Keys of provider accounts",
        "AES-256-GCM, with a key derived from the root secret",
        "Another key on the account's page",
    ),
    Kept("Signing secrets of webhooks", "Derived from the root secret", "Make a new channel"),
    Kept(
        "API keys", "SHA-256 of 200 random bits; the key itself is not stored", "“Rotate” on the key's page"
    ),
    Kept("Passwords of people", "PBKDF2, Django's, salted", "By their owner"),
    Kept(
        "Sessions",
        "Signed with GATEHOUSE_SECRET_KEY",
        "Another GATEHOUSE_SECRET_KEY, which signs everybody out",
    ),
    Kept(
        "Redacted requests and answers, prompts, documents and passages of knowledge bases, targets of alert channels",
        "Not encrypted by Gatehouse: encrypt the disks of Postgres and Valkey",
        "-",
    ),
)


@dataclass(frozen=True, slots=True)
class Wrapping:
    """How many of teams' keys are under one master key or key of AWS KMS, and when one was last put there anew."""

    by: str
    keys: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Inventory:
    """`root` says what the root secret is under; `erased` counts keys whose bytes are gone."""

    kinds: tuple[Kept, ...]
    wrappings: list[Wrapping]
    erased: int
    root: str
    root_last: datetime | None


def inventory() -> Inventory:
    """As of now. Each key under the master key is tried, and KMS is not asked."""
    found: Counter[str] = Counter()
    last: dict[str, datetime | None] = {}
    rows = TeamKey.objects.filter(erased_at=None).select_related("team").order_by("pk")
    for row in rows.iterator(chunk_size=500):
        by = _wrapped_by(row)
        found[by] += 1
        last[by] = _later(last.get(by), row.rewrapped_at)
    root = RootSecret.objects.first()
    return Inventory(
        kinds=KINDS,
        wrappings=[Wrapping(by, number, last[by]) for by, number in found.most_common()],
        erased=TeamKey.objects.exclude(erased_at=None).count(),
        root=_UNDER[root_secret.wrapped_under() or NEITHER] if root else "not made yet",
        root_last=None if root is None else root.rewrapped_at,
    )


def _wrapped_by(row: TeamKey) -> str:
    if row.provider == TeamKey.Provider.KMS:
        return f"AWS KMS, {row.kms_key_id}"
    return _UNDER[LocalKeyWrapper.wrapped_under(wrapped_of(row), team=str(row.team.public_id))]


def _later(*times: datetime | None) -> datetime | None:
    known: Iterable[datetime] = (each for each in times if each is not None)
    return max(known, default=None)
