"""A rule of Bedrock's, as a row of a table."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from embedded.simulator.errors import AwsError
from embedded.simulator.strict.asked import Asked

FROM_THE_MODEL = "The model returned the following errors: "
Found = Mapping[str, Any]
Finder = Callable[[Asked], Found | None]
NOTHING: Found = {}


@dataclass(frozen=True, slots=True)
class Rule:
    """What is refused, and how it is said: `find` answers with what fills the words where the rule is broken, else None.

    Words of a model come with a prefix from Converse, and as they are from InvokeModel.
    """

    name: str
    words: str
    source: str
    find: Finder
    by_model: bool = False
    code: str = "ValidationException"
    status: int = 400

    def error(self, asked: Asked) -> AwsError | None:
        """The answer where a request breaks the rule."""
        found = self.find(asked)
        if found is None:
            return None
        words = self.words.format_map(found)
        prefix = FROM_THE_MODEL if self.by_model and asked.is_converse else ""
        return AwsError(self.code, self.status, prefix + words)


def hold_to(rules: Iterable[Rule], asked: Asked) -> None:
    """Raises AwsError for the first rule that is broken."""
    for rule in rules:
        error = rule.error(asked)
        if error is not None:
            raise error


def found(condition: object, **values: Any) -> Found | None:
    """What fills the words, where the condition holds."""
    return values if condition else None
