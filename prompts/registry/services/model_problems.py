"""What a version asks of a model that the model does not take. The gateway says so, when it is there: prompts know no models."""

from collections.abc import Callable

from prompts.registry.policy.document import Document

_sources: list[Callable[[Document], list[str]]] = []


def register_model_problems(source: Callable[[Document], list[str]]) -> None:
    """Adds a source, asked when a version is submitted."""
    _sources.append(source)


def model_problems(document: Document) -> list[str]:
    """In words, each with what to change; empty where there are none."""
    return [problem for source in _sources for problem in source(document)]
