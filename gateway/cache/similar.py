"""Questions that mean the same, in the same scope: nearest by vectors, then judged by guards of which each has a veto."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pgvector import HalfVector

from gateway.cache.keys import scope_digest
from gateway.cache.policy.bound import Evidence, may_serve
from gateway.cache.policy.guards import veto
from gateway.cache.policy.questions import VERSION, Question, is_fit, read
from gateway.cache.store import CacheStore, Candidate, NearTo
from gateway.conversation import Block
from kernel.text_vectors import text_array

if TYPE_CHECKING:
    from gateway.call import Call
    from gateway.call.cache import CacheRun
    from gateway.catalogue.cache_rules import CacheRuleEntry


@dataclass(frozen=True, slots=True)
class Asked:
    """The question of a call, and a keyed hash of all the rest."""

    text: str
    question: Question
    scope: bytes


def asked_of(call: Call, rule: CacheRuleEntry) -> Asked | None:
    """None where the call's question is none that another may be taken for: one of several turns, too long, with tools, or in a
    language that the local vectors do not know."""
    block = _question_of(call)
    if block is None or block.text is None or call.redacted.mask.logs_differ:
        return None
    text = block.text
    if len(text) > rule.max_characters or not is_fit(text):
        return None
    question = read(text)
    if not rule.embedder and not question.is_english:
        return None
    scope = scope_digest(call, block, embedder=rule.embedder, language=question.language, version=VERSION)
    return Asked(text, question, scope)


def _question_of(call: Call) -> Block | None:
    """The last message's one text. All else, such as documents, must be the same byte for byte."""
    conversation = call.conversation
    if call.request.kind != "text" or conversation.tool_config is not None:
        return None
    if len(conversation.messages) != 1 and not call.has_prompt:
        return None
    last = conversation.messages[-1]
    texts = [block for block in last.content if block.text]
    if last.role != "user" or len(texts) != 1 or any(block.tool_result for block in last.content):
        return None
    return texts[0]


def local_vector(question: Question, text: str) -> HalfVector | None:
    """The question's vector by the local model; None where it has none."""
    found = text_array(question.core or text)
    return None if found is None else HalfVector(found)


_read = lru_cache(maxsize=4096)(read)
"""Of questions that are kept: few of them are met often."""


async def similar(
    call: Call, store: CacheStore, run: CacheRun, rule: CacheRuleEntry, asked: Asked, vector: HalfVector
) -> tuple[Candidate | None, bool]:
    """The nearest that no guard stands against, and whether what is known of such answers keeps the rule's bound."""
    near = await store.near(
        NearTo(
            team_id=call.key.team.id,
            route=call.routed.route.name,
            prompt_id=call.prompt.prompt.id if call.has_prompt else 0,
            scope=asked.scope,
            guard=asked.question.key,
            vector=vector,
            min_similarity=rule.min_similarity,
            max_age=rule.seconds if run.wishes.max_age is None else min(run.wishes.max_age, rule.seconds),
        )
    )
    found = next((each for each in near.candidates if not veto(asked.question, _read(each.question))), None)
    return found, may_serve(Evidence(max(near.judged, near.wrong), near.wrong), rule.error_bound)
