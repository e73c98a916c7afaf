"""Drafts that Gatehouse proposes: a prompt that says the same in fewer tokens. They are taken only where the prompt's tests hold."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import cast

import msgspec
from django.db import transaction

from accounts.models import User
from kernel.money import format_usd
from kernel.tokenizer import count_tokens
from prompts.registry.models import Prompt, PromptVersion, VersionState
from prompts.registry.policy.document import decode_document, encode_document
from prompts.registry.policy.shorter import Shortened, shortened, text_of
from prompts.registry.selectors.prompts import figures_of, readable_document
from prompts.registry.services.prompts import PromptError, new_draft, note_change, save_draft
from prompts.registry.signals import proposal_asked

SHORTER = "shorter"
_WORDS = {
    "passage": "passages that stand there twice",
    "example": "examples given twice",
    "history": "turns told twice",
    "json": "JSON spread over lines",
    "blanks": "blanks",
}

InputPrice = Callable[[PromptVersion, int, datetime], int | None]
_prices: list[InputPrice] = []


def register_input_price(source: InputPrice) -> None:
    """Who knows what so many tokens of input less a call would have saved a version in thirty days, in nano-dollars."""
    _prices.append(source)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What could be left out of a version, in how many calls of the last thirty days, and what that would have saved."""

    version: PromptVersion
    found: Shortened
    calls: int
    saving_nanos: int | None

    @property
    def saving(self) -> str:
        """In dollars, for people; "" where it is not known, or nothing."""
        return format_usd(self.saving_nanos) if self.saving_nanos else ""

    @property
    def words(self) -> str:
        """What is left out, for people."""
        kinds = dict.fromkeys(cut.kind for cut in self.found.cuts)
        return ", ".join(_WORDS[kind] for kind in kinds)


def proposal_for(prompt: Prompt, *, now: datetime) -> Proposal | None:
    """For the version that applications call, `production` first; None where it can't be shorter, or nobody calls it."""
    labels = {label.name: label.version for label in prompt.labels.select_related("version")}
    version = labels.get("production") or next(iter(labels.values()), None)
    if version is None:
        return None
    found = _shortened(
        msgspec.json.encode(encode_document(readable_document(version)), order="deterministic")
    )
    if found is None:
        return None
    calls = figures_of(version, now=now).calls
    saving = next((price(version, found.tokens, now) for price in _prices), None)
    return Proposal(version, found, calls, saving)


@transaction.atomic
def propose(*, prompt: Prompt, by: User | None, now: datetime) -> PromptVersion:
    """Makes the draft. PromptError where there is nothing to leave out, or it has been proposed already."""
    Prompt.objects.select_for_update(of=("self",)).get(pk=prompt.pk)
    proposal = proposal_for(prompt, now=now)
    if proposal is None:
        raise PromptError("The version that applications call has nothing that could be left out.")
    open_one = prompt.versions.filter(
        proposal=SHORTER, proposed_of=proposal.version.number, state=VersionState.DRAFT
    ).first()
    if open_one is not None:
        raise PromptError(f"This is proposed already, as draft {open_one.number}.")
    draft = new_draft(prompt=prompt, by=by, based_on=proposal.version)
    PromptVersion.objects.filter(pk=draft.pk).update(proposal=SHORTER, proposed_of=proposal.version.number)
    draft.refresh_from_db()
    draft = save_draft(
        version=draft, document=proposal.found.document, revision=draft.revision, by=by,
        note=f"Proposed: about {proposal.found.tokens:,} tokens less a call than version {proposal.version.number}, without {proposal.words}.",
        goal=f"The same answers for {proposal.found.tokens:,} tokens less a call.",
    )  # fmt: skip
    note_change(
        prompt, by, f"Had draft {draft.number} proposed: {proposal.found.tokens:,} tokens less a call."
    )
    return draft


@lru_cache(maxsize=256)
def _shortened(document: bytes) -> Shortened | None:
    # A submitted version never changes, and its page is opened often.
    return shortened(decode_document(msgspec.json.decode(document)), count=count_tokens)


def tokens_of(version: PromptVersion) -> int:
    """About how many tokens a version's messages and examples have, variables not filled in."""
    return count_tokens(text_of(readable_document(version)))


def why_not_taken(version: PromptVersion) -> list[str]:
    """Why a proposed version can't be taken; empty for all others, and where its tests hold."""
    if not version.proposal:
        return []
    reasons: list[str] = []
    for _, found in proposal_asked.send(PromptVersion, version=version):
        reasons += cast(list[str], found)
    return reasons
