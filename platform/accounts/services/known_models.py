"""Which models callers may name. The gateway says so, when it is there: accounts and governance know of none."""

from collections.abc import Callable, Iterable

_sources: list[Callable[[], Iterable[str]]] = []
_chat_sources: list[Callable[[], Iterable[str]]] = []
_meanings: list[Callable[[str], str | None]] = []


def register_meaning(source: Callable[[str], str | None]) -> None:
    """Adds what knows the route that is meant by another spelling of its name."""
    _meanings.append(source)


def register_models(source: Callable[[], Iterable[str]]) -> None:
    """Adds a source of names, asked whenever names are."""
    _sources.append(source)


def register_chat_models(source: Callable[[], Iterable[str]]) -> None:
    """Adds a source of the names of those that answer in text."""
    _chat_sources.append(source)


def known_chat_models() -> list[str]:
    """The names of the routes that answer in text, to choose from."""
    return [name for source in _chat_sources for name in source()]


def known_models() -> list[str]:
    """The names of all routes; empty where nobody has registered any."""
    return [name for source in _sources for name in source()]


def unknown_model(names: Iterable[str]) -> str | None:
    """The first of these that no route has; None when all are known, or nobody can tell."""
    known = set(known_models())
    return next((name for name in names if known and name not in known), None)


def unknown_of_key(names: Iterable[str]) -> str | None:
    """The same for what a key may call: in any spelling, and a prompt, as `prompt/<name>`, may be made later than the key."""
    models = [name for name in names if not name.startswith("prompt/")]
    while (unknown := unknown_model(models)) is not None:
        if not any(means(unknown) for means in _meanings):
            return unknown
        models = [name for name in models if name != unknown]
    return None
