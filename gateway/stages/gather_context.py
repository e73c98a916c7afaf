import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import orjson
import psycopg

from gateway.cache.keys import retrieval_digest
from gateway.cache.passages import decode, encode
from gateway.cache.serving import is_over
from gateway.cache.store import CacheUnavailableError, NewEntry
from gateway.call import Call
from gateway.call.cache import BYPASS
from gateway.call.prompt_run import PromptRun
from gateway.catalogue.cache_rules import CacheRuleEntry
from gateway.conversation import Block, Conversation, Message
from gateway.events import Event, Vector
from gateway.prompts.context_sources import SourceFailedError
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from governance.privacy.policy.masking import Mask
from governance.privacy.services.detector import NamesUnavailableError
from governance.screening.policy.verdict import ScreeningOutcome, Thresholds
from governance.screening.services import Item
from kernel.clock import perf_counter
from kernel.postgres_pool import PostgresAwayError
from prompts.knowledge.policy.context import SourceEntry
from prompts.knowledge.policy.fusion import confidence, fuse
from prompts.knowledge.policy.knowledge import BaseEntry, Candidate, Passage, Retrieved
from prompts.registry.policy.document import Knowledge
from prompts.registry.policy.rendering import KNOWLEDGE, Compiled
from prompts.registry.policy.template_meter import RenderError
from prompts.rollout.policy.unsure import Unsure, fixed_answer

logger = logging.getLogger(__name__)

Ask = Callable[[Call, Gateway], Awaitable[list[Event]]]
"""Makes a call of Gatehouse's own on behalf of another, through the whole pipeline; its events."""


def gather_context(call: Call, gateway: Gateway, *, ask: Ask) -> Awaitable[None] | None:
    """Fetches what the version draws on besides variables: context sources and knowledge.

    Refusals: invalid_request, overloaded, content_blocked, unsure, contract_failed, and those of the call that turns the question into a vector.
    """
    compiled = call.prompt.compiled
    if not (compiled.document.context or compiled.document.knowledge.bases):
        return None
    return _gather(call, gateway, compiled, ask)


async def _gather(call: Call, gateway: Gateway, compiled: Compiled, ask: Ask) -> None:
    run = call.prompt
    values = dict(run.values)
    for name in compiled.document.context:
        source = gateway.snapshot.context.get((call.key.team.id, name))
        if source is None:
            raise Refusal(
                "invalid_request", f"The team has no context source “{name}”, which the prompt reads."
            )
        values[name] = await _fact(call, gateway, source, run.values)
        run.lacks_facts |= values[name] is None
    run.values = values
    if compiled.document.knowledge.bases:
        await _find(call, gateway, compiled, ask)


async def _fact(call: Call, gateway: Gateway, source: SourceEntry, values: dict[str, Any]) -> Any:
    """What a source says. What comes from elsewhere is not trusted to give the model no orders."""
    try:
        fact = await gateway.context.get(source, values)
    except SourceFailedError as error:
        raise Refusal("overloaded", f"{error} Please try again.", retry_after=2) from error
    if source.kind == "text" or fact is None:
        return fact
    if await may_be_read(call, gateway, fact if isinstance(fact, str) else orjson.dumps(fact).decode()):
        return fact
    if source.on_failure == "empty":
        return None
    raise Refusal(
        "content_blocked",
        f"The context source “{source.name}” contains injected instructions. The call was not sent.",
    )


async def _find(call: Call, gateway: Gateway, compiled: Compiled, ask: Ask) -> None:
    run, wanted = call.prompt, compiled.document.knowledge
    try:
        question = compiled.render_query({KNOWLEDGE: "", **run.values}, clock=perf_counter)
    except RenderError as error:
        raise Refusal(
            "invalid_request", f"The query of the prompt's knowledge can't be rendered: {error}"
        ) from error
    found = await _search(call, gateway, wanted, question, ask) if question else Retrieved((), 0.0)
    passages = [passage for passage in found.passages if await may_be_read(call, gateway, passage.text)]
    run.confidence = confidence([passage.similarity for passage in passages])
    run.passages = tuple(_source(number, passage) for number, passage in enumerate(passages, 1))
    run.values[KNOWLEDGE] = "\n\n".join(_shown(number, passage) for number, passage in enumerate(passages, 1))
    if run.confidence < wanted.unsure_below:
        _be_unsure(call, run, compiled)


def _be_unsure(call: Call, run: PromptRun, compiled: Compiled) -> None:
    """What the version has for calls that it knows too little for: an answer, a refusal, or nothing."""
    knowledge = compiled.document.knowledge
    if knowledge.when_unsure == "refuse":
        run.unsure = Unsure.REFUSED
        raise Refusal("unsure", f"The prompt '{run.prompt.name}' does not know enough to answer this.")
    if not knowledge.unsure_answer:
        run.unsure = Unsure.ASKED
        return
    run.unsure, answer = fixed_answer(compiled)
    if run.unsure is Unsure.REFUSED:
        raise Refusal(
            "contract_failed",
            "The prompt is unsure, and its answer for that does not keep its output contract.",
        )
    call.fixed_answer, run.is_fallback = answer, True


async def _search(call: Call, gateway: Gateway, wanted: Knowledge, question: str, ask: Ask) -> Retrieved:
    """What the bases have for a question: as it was found before, where that may be and none of their documents changed."""
    bases = [_base(call, gateway, name) for name in wanted.bases]
    rule = None if call.cache is None else call.cache.rule
    if rule is None or not rule.retrieval or not _may_recall(call, bases):
        return await _search_anew(call, gateway, wanted, bases, question, ask)
    places = [(base.base_id, base.route, base.dimensions) for base in bases]
    digest = retrieval_digest(call, places, question, (wanted.top_k, wanted.floor, wanted.max_tokens))
    kept, seen_xact = await _recalled(call, gateway, rule, digest)
    if kept is not None:
        return kept
    found = await _search_anew(call, gateway, wanted, bases, question, ask)
    if seen_xact is not None:
        await _keep(call, gateway, rule, digest, seen_xact, places, found)
    return found


def _may_recall(call: Call, bases: list[BaseEntry]) -> bool:
    """Of documents elsewhere nobody says when they change."""
    run = call.cache
    return (
        run is not None
        and run.outcome != BYPASS
        and not run.wishes.no_cache
        and all(base.kind == "local" for base in bases)
    )


async def _recalled(
    call: Call, gateway: Gateway, rule: CacheRuleEntry, digest: bytes
) -> tuple[Retrieved | None, int | None]:
    """What was found before, and the first transaction that was not seen when it was looked for; None where nobody can tell."""
    try:
        look = await gateway.cache.look(digest)
        if look.found is None or is_over(look.found, rule, "retrieval"):
            return None, look.seen_xact
        found = decode(look.found.answer)
    except (CacheUnavailableError, msgspec.MsgspecError):
        return None, None
    where = (
        call.key.team.id,
        call.started_at.date(),
        call.routed.route.name,
        call.prompt.prompt.name,
        "retrieval",
    )
    gateway.cache_use.note(where, entry_id=look.found.id)
    return found, look.seen_xact


async def _keep(
    call: Call,
    gateway: Gateway,
    rule: CacheRuleEntry,
    digest: bytes,
    seen_xact: int,
    places: list[tuple[int, str, int | None]],
    found: Retrieved,
) -> None:
    try:
        await gateway.cache.put(
            NewEntry(
                team_id=call.key.team.id,
                kind="retrieval",
                digest=digest,
                rule_id=rule.id,
                route=call.routed.route.name,
                prompt_id=call.prompt.prompt.id,
                prompt_version=call.prompt.version.number if call.prompt.version else None,
                end_user=call.request.end_user,
                has_values=False,
                uses=",".join(f"{what}:{base_id}" for base_id, _, _ in places for what in ("base", "search")),
                deployment_id=None,
                model="",
                question="",
                answer=encode(found),
                call_id=call.id,
                cost_nanos=0,
                seconds=rule.seconds,
                stale_seconds=0,
                seen_xact=seen_xact,
            )
        )
    except CacheUnavailableError as error:
        logger.info("call %s: what its question found is not kept (%s)", call.id, type(error).__name__)


async def _search_anew(
    call: Call, gateway: Gateway, wanted: Knowledge, bases: list[BaseEntry], question: str, ask: Ask
) -> Retrieved:
    """Every base in its own way, and what they found as one."""
    candidates: list[Candidate] = []
    local = [base for base in bases if base.kind == "local"]
    for route, dimensions in dict.fromkeys((base.route, base.dimensions) for base in local):
        several = [base for base in local if (base.route, base.dimensions) == (route, dimensions)]
        vector = await _vector(call, gateway, route, dimensions, question, ask)
        try:
            candidates += await gateway.retriever.candidates(
                bases=several,
                application_id=call.key.application_id,
                vector=vector,
                text=question,
                top_k=wanted.top_k,
            )
        except (psycopg.Error, PostgresAwayError, TimeoutError) as error:
            raise Refusal("overloaded", "Knowledge can't be searched at the moment. Please try again.", retry_after=2) from error  # fmt: skip
    for base in bases:
        if base.kind == "bedrock":
            candidates += await gateway.knowledge_bases.retrieve(
                await hidden(call, gateway, question), base_id=base.base_id, bedrock_id=base.bedrock_id,
                region=base.region, number=wanted.top_k,
            )  # fmt: skip
    return fuse(candidates, top_k=wanted.top_k, floor=wanted.floor, max_tokens=wanted.max_tokens)


def _base(call: Call, gateway: Gateway, name: str) -> BaseEntry:
    base = gateway.snapshot.bases.get((call.key.team.id, name))
    if base is None:
        raise Refusal(
            "invalid_request", f"The team has no knowledge base “{name}”, which the prompt draws on."
        )
    return base


async def _vector(
    call: Call, gateway: Gateway, route: str, dimensions: int | None, question: str, ask: Ask
) -> list[float]:
    """The question as a vector: a call of its own, with its own record, under the same budgets and rules."""
    inner = call.inner(
        model=route,
        conversation=Conversation(messages=[Message(role="user", content=[Block(text=question)])]),
        kind="embedding",
        dimensions=dimensions,
    )
    try:
        events = await ask(inner, gateway)
    except Refusal as refusal:
        raise replace(refusal, message=f"Knowledge can't be searched: {refusal.message}") from refusal
    return next(event.values for event in events if isinstance(event, Vector))


async def hidden(call: Call, gateway: Gateway, text: str) -> str:
    """A text as it may leave, redacted as the call itself will be."""
    try:
        detected = await gateway.detector.detect(call.rules, [text])
    except NamesUnavailableError as error:
        raise Refusal("overloaded", "The question can't be searched for names right now. Try again shortly.", retry_after=1) from error  # fmt: skip
    mask = Mask(
        key=call.key.team.placeholder_key, rules=call.rules, find=partial(gateway.detector.found, call.rules)
    )
    mask.known = detected.found
    masked = mask.hide(text)
    if mask.blocked:
        raise Refusal("pii_blocked", "The question holds data that must not be sent to a knowledge base.")
    return masked


async def may_be_read(call: Call, gateway: Gateway, text: str) -> bool:
    """Whether a text from elsewhere goes to the model: what gives it orders does not, where policy says so."""
    screening = call.rules.effective.screening
    if not screening.document:
        return True
    item = Item("document", text)
    thresholds = Thresholds(flag=screening.flag_at, block=screening.block_at)
    verdict = gateway.screener.recall(item, thresholds)
    if verdict is None:
        verdict = (await gateway.screener.screen([item], thresholds))[item]
    if verdict.verdict is ScreeningOutcome.CLEAN:
        return True
    call.checks.is_flagged |= screening.document in ("flag", "strip", "block")
    return not (verdict.verdict is ScreeningOutcome.INJECTION and screening.document in ("strip", "block"))


def _shown(number: int, passage: Passage) -> str:
    where = f"{passage.document}, {passage.headings}" if passage.headings else passage.document
    return f"[{number}] {where}\n{passage.text}"


def _source(number: int, passage: Passage) -> dict[str, Any]:
    return {
        "number": number,
        "name": passage.document,
        "headings": passage.headings,
        "document": passage.document_id,
        "version": passage.version,
        "chunk": passage.chunk_id,
        "similarity": round(passage.similarity, 4),
    }
