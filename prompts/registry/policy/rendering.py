"""PURE: a version, compiled once, and rendered with a caller's variables."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kernel.errors import InvalidError
from prompts.registry.policy.delimiters import Delimiters
from prompts.registry.policy.document import EXTRA_FIELDS, Document, Output
from prompts.registry.policy.output_contract import MAX_CORRECTIONS, Contract
from prompts.registry.policy.template_meter import Meter
from prompts.registry.policy.templates import MAX_SOURCE, BadTemplateError, Template
from prompts.registry.policy.variables import BadSchemaError, Variables

KNOWLEDGE = "knowledge"
"""The name under which a template reads the passages that were found."""


class UnusableVersionError(InvalidError):
    """A document can't be run; each of `problems` says where, and what to change."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Turn:
    """A message with its variables filled in."""

    role: str
    text: str


MOMENTS = ("half_day", "day", "hour")
"""What keys of the answer cache may name besides variables."""
_OF_THE_HEADER = re.compile(rf"(?<!\{{)\{{({'|'.join(MOMENTS)})\}}(?!\}})")


class Compiled:
    """A version ready to run. UnusableVersionError names everything that is wrong with the document."""

    def __init__(self, document: Document) -> None:
        problems: list[str] = []
        self.document = document
        if sum(len(message.text) for message in document.messages) > MAX_SOURCE:
            raise UnusableVersionError([f"The messages have more than {MAX_SOURCE} characters together."])
        self.templates: list[tuple[str, Template]] = []
        uses: list[tuple[int, frozenset[str]]] = []
        for number, message in enumerate(document.messages, 1):
            try:
                template = Template(message.text)
                self.templates.append((message.role, template))
                uses.append((number, template.names))
            except BadTemplateError as error:
                problems.append(f"Message {number}: {error}")
        self.query = _query(document, problems)
        self.cache_key = _cache_key(document, problems)
        self.variables = Variables(())
        self.contract: Contract | None = None
        try:
            self.variables = Variables(document.variables)
            if document.output.schema is not None:
                self.contract = Contract(document.output)
                self.contract.check_fallback()
        except BadSchemaError as error:
            problems.append(str(error))
        problems += self._problems(uses)
        if problems:
            raise UnusableVersionError(problems)
        # A value in one message can't forge the delimiters of another either.
        self._delimiters = Delimiters("\n".join(template.literal for _, template in self.templates))
        self._first_with_variables = next(
            (number for number, (_, template) in enumerate(self.templates) if template.names),
            len(self.templates),
        )

    @property
    def cached_turns(self) -> int:
        """How many messages at the beginning are the same whatever the variables."""
        return self._first_with_variables

    def render(self, values: Mapping[str, Any], *, clock: Callable[[], float]) -> list[Turn]:
        """The messages with the values in their places; empty ones are left out. RenderError, VariableError."""
        meter = Meter(clock)
        return [
            Turn(role, text)
            for role, template in self.templates
            if (text := template.render(values, meter=meter, delimiters=self._delimiters)).strip()
        ]

    def render_query(self, values: Mapping[str, Any], *, clock: Callable[[], float]) -> str:
        """What knowledge is looked for with."""
        if self.query is not None:
            return self.query.render(values, meter=Meter(clock)).strip()
        return "\n".join(value for value in values.values() if isinstance(value, str)).strip()

    def render_cache_key(self, values: Mapping[str, Any], *, clock: Callable[[], float]) -> str:
        """The key of the slot that keeps the answer; "" where the version names none, or it is blank. No value can be written
        so that its key becomes that of others: each says how long it is."""
        pieces = () if self.cache_key is None else self.cache_key.pieces(values, meter=Meter(clock))
        return "".join(f"{len(each)}:{each}" for each in pieces) if "".join(pieces).strip() else ""

    def _problems(self, uses: list[tuple[int, frozenset[str]]]) -> list[str]:
        document = self.document
        problems: list[str] = []
        if not any(message.role == "user" for message in document.messages) and not document.takes_messages:
            problems.append("There is no user message: the model would have nothing to answer.")
        if not document.messages:
            problems.append("There is no message: write at least one.")
        seen_other = False
        for number, message in enumerate(document.messages, 1):
            if message.role == "system" and seen_other:
                problems.append(f"Message {number}: system messages stand before all others.")
            seen_other |= message.role != "system"
        problems += self._name_problems(uses)
        if not 0 <= document.output.corrections <= MAX_CORRECTIONS:
            problems.append(f"The output contract: corrections go from 0 to {MAX_CORRECTIONS}.")
        problems += _unsure_problems(document.output)
        for name in sorted(set(document.parameters.extra) - EXTRA_FIELDS):
            problems.append(
                f"Parameters: “{name}” is not supported. There are: {', '.join(sorted(EXTRA_FIELDS))}."
            )
        if document.tool_choice not in ("auto", "any", *(tool.name for tool in document.tools)):
            problems.append(f"There is no tool “{document.tool_choice}” to choose.")
        if document.knowledge.bases and not 1 <= document.knowledge.top_k <= 50:
            problems.append("Knowledge: 1 to 50 passages go.")
        return problems

    def _name_problems(self, uses: list[tuple[int, frozenset[str]]]) -> list[str]:
        document, problems = self.document, []
        names = [variable.name for variable in document.variables]
        given = {*names, *document.context, *((KNOWLEDGE,) if document.knowledge.bases else ())}
        for name in sorted({name for name in names if names.count(name) > 1}):
            problems.append(f"The variable “{name}” is there twice.")
        for name in names:
            if not name.isidentifier() or name.startswith("_"):
                problems.append(
                    f"“{name}” is not a valid variable name: use letters, digits and underscores."
                )
            if name in (*document.context, KNOWLEDGE):
                problems.append(f"The variable “{name}” has the name of a context source: give it another.")
        for number, used in uses:
            for name in sorted(used - given):
                problems.append(
                    f"Message {number} uses “{name}”, which is not a declared variable. Declare it."
                )
        return problems


def _unsure_problems(output: Output) -> list[str]:
    if not output.unsure_when:
        return []
    if output.schema is None:
        return ["The output contract: to say that it is unsure the answer must be JSON: give it a schema."]
    first, members = output.unsure_when.split(".")[0], output.schema.get("properties")
    if not isinstance(members, dict) or first not in members:
        return [
            f"The output contract: the schema has no property “{first}”, where the answer is to say that it is unsure."
        ]
    return []


def _cache_key(document: Document, problems: list[str]) -> Template | None:
    if not document.cache_key:
        return None
    try:
        template = Template(document.cache_key)
    except BadTemplateError as error:
        problems.append(f"The key of the answer cache: {error}")
        return None
    known = {variable.name for variable in document.variables}
    problems += [
        f"The key of the answer cache uses “{name}”, which is neither a declared variable nor one of {', '.join(MOMENTS)}."
        for name in sorted(template.names - known - {*MOMENTS})
    ]
    problems += [
        f"The key of the answer cache says “{match[0]}”, as the header does: write “{{{{ {match[1]} }}}}”."
        for match in _OF_THE_HEADER.finditer(document.cache_key)
    ]
    return template


def _query(document: Document, problems: list[str]) -> Template | None:
    if not document.knowledge.query:
        return None
    try:
        return Template(document.knowledge.query)
    except BadTemplateError as error:
        problems.append(f"The query of knowledge: {error}")
        return None
