"""PURE: the schema that a caller asks an answer to fit, as a contract like a prompt's: valid, or refused; never invalid."""

from functools import lru_cache

import msgspec
import orjson

from gateway.call.places import member_of
from gateway.conversation import Json
from gateway.refusals import Refusal
from gateway.wire.fit.output import asked_schema
from prompts.registry.policy.document import Output
from prompts.registry.policy.output_contract import Contract
from prompts.registry.policy.variables import BadSchemaError

_ANY_OBJECT = b'{"type":"object"}'


def contract_for(output_config: Json, wire_format: str) -> Contract | None:
    """The contract that a request's form of the answer makes; None where it asks for none. Refusal invalid_request."""
    member = member_of("format", wire_format)
    try:
        wanted = asked_schema(output_config)
        if wanted is None:
            return None
        text = _ANY_OBJECT if wanted[0] is None else orjson.dumps(wanted[0])
    except (orjson.JSONDecodeError, TypeError, RecursionError) as error:
        message = f"'{member}': the schema is not valid JSON, or nested too deeply."
        raise Refusal("invalid_request", message, param=member) from error
    try:
        return _compiled(text)
    except BadSchemaError as error:
        message = f"'{member}': {str(error).removeprefix('The output contract: ')}"
        raise Refusal("invalid_request", message, param=member) from error


@lru_cache(maxsize=512)
def _compiled(text: bytes) -> Contract:
    """Not asked for again where an answer does not fit: what that may cost is the caller's to decide."""
    return Contract(Output(schema=msgspec.json.decode(text), corrections=0, streams_prefix=True))
