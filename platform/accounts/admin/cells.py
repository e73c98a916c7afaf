"""Cells as Unfold shows them, made once for each text: a list would render a template anew in every row, a third of its time."""

from functools import lru_cache

from django.template.loader import render_to_string
from django.utils.safestring import SafeString


@lru_cache(maxsize=2048)
def label(text: str, kind: str | None = None) -> SafeString:
    """A coloured label; `kind` is one of Unfold's, such as "danger"."""
    return _cell("label", {"label": text, "label_type": kind, "multiple": False})


@lru_cache(maxsize=2048)
def header(first: str, second: str) -> SafeString:
    """Two lines, of which the first stands out."""
    return _cell("header", {"value": [first, second]})


def _cell(name: str, context: dict[str, object]) -> SafeString:
    return SafeString(render_to_string(f"unfold/helpers/display_{name}.html", context))
