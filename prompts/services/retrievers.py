"""Where else passages come from than from here. The gateway, which knows AWS, registers what asks Bedrock."""

from collections.abc import Callable

from prompts.policy.knowledge import BaseEntry, Candidate

Retrieve = Callable[[BaseEntry, str], list[Candidate]]
"""Of a base and a question. RetrieverError with what to do, where it can't be asked."""

_known: dict[str, Retrieve] = {}


class RetrieverError(Exception):
    """A base elsewhere can't be searched; the message says why."""


def register(kind: str, retrieve: Retrieve) -> None:
    """Makes a kind of base searchable."""
    _known[kind] = retrieve


def retriever_of(kind: str) -> Retrieve:
    """What searches a kind of base. RetrieverError where nothing does."""
    if kind not in _known:
        raise RetrieverError("Bases of this kind can't be searched from here.")
    return _known[kind]
