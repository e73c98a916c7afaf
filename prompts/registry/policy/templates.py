"""PURE: the templates of prompts: Jinja2's sandbox, narrowed until what a template may cost is bounded.

A template reads variables, and nothing else: no calls but `range`, no attributes of Python's objects, no macros, no
includes. Loops count their steps, texts their length, and a clock is looked at on the way. What a variable holds is
never read as a template, and whatever in it could pass for a role, a mark or one of the template's own delimiters is
broken with an invisible character (`governance.screening.policy.defence`).
"""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError, meta, nodes, pass_context
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from kernel.errors import InvalidError
from prompts.registry.policy.delimiters import Delimiters
from prompts.registry.policy.template_filters import FILTERS, TESTS
from prompts.registry.policy.template_meter import METER, Meter, RenderError

MAX_SOURCE = 100_000
"""Characters of one template."""
_MAX_NODES = 20_000
_LOOP = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "previtem", "nextitem"}
)
_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict,
    nodes.Pair, nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div,
    nodes.FloorDiv, nodes.Mod, nodes.Concat, nodes.If, nodes.For, nodes.Assign, nodes.Call, nodes.Keyword,
)  # fmt: skip
_WORDS = {
    nodes.Macro: "macros", nodes.Include: "include", nodes.Import: "import", nodes.FromImport: "import",
    nodes.Extends: "extends", nodes.Block: "blocks", nodes.CallBlock: "call blocks", nodes.FilterBlock: "filter blocks",
    nodes.AssignBlock: "set blocks", nodes.With: "with", nodes.Pow: "powers", nodes.NSRef: "namespaces",
}  # fmt: skip


class BadTemplateError(InvalidError):
    """The template can't be used; the message says where and what to change."""

    code = "bad_template"


class Template:
    """A template, compiled once and rendered often. BadTemplateError where it can't be used."""

    def __init__(self, source: str) -> None:
        if len(source) > MAX_SOURCE:
            raise BadTemplateError(f"The template has {len(source)} characters: at most {MAX_SOURCE} go.")
        self.source = source
        try:
            tree = _ENVIRONMENT.parse(source)
            _check(tree)
            self.names = frozenset(meta.find_undeclared_variables(tree)) - {"range"}
            self.literal = "".join(data.data for data in tree.find_all(nodes.TemplateData))
            self.delimiters = Delimiters(self.literal)
            tree = _Counting().visit(tree)
            self._code = _ENVIRONMENT.compile(tree)
        except TemplateSyntaxError as error:
            raise BadTemplateError(f"Line {error.lineno}: {str(error.message).rstrip('.')}.") from error
        except (RecursionError, SyntaxError, MemoryError) as error:
            raise BadTemplateError("The template is nested too deeply.") from error
        except BadTemplateError:
            raise
        except ValueError as error:
            raise BadTemplateError(f"The template can't be read: {error}.") from error
        self._template = _ENVIRONMENT.template_class.from_code(
            _ENVIRONMENT, self._code, _ENVIRONMENT.make_globals(None)
        )

    def render(self, values: Mapping[str, Any], *, meter: Meter, delimiters: Delimiters | None = None) -> str:
        """The text, with values in their places. RenderError says what went wrong: a variable missing, or too much of something."""
        delimiters = delimiters or self.delimiters
        parts: list[str] = []
        adjacent: list[str] = []
        for part in self.pieces(values, meter=meter):
            if isinstance(part, _Value):
                adjacent.append(part)
                continue
            if adjacent:
                parts.append(delimiters.broken_in("".join(adjacent)))
                adjacent.clear()
            parts.append(part)
        return "".join((*parts, delimiters.broken_in("".join(adjacent))))

    def pieces(self, values: Mapping[str, Any], *, meter: Meter) -> list[str]:
        """The template's own words and what each expression prints, in order. RenderError says what went wrong."""
        parts: list[str] = []
        try:
            for part in self._template.generate({**values, METER: meter, _TICK: meter.tick}):
                meter.write(part)
                parts.append(part)
        except UndefinedError as error:
            raise RenderError(f"{_sentence(str(error))}") from error
        except SecurityError as error:
            raise RenderError(f"The template does what is not allowed: {error}") from error
        except TemplateError as error:
            raise RenderError(_sentence(str(error))) from error
        except (
            TypeError, ValueError, ArithmeticError, LookupError, AttributeError, AssertionError, RecursionError,
        ) as error:  # fmt: skip
            raise RenderError(f"The template can't work with these values: {error}") from error
        try:
            "".join(parts).encode()
        except UnicodeEncodeError as error:
            raise RenderError(
                "The rendered text holds half of a surrogate pair, which is not a character."
            ) from error
        return parts


class _Value(str):
    """What was printed by an expression. Neighbours are looked at as one: each alone may hold half a delimiter."""

    __slots__ = ()

    def __str__(self) -> str:
        return self  # Jinja's compiled code asks for it, and would get a plain text


_TICK = "_gatehouse_tick"


class _Environment(ImmutableSandboxedEnvironment):
    """Values are plain JSON: members of objects and items of lists are all there is to reach."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        return self.undefined(obj=obj if not isinstance(obj, Undefined) else None, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        try:
            if isinstance(obj, Mapping | list | tuple | str):
                return obj[argument]
        except (LookupError, TypeError):
            pass
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        meter: Meter = context[METER]
        return meter.operate(operator, left, right)


@pass_context
def _finalize(context: Context, value: Any) -> str:
    """What a value is printed as: texts and numbers as they are. Needs the context so that nothing is worked out early."""
    return _Value(_printed(value))


def _printed(value: Any) -> str:
    if isinstance(value, Undefined):
        return str(value)  # which raises, naming the variable
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return value
    kind = "An object" if isinstance(value, Mapping) else "A list"
    raise RenderError(
        f"{kind} can't be printed as it is: write {{{{ … | tojson }}}} or {{{{ … | join(', ') }}}}."
    )


_ENVIRONMENT = _Environment(undefined=StrictUndefined, finalize=_finalize, autoescape=False, cache_size=0)
_ENVIRONMENT.filters = FILTERS
_ENVIRONMENT.tests = dict(TESTS)
_ENVIRONMENT.globals = {}


def _check(tree: nodes.Template) -> None:
    """BadTemplateError for the first thing that templates of prompts can't have."""
    for number, node in enumerate(tree.find_all(nodes.Node)):
        if number > _MAX_NODES:
            raise BadTemplateError("The template has too many parts: make it simpler.")
        if not isinstance(node, _ALLOWED):
            word = _WORDS.get(type(node), type(node).__name__.lower())
            raise BadTemplateError(f"Line {node.lineno}: templates of prompts have no {word}.")
        if isinstance(node, nodes.Name) and node.name.startswith("_"):
            raise BadTemplateError(f"Line {node.lineno}: names don't begin with “_”: {node.name}.")
        if isinstance(node, nodes.Const) and isinstance(node.value, float) and not isfinite(node.value):
            raise BadTemplateError(f"Line {node.lineno}: a number is too large.")
        if isinstance(node, nodes.Call) and not _is_range(node):
            raise BadTemplateError(f"Line {node.lineno}: nothing can be called but range(…). Use filters.")
        if isinstance(node, nodes.Compare) and len(node.ops) > 1:
            raise BadTemplateError(f"Line {node.lineno}: compare two things at a time: a < b and b < c.")
        if isinstance(node, nodes.For) and node.recursive:
            raise BadTemplateError(f"Line {node.lineno}: loops can't be recursive.")
        if isinstance(node, nodes.Filter) and (node.name not in FILTERS or node.name.startswith("_")):
            raise BadTemplateError(
                f"Line {node.lineno}: there is no filter “{node.name}”. There are: {_FILTER_NAMES}."
            )
        if isinstance(node, nodes.Test) and node.name not in TESTS:
            raise BadTemplateError(f"Line {node.lineno}: there is no test “{node.name}”.")


def _is_range(node: nodes.Call) -> bool:
    named = node.dyn_args is None and node.dyn_kwargs is None and not node.kwargs
    return named and isinstance(node.node, nodes.Name) and node.node.name == "range"


_FILTER_NAMES = ", ".join(sorted(name for name in FILTERS if not name.startswith("_")))


class _Counting(NodeTransformer):
    """Puts a tick at every turn of a loop, and what counts lengths in the place of ~ and range."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        tick = nodes.Call(nodes.Name(_TICK, "load"), [], [], None, None)
        if node.test is not None:  # what it leaves out was looked at all the same
            node.test = nodes.And(nodes.Not(tick), node.test)
        else:
            node.body.insert(0, nodes.ExprStmt(tick))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return nodes.Filter(nodes.List(node.nodes), "_joined", [], [], None, None)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        operand = node.ops[0]
        return nodes.Filter(node.expr, "_compare", [nodes.Const(operand.op), operand.expr], [], None, None)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        bounds = [each or nodes.Const(None) for each in (node.arg.start, node.arg.stop, node.arg.step)]
        return nodes.Filter(node.node, "_slice", bounds, [], None, None)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        self.generic_visit(node)
        return nodes.Filter(nodes.List(node.args), "_range", [], [], None, None)


def _sentence(text: str) -> str:
    """Jinja's words as a sentence."""
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}." if text else "The template could not be rendered."
