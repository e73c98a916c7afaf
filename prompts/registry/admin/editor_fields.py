"""Fields in which values of a document are written as text, and the texts that they are."""

import json
import re
from typing import Any

import msgspec
from django import forms

from accounts.access.admin import as_typed
from prompts.registry.policy.files import dump, load_document, load_value


class YamlField(forms.CharField):
    """A JSON value, written as YAML or JSON."""

    def __init__(self, *, rows: int = 6, **kwargs: Any) -> None:
        attrs = {"rows": rows, "spellcheck": "false", "class": "gh-mono"}
        super().__init__(required=False, strip=False, widget=forms.Textarea(attrs=attrs), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return (
            value
            if value is None or isinstance(value, str)
            else dump(value)
            if isinstance(value, dict)
            else value
        )

    def to_python(self, value: Any) -> Any:
        text = str(value or "")
        if not text.strip():
            return None
        with as_typed():
            return load_document(text)


class ValueField(YamlField):
    """Any JSON value, null among them; UNSET where nothing is written."""

    def to_python(self, value: Any) -> Any:
        text = str(value or "")
        if not text.strip():
            return msgspec.UNSET
        with as_typed():
            return load_value(text)


class StopsField(forms.CharField):
    """Texts at which a model stops, one a line. Spaces count; a line break in one is written as \\n."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, strip=False, widget=forms.Textarea(attrs={"rows": 2}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return "\n".join(_SPECIAL.sub(lambda found: _ESCAPES[found[0]], each) for each in value)

    def to_python(self, value: Any) -> Any:
        lines = unix_lines(str(value or "")).split("\n")
        return tuple(_ESCAPED.sub(lambda found: _MEANINGS[found[0]], line) for line in lines if line)


_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_MEANINGS = {written: meant for meant, written in _ESCAPES.items()}
_SPECIAL, _ESCAPED = re.compile(r"[\\\n\r]"), re.compile(r"\\[\\nr]")


class LinesField(forms.CharField):
    """Texts, one a line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.Textarea(attrs={"rows": 2}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        return tuple(line.strip() for line in str(value or "").splitlines() if line.strip())


def typed(text: str, kind: str) -> Any:
    """What a text in a form means for a variable of a type; UNSET where there is none. ValueError where it fits none."""
    if not text:
        return msgspec.UNSET
    if kind == "string":
        return _unquoted(text)
    if kind == "boolean" and text.lower() in ("yes", "no", "on", "off"):
        return text.lower() in ("yes", "on")
    value = json.loads(text)
    wanted: dict[str, tuple[type, ...]] = {
        "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,), "object": (dict,),
    }  # fmt: skip
    if not isinstance(value, wanted[kind]) or (isinstance(value, bool) and kind != "boolean"):
        raise ValueError(text)
    return value


def _unquoted(text: str) -> str:
    try:
        value = json.loads(text) if text.startswith('"') else text
    except json.JSONDecodeError:
        return text
    return value if isinstance(value, str) else text


def written(value: Any) -> str:
    """The other way round. Texts that a line of a form can't hold, or that begin with a quote, are put in quotes."""
    if value is None:
        return ""
    if isinstance(value, str) and (not value or value.startswith('"') or not value.isprintable()):
        return json.dumps(value)
    return shown_value(value)


def shown_value(value: Any) -> str:
    """A value as people read it."""
    if value is msgspec.UNSET:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def unix_lines(text: str) -> str:
    """Browsers send two characters for a line break."""
    return text.replace("\r\n", "\n")


def came_back(bound: forms.BoundField) -> bool:
    """Whether a field came back as it was served. Browsers change line breaks, and leave them out of single lines."""
    if isinstance(bound.field, forms.BooleanField):
        return bool(bound.data) == bool(bound.initial)
    served = bound.field.prepare_value(bound.initial)
    one, other = _lines("" if served is None else served), _lines(bound.data or "")
    if not isinstance(bound.field.widget, forms.Textarea):
        one, other = one.replace("\n", ""), other.replace("\n", "")
    return one == other


def _lines(value: Any) -> str:
    return str(value).replace("\r\n", "\n").replace("\r", "\n")
