"""PURE: what an entrance reads from a connection's scope before it knows any wire format."""

from typing import Any
from uuid import UUID

from gateway.call import Call
from gateway.call.cache import HEADER as CACHE_HEADER
from gateway.call.cache import KEY_HEADER, CacheWishes, check_key, wishes_of
from gateway.call.checks import Checks
from gateway.call.groups import Request
from gateway.call.identity import text_of
from gateway.call.places import Places
from gateway.call.trace import trace_of
from gateway.catalogue.wishes import HEADER, Wishes, from_header
from gateway.conversation import Conversation
from gateway.entrances.formats.entrance import Parsed
from gateway.entrances.formats.members import say_dropped, shown_name
from gateway.refusals import Refusal
from gateway.snapshot.state import KeyEntry
from kernel.ids import new_id

Scope = dict[str, Any]

_MAX_TAG_LENGTH = 200
_PREFER = HEADER.lower().encode()
_CACHE, _CACHE_KEY = CACHE_HEADER.lower().encode(), KEY_HEADER.lower().encode()
_OWN = b"x-gatehouse-"
_READ = frozenset(
    {_PREFER, _CACHE, _CACHE_KEY, b"x-gatehouse-feature", b"x-gatehouse-end-user", b"x-gatehouse-session"}
)
_LISTS = {_PREFER: b"; ", _CACHE: b", ", b"anthropic-beta": b",", b"idempotency-key": b", "}
_SIGNATURE = b"AWS4-HMAC-SHA256 Credential="


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """Header values by lower-case name; of a repeated one, the last, but of those that are lists all (RFC 9110, 5.3): a wish that
    goes unheard would open what it should close."""
    given = scope["headers"]
    found = dict(given)
    if len(found) != len(given):
        for name, between in _LISTS.items():
            if name in found:
                found[name] = between.join([value for other, value in given if other == name])
    return found


def api_key(headers: dict[bytes, bytes]) -> str | None:
    """The key sent as a bearer token, in x-api-key, or by boto3 as the access key ID of a signature.

    boto3 sends bearer tokens over HTTPS only. Over plain HTTP, as on a laptop, it can send the key as its access key
    ID instead; that proves as much as a bearer token does, so the signature around it is not looked at.
    """
    authorization = headers.get(b"authorization", b"")
    if authorization[:7].lower() == b"bearer ":
        return authorization[7:].strip().decode("latin-1")
    if authorization.startswith(_SIGNATURE):
        return authorization[len(_SIGNATURE) :].partition(b"/")[0].decode("latin-1")
    found = headers.get(b"x-api-key")
    return found.strip().decode("latin-1") if found else None


def check_tags(headers: dict[bytes, bytes]) -> None:
    """Refusal invalid_request for a tag that is too long, which cut short would be counted as another's; and for wishes that
    are none."""
    for name in (b"x-gatehouse-feature", b"x-gatehouse-end-user", b"x-gatehouse-session"):
        if name in headers and len(text_of(headers[name])) > _MAX_TAG_LENGTH:
            header = _as_written(name)
            raise Refusal(
                "invalid_request",
                f"The header {header} has more than {_MAX_TAG_LENGTH} characters. Send a short name: it is counted by.",
                param=header,
            )
    if _PREFER in headers:
        from_header(text_of(headers[_PREFER]))
    if _CACHE in headers:
        wishes_of(text_of(headers[_CACHE]))
    if _CACHE_KEY in headers:
        check_key(text_of(headers[_CACHE_KEY]))


def _as_written(name: bytes) -> str:
    return "-".join(part.capitalize() for part in name.decode("latin-1").split("-"))


def _without_effect(headers: dict[bytes, bytes], places: Places | None) -> Places | None:
    """Says of headers that look as if they asked Gatehouse for something that nothing comes of them: they are misspelt, or are
    those of a job, which have been read where there is one."""
    unread = [name for name in headers if name[:12] == _OWN and name not in _READ]
    if unread:
        places = Places() if places is None else places
        say_dropped([shown_name(_as_written(name)) for name in unread], places)
    return places


def tag(headers: dict[bytes, bytes], name: bytes) -> str:
    """A tag the caller sets: printable, and not over 200 characters."""
    value = headers.get(name)
    if not value:
        return ""
    text = text_of(value)[:_MAX_TAG_LENGTH]
    return text if text.isprintable() else "".join(character for character in text if character.isprintable())


def _wishes(headers: dict[bytes, bytes], parsed: Parsed | None) -> Wishes | None:
    """Of the member and the header; where both say something, the header counts."""
    said = parsed.places.wishes if parsed is not None and parsed.places is not None else None
    if _PREFER not in headers:
        return said
    try:
        found = from_header(text_of(headers[_PREFER]))
    except Refusal:  # the call is refused for it
        return said
    if said is None or found is None:  # a header that wishes nothing takes nothing from the member
        return found or said
    return said.overlaid(found)


def _cache_wishes(headers: dict[bytes, bytes]) -> CacheWishes | None:
    if _CACHE not in headers:
        return None
    try:
        return wishes_of(text_of(headers[_CACHE]))
    except Refusal:  # the call is refused for it
        return None


def new_call(
    scope: Scope,
    *,
    wire_format: str,
    parsed: Parsed | None,
    body_bytes: int,
    shown_key: KeyEntry | None = None,
    call_id: UUID | None = None,
) -> Call:
    """The call of a request; without `parsed` one that can only be refused. `call_id`, where it has its id already."""
    headers = headers_of(scope)
    client = scope.get("client")
    call_id = call_id or new_id()
    own_id = tag(headers, b"x-request-id")
    request = Request(
        wire_format=wire_format,
        is_stream=parsed.is_stream if parsed else False,
        model=parsed.model if parsed else "",
        key_text=api_key(headers),
        client_ip=client[0] if client else None,
        feature=tag(headers, b"x-gatehouse-feature"),
        end_user=tag(headers, b"x-gatehouse-end-user"),
        session=tag(headers, b"x-gatehouse-session")
        or (parsed.prompt.session if parsed and parsed.prompt else ""),
        said_by=parsed.said_by if parsed else {},
        shown_key=shown_key,
        request_id=own_id or str(call_id),
        has_own_id=bool(own_id),
        trace=trace_of(scope, headers),
        kind=parsed.kind if parsed else "text",
        dimensions=parsed.dimensions if parsed else None,
        embedding=parsed.embedding if parsed else None,
        prompt=parsed.prompt if parsed else None,
        wishes=_wishes(headers, parsed),
        cache=_cache_wishes(headers),
        cache_key=text_of(headers[_CACHE_KEY]).strip() if _CACHE_KEY in headers else "",
    )
    conversation = parsed.conversation if parsed else Conversation(messages=[])
    return Call(
        id=call_id,
        request=request,
        conversation=conversation,
        body_bytes=body_bytes,
        places=_without_effect(headers, parsed.places if parsed else None),
        asked_output=conversation.output_config,
        checks=Checks(is_probe=conversation.is_probe),
        response=parsed.response if parsed else None,
    )
