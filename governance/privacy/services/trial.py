"""Tries rules on texts: what is found, what the model would see, what it costs in time; and what a draft would change."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings

from governance.privacy.policy.detection import (
    TextHits,
    concluded,
    found_at_seams,
    found_by_form,
    found_by_name,
    segments,
)
from governance.privacy.policy.languages import beside
from governance.privacy.policy.masking import Mask
from governance.privacy.policy.recognition.ner import Span
from governance.privacy.policy.ruleset import RuleSet
from governance.privacy.policy.whole_texts import found_across, secrets
from governance.privacy.services.names import NamesBusyError, NamesFailedError, batches, shared_pool
from governance.screening.policy.findings import Finding
from kernel.clock import elapsed_ms, perf_counter
from kernel.errors import UnavailableError
from kernel.placeholders import team_key

_SECONDS_FOR_NAMES = 60.0
_BATCH_CHARACTERS = 8000


@lru_cache(maxsize=1)
def _key() -> bytes:
    # Not a team's: whoever may try rules must not learn the placeholder of a value that they only guess.
    return team_key(settings.MASTER_KEY, "trial")


class TrialNamesError(UnavailableError):
    """Names can't be looked for now: there are no workers, or too much waits for them."""

    code = "names_unavailable"
    default = "Names can't be looked for right now. Try again shortly, or send `ner: false`."


@dataclass(frozen=True, slots=True)
class Trial:
    """A text under some rules. Offsets are code points."""

    text: str
    found: TextHits
    masked: str
    blocked: tuple[str, ...]
    milliseconds: float


def try_texts(rules: RuleSet, texts: Sequence[str], *, is_stored: bool = False) -> list[Trial]:
    """Each text by itself; those that were stored hold placeholders already.

    TrialNamesError where the rules want names and they can't be looked for.
    """
    spans = spans_of(texts) if rules.names else None
    return [_trial(rules, text, spans, is_stored=is_stored) for text in texts]


def _trial(rules: RuleSet, text: str, spans: "_Spans | None", *, is_stored: bool) -> Trial:
    begun = perf_counter()
    read = 0
    parts: list[tuple[int, list[Finding]]] = []
    for offset, segment in segments(text):
        found = found_by_form(segment, rules)
        if spans is not None:
            found += found_by_name(segment, spans[segment])
            read += len(segment) if spans[segment] is not None else 0
        parts += [(offset, found), (0, found_across(text, offset, segment, rules))]
    parts += [(0, secrets(text, rules)), *found_at_seams(text, rules)]
    concluded_text = concluded(text, rules, parts, read_characters=read, is_stored=is_stored)
    mask = Mask(key=_key(), rules=rules, find=lambda _: concluded_text)
    masked = mask.hide(text)
    return Trial(text, concluded_text, masked, tuple(sorted(mask.blocked)), elapsed_ms(begun))


_Spans = dict[str, list[Span] | None]


def spans_of(texts: Sequence[str]) -> _Spans:
    """The language model's spans by segment, asked a batch after the other so that the queue stays free for calls.

    None for a segment of a language that the model does not know.
    """
    wanted = list(dict.fromkeys(segment for text in texts for _, segment in segments(text)))
    around = dict(zip(wanted, beside(wanted), strict=True))
    spans: _Spans = {}
    try:
        for batch in batches(wanted, characters=_BATCH_CHARACTERS):
            future: Future[Any] = shared_pool().submit(batch, [around[segment] for segment in batch])
            spans |= zip(batch, future.result(_SECONDS_FOR_NAMES), strict=True)
    except (NamesBusyError, NamesFailedError, TimeoutError) as error:
        raise TrialNamesError from error
    return spans


@dataclass(slots=True)
class TrialOutcome:
    """What some rules do to some texts."""

    texts: int = 0
    blocked: int = 0
    changed: int = 0
    findings: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class TrialExample:
    """A text that a draft would treat otherwise: as it is treated now, and as it would be. Both already masked."""

    now: str
    then: str
    is_blocked: bool


@dataclass(slots=True)
class DryRun:
    """What a draft would change, beside what holds now."""

    now: TrialOutcome = field(default_factory=TrialOutcome)
    then: TrialOutcome = field(default_factory=TrialOutcome)
    examples: list[TrialExample] = field(default_factory=list)
    differing: int = 0


_MAX_EXAMPLES = 10
_EXAMPLE_CHARACTERS = 400


def dry_run(in_force: RuleSet, draft: RuleSet, texts: Sequence[str], *, is_stored: bool) -> DryRun:
    """Both sets of rules over the same texts. TrialNamesError as above."""
    run = DryRun()
    for now, then in zip(
        try_texts(in_force, texts, is_stored=is_stored),
        try_texts(draft, texts, is_stored=is_stored),
        strict=True,
    ):
        _count(run.now, now)
        _count(run.then, then)
        if now.masked != then.masked or now.blocked != then.blocked:
            run.differing += 1
            if len(run.examples) < _MAX_EXAMPLES:
                run.examples.append(
                    TrialExample(
                        _shortened(now.masked, then.masked),
                        _shortened(then.masked, now.masked),
                        bool(then.blocked),
                    )
                )
    return run


def _count(outcome: TrialOutcome, trial: Trial) -> None:
    outcome.texts += 1
    outcome.blocked += bool(trial.blocked)
    outcome.changed += trial.masked != trial.text
    outcome.findings.update(dict(trial.found.counts))


def _shortened(text: str, other: str) -> str:
    """The part of a text around where it first differs from another."""
    differs = next(
        (at for at, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other))
    )
    start = max(0, differs - 80)
    end = start + _EXAMPLE_CHARACTERS
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
