"""PURE: a document whose text stands in its place while a call is masked and screened."""

from dataclasses import dataclass

from gateway.conversation import Block, ToolResultBlock


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document whose text stands in its place: where, as the caller says it; the block; its format and source; its text."""

    where: str
    holder: Block | ToolResultBlock
    format: object
    source: object
    text: str
