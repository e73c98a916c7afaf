from collections.abc import Awaitable
from typing import Any

import orjson
from django.conf import settings

from gateway.call import Call
from gateway.call.fit import Adjustment
from gateway.call.response import ResponseRun, is_reference
from gateway.records.response_reader import call_of_item, call_of_response
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from governance.records.services.response_store import ResponsesUnavailableError, Whose

_NOT_STORED = (
    "This team does not store responses: send the whole conversation in 'input', with 'store': false, by which clients know "
    "that they have to, or ask an admin to store them for the team."
)


def recall_response(call: Call, gateway: Gateway) -> Awaitable[None] | None:
    """Decides whether the response is kept, and puts what it goes on from before its own items, as if the caller had sent it.

    Refusals: previous_response_not_found; invalid_request for an item that is not there; overloaded where the database
    does not answer.
    """
    run = call.response
    if run is None:
        return None
    stores = call.key.team.response_days > 0 and gateway.logs_content and call.rules.storage.bodies != "none"
    run.is_kept = stores and run.wants_store is not False
    if run.wants_store and not stores and call.places is not None:
        call.places.adjustments.append(Adjustment("store", "dropped"))
    if not run.recalls:
        return None
    if not stores and run.previous_id:
        raise _not_found(run.previous_id, _NOT_STORED)
    return _recall(call, gateway, run)


async def _recall(call: Call, gateway: Gateway, run: ResponseRun) -> None:
    whose = Whose(call.key.team.id, call.key.application_id)
    try:
        recalled = await _before(gateway, run, whose)
        found = await _named(gateway, run, whose)
    except ResponsesUnavailableError as error:
        raise Refusal(
            "overloaded", "Stored responses can't be read right now. Try again shortly.", retry_after=1
        ) from error
    # What is kept of this request has the items themselves: those they are of may be gone by then.
    run.items = [found.get(item["id"], item) if is_reference(item) else item for item in run.items]
    dropped = [each for each in call.places.adjustments if each.member == "store"] if call.places else []
    call.conversation = run.read(recalled, found)
    call.asked_output = call.conversation.output_config
    if call.places is not None:
        call.places.adjustments += dropped
    call.body_bytes += len(orjson.dumps(recalled))


async def _before(gateway: Gateway, run: ResponseRun, whose: Whose) -> list[dict[str, Any]]:
    if not run.previous_id:
        return []
    run.previous_call = call_of_response(run.previous_id)
    if run.previous_call is None:
        raise _not_found(run.previous_id)
    most: int = settings.GATEWAY_MAX_BODY_BYTES
    items = await gateway.response_reader.items_before(run.previous_call, whose, most_bytes=most)
    if items is None:
        raise _not_found(run.previous_id)
    return items


async def _named(gateway: Gateway, run: ResponseRun, whose: Whose) -> dict[str, dict[str, Any]]:
    """The items that references name, by their ids."""
    calls = {call_id for each in run.references if (call_id := call_of_item(each)) is not None}
    if not calls:
        return {}
    opened = await gateway.response_reader.several(list(calls), whose)
    return {item["id"]: item for each in opened for item in each["input"] + each["response"]["output"]}


def _not_found(response_id: str, why: str = "") -> Refusal:
    told = why or (
        "It may be of another application, deleted or expired, or what it goes on from may be: send the whole conversation "
        "in 'input'."
    )
    return Refusal(
        "previous_response_not_found",
        f"Previous response with id '{response_id[:100]}' not found. {told}",
        param="previous_response_id",
        may_retry=False,
    )
