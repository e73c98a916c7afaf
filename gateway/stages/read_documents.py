"""PDF and Word documents, where a policy wants them read or refused: while a call is masked and screened their text stands in
their place. It stays there where something of it was changed; else the document goes on as it came.
"""

from collections.abc import Iterator

from gateway.call import Call
from gateway.call.fit import Adjustment
from gateway.call.places import Places
from gateway.call.read_document import ReadDocument
from gateway.conversation import Block, Json, ToolResultBlock
from gateway.providers.documents import READ, DocumentReadError, ReadersBusyError
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.wire.fit.media import MAX_DOCUMENTS
from gateway.wire.text_documents import FORMATS
from kernel.clock import elapsed_ms, perf_counter

_FIND = "Send the text itself, or a PDF or Word (.docx) document."


async def read_documents(call: Call, gateway: Gateway) -> None:
    """Puts the text of each document that nobody else reads in its place. Refusals: invalid_request, by its place, for one that
    can't be read, or for any where the policy says so; overloaded.
    """
    found = list(_unread(call))
    if not found:
        return
    begun, outcome = perf_counter(), "failed"
    try:
        if call.rules.effective.documents == "refuse":
            where, _ = found[0]
            raise _refused(
                where, "the policy in force takes no documents that are not text. Send the text itself."
            )
        if len(found) > MAX_DOCUMENTS:
            raise _refused(found[MAX_DOCUMENTS][0], f"a request takes at most {MAX_DOCUMENTS} documents.")
        read = [await _read(call, gateway, where, holder) for where, holder in found]
        for each in read:
            assert each.holder.document is not None
            each.holder.document = {**each.holder.document, "format": "txt", "source": {"text": each.text}}
            call.body_bytes += len(each.text)
        call.documents = tuple(read)
        outcome = "ok"
    except Refusal as refusal:
        outcome = refusal.code
        raise
    finally:
        call.stages.append(("read documents", elapsed_ms(begun), outcome))


def put_back(call: Call) -> None:
    """Documents of which nothing was changed are again what they were; of others it is said that their text is sent."""
    if call.places is None:
        call.places = Places()
    for each in call.documents:
        assert each.holder.document is not None
        if each.holder.document["source"] == {"text": each.text}:
            each.holder.document = {**each.holder.document, "format": each.format, "source": each.source}
        else:
            call.places.adjustments.append(Adjustment(each.where, "sent", "text"))


def _unread(call: Call) -> Iterator[tuple[str, Block | ToolResultBlock]]:
    """Documents that are no text, by where they stand at the caller."""
    for number, message in enumerate(call.conversation.messages):
        for position, block in enumerate(message.content):
            if block.text is not None:
                continue
            where = (call.places.of(block) if call.places is not None else None) or (
                f"messages[{number}].content[{position}]"
            )
            if block.document is not None and not _is_text(block.document):
                yield where, block
            elif block.tool_result is not None:
                for part in block.tool_result.content:
                    if part.document is not None and not _is_text(part.document):
                        yield where, part


def _is_text(document: Json) -> bool:
    """Whether the masker reads it as it stands."""
    source = document.get("source")
    if not isinstance(source, dict):
        return False
    if "bytes" in source:
        return document.get("format") in FORMATS
    return ("text" in source or "content" in source) and "s3Location" not in source


async def _read(call: Call, gateway: Gateway, where: str, holder: Block | ToolResultBlock) -> ReadDocument:
    document = holder.document
    assert document is not None
    kind, source = document.get("format"), document.get("source")
    encoded = source.get("bytes") if isinstance(source, dict) and len(source) == 1 else None
    if not isinstance(encoded, str):
        raise _unreadable(where, f"Only what is in the request is read. {_FIND}")
    if not isinstance(kind, str) or kind not in READ:
        raise _unreadable(where, f"Documents of this kind are not read. {_FIND}")
    try:
        text = await gateway.documents.read(encoded, kind, team=call.key.team.id)
    except DocumentReadError as error:
        raise _unreadable(where, str(error)) from error
    except ReadersBusyError as error:
        raise Refusal(
            "overloaded",
            "This call's documents must be read before they are sent, and too many wait to be read. Try again shortly.",
            retry_after=5,
        ) from error
    return ReadDocument(where, holder, kind, source, text)


def _unreadable(where: str, why: str) -> Refusal:
    return _refused(where, f"this document can't be read, and the policy in force sends none unread. {why}")


def _refused(where: str, why: str) -> Refusal:
    return Refusal("invalid_request", f"{where}: {why}", param=where)
