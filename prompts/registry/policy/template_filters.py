"""PURE: the filters and tests that templates of prompts have. Each is metered, and bounded in what it makes."""

import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

from jinja2 import pass_context
from jinja2.filters import FILTERS as JINJA
from jinja2.runtime import Context, Undefined
from jinja2.tests import TESTS as JINJA_TESTS

from prompts.registry.policy.template_meter import METER, Meter, RenderError

_PLAIN = (
    "abs", "capitalize", "count", "d", "default", "first", "last", "length", "lower", "map", "max", "min", "reject",
    "rejectattr", "reverse", "select", "selectattr", "sort", "title", "trim", "unique", "upper", "wordcount", "truncate",
    "items", "dictsort",
)  # fmt: skip
"""Jinja's own whose results are not larger than what they are given."""
_LAZY = frozenset({"map", "reject", "rejectattr", "select", "selectattr"})
"""Look at items that they leave out."""
_DEEPEST = 50
_WIDEST_INDENT = 20
_MAX_DIGITS = 15
_INNER = frozenset({"_joined", "_range", "_slice", "_compare"})
"""What stands for syntax, and is no filter for authors."""
_MAX_ARGUMENT_LENGTH = 10_000
_MAX_ATTRIBUTE_STEPS = 2
_MAX_NUMBER_LENGTH = 40
_COST_OF_ITEM = 20


def _metered(function: Callable[..., Any], *, is_lazy: bool = False) -> Callable[..., Any]:
    """A filter of Jinja's, counted as a step, its generators made lists."""
    wants = getattr(function, "jinja_pass_arg", None)

    @pass_context
    def metered(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        meter: Meter = context[METER]
        meter.tick()
        meter.work(size_of(value))
        _check_arguments((*args, *kwargs.values()))
        first: tuple[Any, ...] = ()
        if wants is not None:
            first = (
                {"context": context, "eval_context": context.eval_ctx}.get(wants.name, context.environment),
            )
        if is_lazy and isinstance(value, Iterable) and not isinstance(value, Undefined):
            value = _counted(value, meter)
        result = function(*first, value, *args, **kwargs)
        if isinstance(result, str):
            return meter.text(str(result))
        if isinstance(result, Iterable) and not isinstance(result, Mapping | list | tuple | Undefined):
            return meter.items(list(result if is_lazy else _counted(result, meter)))
        return result

    return metered


def _check_arguments(arguments: Iterable[Any]) -> None:
    """Names of attributes are plain, and no filter of our own is reached by its name."""
    for argument in arguments:
        if isinstance(argument, str) and (argument in _INNER or len(argument) > _MAX_ARGUMENT_LENGTH):
            raise RenderError(f"A filter can't be given “{argument[:50]}”.")
        if isinstance(argument, str) and argument.count(".") + argument.count(",") > _MAX_ATTRIBUTE_STEPS:
            raise RenderError("An attribute of a filter has at most three steps.")


def size_of(value: Any) -> int:
    """What going through a value once costs, in characters."""
    if isinstance(value, str):
        return len(value)
    return _COST_OF_ITEM * len(value) if isinstance(value, Mapping | list | tuple) else 1


def _counted(items: Iterable[Any], meter: Meter) -> Iterator[Any]:
    for item in items:
        meter.tick()
        yield item


def _own(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of ours, which is given the meter."""

    @pass_context
    def owned(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        meter: Meter = context[METER]
        meter.tick()
        if isinstance(value, Undefined):
            str(value)  # raises, naming the variable
        meter.work(size_of(value))
        return function(meter, value, *args, **kwargs)

    return owned


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, Undefined):
        return str(value)
    raise RenderError("Lists and objects can't be made into text like this: use tojson.")


def _join(meter: Meter, value: Any, separator: str = "", attribute: str | None = None) -> str:
    items = value if attribute is None else [_member(item, attribute) for item in value]
    texts = [_text(item) for item in items]
    meter.length(sum(map(len, texts)) + len(_text(separator)) * len(texts))
    return _text(separator).join(texts)


def _member(item: Any, attribute: str) -> Any:
    if isinstance(item, Mapping) and attribute in item:
        return item[attribute]
    raise RenderError(f"An item of the list has no member “{attribute}”.")


def _joined(meter: Meter, value: Any) -> str:
    return _join(meter, value)


def _range(meter: Meter, bounds: Any) -> list[int]:
    if not 1 <= len(bounds) <= 3 or not all(isinstance(bound, int) for bound in bounds):
        raise RenderError("range(…) takes one to three whole numbers.")
    numbers = range(*bounds)
    if len(numbers) > 10_000:
        raise RenderError("range(…) goes over at most 10000 numbers.")
    return list(numbers)


def _replace(meter: Meter, value: Any, old: str, new: str) -> str:
    text, old, new = _text(value), _text(old), _text(new)
    meter.length(len(text) + (text.count(old) if old else len(text) + 1) * len(new))
    return text.replace(old, new)


def _indent(meter: Meter, value: Any, width: int = 4, first: bool = False) -> str:
    if not 0 <= width <= _WIDEST_INDENT:
        raise RenderError(f"indent goes up to {_WIDEST_INDENT}.")
    lines = _text(value).splitlines(keepends=True)
    meter.length(sum(map(len, lines)) + width * len(lines))
    return "".join(
        line if number == 0 and not first else " " * width + line for number, line in enumerate(lines)
    )


def _tojson(meter: Meter, value: Any, indent: int | None = None) -> str:
    _look(value, 0)
    parts: list[str] = []
    length = 0
    width = min(indent, 8) if indent else None
    for number, part in enumerate(json.JSONEncoder(ensure_ascii=False, indent=width).iterencode(value)):
        length += len(part)
        if number % 256 == 0:
            meter.tick()
        meter.length(length)
        parts.append(part)
    return "".join(parts)


def _look(value: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise RenderError("tojson: the value is nested too deeply.")
    if isinstance(value, Undefined):
        str(value)
    # Only as deep as the first branch: iterencode counts the rest.
    children = (
        value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    )
    for child in children:
        _look(child, depth + 1)
        break


def _round(meter: Meter, value: Any, precision: int = 0, method: str = "common") -> Any:
    if not isinstance(precision, int) or abs(precision) > _MAX_DIGITS:
        raise RenderError(f"round goes to at most {_MAX_DIGITS} digits.")
    return JINJA["round"](value, precision, method)


def _number(kind: Callable[[Any], Any]) -> Callable[..., Any]:
    """int and float: of numbers, and of texts as short as numbers are."""

    def number(meter: Meter, value: Any, default: Any = 0) -> Any:
        if isinstance(value, str) and len(value) > _MAX_NUMBER_LENGTH:
            return default
        try:
            return kind(float(value) if kind is int and isinstance(value, str) and "." in value else value)
        except (TypeError, ValueError, OverflowError):
            return default

    return number


def _slice(meter: Meter, value: Any, start: Any = None, stop: Any = None, step: Any = None) -> Any:
    if not isinstance(value, str | list | tuple):
        raise RenderError("Only texts and lists have slices.")
    return value[start:stop:step]


def _compare(meter: Meter, left: Any, sign: str, right: Any) -> bool:
    """One comparison. Lists and objects are not compared with each other: nested ones could take for ever."""
    meter.work(size_of(right))
    if isinstance(right, Undefined):
        str(right)
    if isinstance(left, Mapping | list | tuple) and isinstance(right, Mapping | list | tuple):
        raise RenderError("Lists and objects can't be compared with each other.")
    return bool(_COMPARISONS[sign](left, right))


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "lteq": operator.le, "gt": operator.gt, "gteq": operator.ge,
    "in": lambda left, right: left in right, "notin": lambda left, right: left not in right,
}  # fmt: skip


def _compared(sign: str) -> Any:
    @pass_context
    def compared(context: Context, left: Any, right: Any) -> bool:
        meter: Meter = context[METER]
        meter.tick()
        meter.work(size_of(left))
        return _compare(meter, left, sign, right)

    return compared


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise RenderError("odd, even and divisibleby are for whole numbers.")
    return value


_KINDS = (
    "defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "mapping", "sequence", "iterable",
    "true", "false",
)  # fmt: skip
TESTS: dict[str, Callable[..., Any]] = {
    **{name: cast(Callable[..., Any], JINJA_TESTS[name]) for name in _KINDS},
    **{name: _compared(sign) for name, sign in {
        "eq": "eq", "equalto": "eq", "==": "eq", "ne": "ne", "!=": "ne", "lt": "lt", "lessthan": "lt", "<": "lt", "le": "lteq",
        "<=": "lteq", "gt": "gt", "greaterthan": "gt", ">": "gt", "ge": "gteq", ">=": "gteq", "in": "in",
    }.items()},
    "odd": lambda value: _whole(value) % 2 == 1,
    "even": lambda value: _whole(value) % 2 == 0,
    "divisibleby": lambda value, number: _whole(value) % _whole(number) == 0,
}  # fmt: skip
"""What a value can be asked: its kind, and comparisons."""


def _list(meter: Meter, value: Any) -> list[Any]:
    return meter.items(list(value))


def _sum(meter: Meter, value: Any, attribute: str | None = None) -> Any:
    total: Any = 0
    for item in value:
        total = meter.operate("+", total, item if attribute is None else _member(item, attribute))
    return total


FILTERS: dict[str, Callable[..., Any]] = {
    **{name: _metered(JINJA[name], is_lazy=name in _LAZY) for name in _PLAIN},
    "int": _own(_number(int)),
    "float": _own(_number(float)),
    "_slice": _own(_slice),
    "_compare": _own(_compare),
    "join": _own(_join),
    "replace": _own(_replace),
    "round": _own(_round),
    "indent": _own(_indent),
    "tojson": _own(_tojson),
    "list": _own(_list),
    "string": _own(lambda meter, value: meter.text(_text(value))),
    "sum": _own(_sum),
    "_joined": _own(_joined),
    "_range": _own(_range),
}
