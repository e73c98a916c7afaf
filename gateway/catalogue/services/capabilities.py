"""Brings a model up to what the catalogue's files say of it."""

from collections.abc import Mapping
from typing import Any

from gateway.catalogue.models import Model


def bring_up(model: Model, facts: Mapping[str, Any]) -> bool:
    """Sets what the file says anew; what an admin has edited since the file last spoke stays. Whether anything changed."""
    changed = False
    for name, fact in facts.items():
        current = getattr(model, name)
        was_edited = name in model.seeded and model.seeded[name] != _plain(current)
        if not was_edited and current != fact:
            setattr(model, name, fact)
            changed = True
    spoken = {name: _plain(fact) for name, fact in facts.items()}
    if model.seeded != spoken:
        model.seeded = spoken
        changed = True
    return changed


def _plain(fact: Any) -> Any:
    """As it is stored in JSON: dates are texts."""
    return fact.isoformat() if hasattr(fact, "isoformat") else fact
