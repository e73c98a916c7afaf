"""Prompts that say the same in fewer tokens, in dollars."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.urls import reverse

from accounts.models import Team
from governance.records.selectors.calls import first_id_at
from governance.usage.models import Tip
from governance.usage.services.tips import DAYS
from prompts.registry.models import Prompt, PromptVersion
from prompts.registry.services.proposals import Proposal, proposal_for

MAX_PROMPTS = 200
"""Of a team, that are looked at: each is read whole."""
_SAVED = """
SELECT sum(%(tokens)s::numeric * (c.input_tokens::numeric * p.input_rate + c.cache_read_tokens::numeric * coalesce(p.cache_read_rate, p.input_rate))
    / (c.input_tokens + c.cache_read_tokens) / 1000000)
FROM governance_auditrecord c JOIN gateway_price p ON p.id = c.price_id
WHERE c.prompt_id = %(prompt)s AND c.prompt_version = %(version)s AND c.call_id >= %(since)s AND c.status = 'succeeded'
    AND c.input_tokens + c.cache_read_tokens > 0"""


def saved_by_fewer_tokens(version: PromptVersion, tokens: int, now: datetime) -> int | None:
    """Nano-dollars that so many tokens less a call would have saved a version in thirty days; what is read from a cache counts as
    such. None where no call of it was priced."""
    values: Any = {
        "tokens": tokens,
        "prompt": version.prompt_id,
        "version": version.number,
        "since": first_id_at(now - timedelta(days=DAYS)),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SAVED, values)
        (found,) = cursor.fetchone()
    return None if found is None else round(found)


def prompt_tips(team: Team, now: datetime) -> list[Tip]:
    """Those of the team's own prompts that could be shorter."""
    prompts = Prompt.objects.filter(team=team, archived_at=None, labels__isnull=False).distinct()[
        :MAX_PROMPTS
    ]
    found = [proposal for prompt in prompts if (proposal := proposal_for(prompt, now=now)) is not None]
    return [_tip(each) for each in found if each.saving_nanos]


def _tip(each: Proposal) -> Tip:
    prompt = each.version.prompt
    return Tip(
        kind="shorter_prompt",
        title=f"Shorten the prompt {prompt.name}",
        text=f"Version {each.version.number} has about {each.found.tokens:,} tokens too many, in each of {each.calls:,} calls of the last "
        f"{DAYS} days: {each.words}.",
        how="Have it proposed as a draft, run its tests on it, and submit it where they hold.",
        link=reverse("admin:prompts_prompt_change", args=[prompt.pk]),
        calls=each.calls,
        is_shown=False,
        saving_nanos=each.saving_nanos or 0,
    )
