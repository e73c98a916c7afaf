from collections.abc import AsyncGenerator

import msgspec

from gateway.call import Call
from gateway.call.groups import Sent
from gateway.call.job import Record
from gateway.conversation import encode
from gateway.events import Event
from gateway.outbound.ending import takes_raw
from gateway.providers.bedrock.translate import events_of_answer
from gateway.refusals import Refusal
from gateway.routing.fitting import fit_for
from gateway.runtime import Gateway


async def take_record(call: Call, gateway: Gateway, record: Record) -> AsyncGenerator[Event, None]:
    """What batch inference has said to a line, in the place of a model that is asked. Refusal: upstream_error."""
    deployment = call.routed.deployments[0]
    fit_for(call, deployment, gateway.refused_features, most_tokens=call.bounds.max_tokens)
    call.sent = Sent(body=encode(call.sent_conversation), prompt_digest="")
    call.reply.deployment = deployment
    call.reply.attempts += 1
    if record.code:
        told = f"Batch inference could not make this call: {record.code}. {record.message}".strip()
        raise Refusal("upstream_error", told, may_retry=False)
    try:
        for event in events_of_answer(record.answer, takes_raw=takes_raw(call)):
            yield event
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise Refusal(
            "upstream_error", "What batch inference wrote can't be read.", may_retry=False
        ) from error
