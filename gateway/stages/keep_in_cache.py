import asyncio
import logging
from collections.abc import Awaitable

from pgvector import HalfVector

from gateway.cache.entries import MAX_BYTES, decode, encode, settled, text_of
from gateway.cache.policy.answers import compare
from gateway.cache.policy.questions import read
from gateway.cache.serving import has_tools
from gateway.cache.similar import local_vector
from gateway.cache.store import CacheUnavailableError, Judged, NewEntry
from gateway.cache.values import tokens_in
from gateway.call import Call
from gateway.call.cache import CacheRun
from gateway.events import Event, Finished, Raw
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.wire.fit.output import BY_TOOL
from governance.privacy.services.detector import NamesUnavailableError
from kernel import text_vectors
from prompts.rollout.policy.answer_check import Checked

logger = logging.getLogger(__name__)

_WHOLE = ("end_turn", "stop_sequence", "tool_use")
"""Ends of answers that are whole. What was cut or blocked is never given again."""
_MAX_QUESTION = 2000
_PATIENCE_SECONDS = 0.5


def keep_in_cache(call: Call, gateway: Gateway) -> Awaitable[None] | None:
    """Keeps the answer, where it may be given again, and notes what came of looking for one. Never fails a call."""
    run = call.cache
    if run is None or not call.is_authenticated:
        return None
    _note(call, gateway, run)
    if run.is_found or not run.digest or not _may_keep(call, run):
        return None
    return _keep_soon(call, gateway, run)


async def _keep_soon(call: Call, gateway: Gateway, run: CacheRun) -> None:
    """Waits a moment, so that the same call is met from now on; what takes longer keeps no caller waiting."""
    keeping = asyncio.create_task(_keep(call, gateway, run))
    gateway.running.add(keeping)
    keeping.add_done_callback(gateway.running.discard)
    await asyncio.wait((keeping,), timeout=_PATIENCE_SECONDS)


def _note(call: Call, gateway: Gateway, run: CacheRun) -> None:
    if not run.counts(is_refused=call.refusal is not None):
        return
    outcome = run.kind if run.is_found else run.outcome
    prompt = call.prompt.prompt.name if call.has_prompt else ""
    gateway.cache_use.note(
        (call.key.team.id, call.started_at.date(), call.routed.route.name, prompt, outcome),
        saved_nanos=run.saved_nanos if run.is_found else 0,
        entry_id=run.entry_id if run.is_found else 0,
    )


def _may_keep(call: Call, run: CacheRun) -> bool:
    """Whether the answer is one that a model gave, whole, and that nothing was found against."""
    checks, reply = call.checks, call.reply
    if call.refusal is not None or call.is_cancelled or call.fixed_answer is not None or not run.seen:
        return False
    if checks.is_flagged or checks.violation or checks.leak or checks.links or checks.invented:
        return False
    if checks.output is not None and (checks.output.blocked or checks.output.findings):
        return False
    if any(each.verdict != "clean" for each in checks.screening):
        return False
    contract = call.prompt if call.has_prompt else call.contract_run
    if contract.is_fallback or contract.unsure or contract.outcome not in ("", "valid", "corrected"):
        return False
    if reply.deployment is None or reply.deployment.id in call.routed.stand_ins or call.decision.fell_back_to:
        return False
    if call.request.kind == "embedding":
        return True
    if call.has_prompt and (call.prompt.checked == Checked.FAILED or call.prompt.lacks_facts):
        return False
    last = run.seen[-1]
    if not isinstance(last, Finished) or last.stop_reason not in _WHOLE or last.is_cut:
        return False
    if any(isinstance(event, Raw) for event in run.seen):
        return False  # which only the format that it came in has a word for
    if run.digest_kind != "slot":
        return True
    # A slot's next call brings the tool's result: it must not be answered by the question for it.
    assert run.rule is not None
    if last.stop_reason == "tool_use" and not _is_by_tool(call):
        return False
    return run.rule.with_tools or not has_tools(call.conversation)


def _is_by_tool(call: Call) -> bool:
    """Whether Gatehouse's own tool wrote the answer."""
    return call.fit is not None and call.fit.output_mode == BY_TOOL


async def _keep(call: Call, gateway: Gateway, run: CacheRun) -> None:
    rule, mask = run.rule, call.redacted.mask
    assert rule is not None
    events = settled(run.seen, by_tool=_is_by_tool(call))
    try:
        answer = encode(events)
        if len(answer) > MAX_BYTES or run.seen_xact is None:
            return
        text = text_of(events)
        tokens = tokens_in(events, mask.entities)
        if not tokens <= mask.values.keys() or await _has_own_values(call, gateway, events):
            return  # it holds what no other call could put back, or should see
        if run.alike is not None:
            await _judge(call, gateway, run, text)
        kept_for = rule.slot_seconds if run.digest_kind == "slot" else rule.seconds
        vector = await _vector(run)
        version = call.prompt.version if call.has_prompt else None
        assert call.reply.deployment is not None
        await gateway.cache.put(
            NewEntry(
                team_id=call.key.team.id,
                kind=run.digest_kind,
                digest=run.digest,
                rule_id=rule.id,
                route=call.routed.route.name,
                prompt_id=call.prompt.prompt.id if call.has_prompt else None,
                prompt_version=version.number if version is not None else None,
                end_user=call.request.end_user,
                has_values=bool(tokens),
                uses=_uses(call, gateway),
                deployment_id=call.reply.deployment.id,
                model=call.reply.deployment.model_id,
                question=run.question or _question(call),
                answer=answer,
                call_id=call.id,
                cost_nanos=call.charge.cost_nanos,
                seconds=kept_for,
                stale_seconds=rule.stale_seconds if run.digest_kind == "slot" else 0,
                seen_xact=run.seen_xact,
                scope=run.scope if vector else None,
                guard=run.guard if vector else None,
                vector=vector,
            )
        )
    except (CacheUnavailableError, NamesUnavailableError, Refusal) as error:
        logger.info("call %s: its answer is not in the cache (%s)", call.id, type(error).__name__)
    except Exception:
        logger.exception("call %s: its answer is not in the cache", call.id)


async def _vector(run: CacheRun) -> HalfVector | None:
    """The question's vector, for which there may have been no time before the answer."""
    assert run.rule is not None
    if run.vector is None and run.scope and not run.rule.embedder:
        if not text_vectors.is_ready():
            await asyncio.to_thread(text_vectors.warm_up)
        return local_vector(read(run.question), run.question)
    return run.vector


async def _has_own_values(call: Call, gateway: Gateway, events: list[Event]) -> bool:
    """Whether the model wrote personal data of its own."""
    mask = call.redacted.mask
    texts = [block.text for block in call.reply.answer if block.text]
    fresh = [text for text in texts if text not in mask.known]
    if fresh and call.rules.names:
        mask.known |= (await gateway.detector.detect(call.rules, fresh)).found
    return any(mask.hide_answer(text) != text for text in texts)


async def _judge(call: Call, gateway: Gateway, run: CacheRun, said: str) -> None:
    """Compares what would have been served with what the model said."""
    alike = run.alike
    assert alike is not None
    served = text_of(decode(alike.answer))
    await gateway.cache.judge(
        Judged(
            team=call.key.team.id,
            route=call.routed.route.name,
            prompt=call.prompt.prompt.id if call.has_prompt else 0,
            entry=alike.entry_id,
            source="shadow",
            asked=run.question,
            known=alike.question,
            served=served,
            said=said,
            similarity=alike.similarity,
            outcome=compare(served, said),
            call=call.id,
            end_users=alike.askers(call.request.end_user),
            seen_xact=run.seen_xact or 0,
        )
    )


def _question(call: Call) -> str:
    """What was asked last, as it may be kept."""
    for message in reversed(call.conversation.messages):
        if message.role == "user":
            texts = [call.redacted.mask.logged(block.text) for block in message.content if block.text]
            return "\n".join(texts)[:_MAX_QUESTION].replace("\x00", "\ufffd")
    return ""


def _uses(call: Call, gateway: Gateway) -> str:
    """What the answer was made of besides what was asked: documents, bases and context sources, by their numbers."""
    if not call.has_prompt:
        return ""
    found = [f"document:{each['document']}" for each in call.prompt.passages if each.get("document")]
    if call.prompt.version is not None and call.prompt.version.compiled is not None:
        for name in call.prompt.version.compiled.document.knowledge.bases:
            base = gateway.snapshot.bases.get((call.key.team.id, name))
            if base is not None:
                found.append(f"base:{base.base_id}")
        for name in call.prompt.version.compiled.document.context:
            source = gateway.snapshot.context.get((call.key.team.id, name))
            if source is not None:
                found.append(f"context:{source.id}")
    return ",".join(dict.fromkeys(found))
