"""Where else passages come from than from here. The gateway, which knows AWS, registers what asks Bedrock."""

from collections.abc import Callable
from dataclasses import dataclass

from kernel.errors import UnavailableError
from prompts.knowledge.policy.knowledge import BaseEntry, Candidate, GroundedAnswer

Retrieve = Callable[[BaseEntry, str], list[Candidate]]
"""Of a base and a question."""
Answer = Callable[[BaseEntry, str, str], GroundedAnswer]
"""Of a base, a question, and the name of the route whose model is to answer."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What asks a kind of base. Both raise RetrieverError with what to do, where it can't be asked."""

    retrieve: Retrieve
    answer: Answer


_known: dict[str, Elsewhere] = {}


class RetrieverError(UnavailableError):
    """A base elsewhere can't be asked; the message says why."""


def register(kind: str, elsewhere: Elsewhere) -> None:
    """Makes a kind of base searchable."""
    _known[kind] = elsewhere


def retriever_of(kind: str) -> Elsewhere:
    """What asks a kind of base. RetrieverError where nothing does."""
    if kind not in _known:
        raise RetrieverError("Bases of this kind can't be searched from here.")
    return _known[kind]
