"""PURE: Presidio without the language models that it imports for engines which nobody here uses.

spaCy and what comes with it take two seconds of a process's start and a hundred megabytes. Names are read by processes of
their own (`governance.privacy.services.names`), which import the real one.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_PACKAGE = "spacy"


class _Empty(type):
    """Of classes whose every attribute makes a decorator that changes nothing, as registries do."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *arguments, **options: lambda decorated: decorated


class _Shell(ModuleType):
    """A module in which every name is that of an empty class: enough for annotations, base classes and registries."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Empty(name, (), {})


class _Shells(MetaPathFinder, Loader):
    """Finds the package and all in it, as shells."""

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        is_it = name.partition(".")[0] == _PACKAGE
        return ModuleSpec(name, self, is_package=True) if is_it else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Shell(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


@contextmanager
def without_language_models() -> Iterator[None]:
    """While this is entered, spaCy is an empty shell; where it is there already, it stays what it is."""
    if _PACKAGE in sys.modules:
        yield
        return
    shells = _Shells()
    sys.meta_path.insert(0, shells)
    try:
        yield
    finally:
        sys.meta_path.remove(shells)
        for name in [name for name, module in sys.modules.items() if isinstance(module, _Shell)]:
            del sys.modules[name]
