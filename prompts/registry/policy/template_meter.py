"""PURE: what rendering a template may cost: steps, characters, time."""

import operator
from collections.abc import Callable
from typing import Any

from jinja2.runtime import Undefined

from kernel.errors import DomainError

METER = "_gatehouse_meter"
"""The name under which templates and filters find the meter."""

MAX_STEPS = 10_000
MAX_CHARACTERS = 1_000_000
MAX_WORK = 20_000_000
"""Characters that filters, comparisons and slices may go through; an item of a list counts as twenty."""
MAX_ITEMS = 10_000
MAX_SECONDS = 0.2
_NUMBERS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv, "%": operator.mod,
}  # fmt: skip
_MAX_SIZE = 10**15


class RenderError(DomainError):
    """A template can't be rendered with these values; the message says why."""


class Meter:
    """Counts for one prompt what its templates do. RenderError as soon as it is too much."""

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        steps: int = MAX_STEPS,
        characters: int = MAX_CHARACTERS,
        seconds: float = MAX_SECONDS,
    ) -> None:
        self._clock = clock
        self._deadline = clock() + seconds
        self._steps = steps
        self._characters = characters
        self._work = MAX_WORK

    def tick(self) -> None:
        """One step of a loop, or one filter."""
        self._steps -= 1
        if self._steps < 0:
            raise RenderError(f"The template's loops take more than {MAX_STEPS} steps: give them less to do.")
        if self._clock() > self._deadline:
            raise RenderError("The template takes too long: give its loops less to do.")

    def work(self, characters: int) -> None:
        """Something is about to go through so many characters."""
        self._work -= characters
        if self._work < 0:
            raise RenderError("The template does too much with these values: give it less to do.")

    def write(self, part: str) -> None:
        """So much more of the rendered text."""
        self._characters -= len(part)
        if self._characters < 0:
            raise RenderError(f"The rendered prompt has more than {MAX_CHARACTERS} characters: send less.")

    def text(self, text: str) -> str:
        """A text made on the way, which must not be longer than a whole prompt."""
        self.length(len(text))
        return text

    def length(self, characters: int) -> None:
        """A text of so many characters is about to be made."""
        if characters > MAX_CHARACTERS:
            raise RenderError(f"The template makes a text of more than {MAX_CHARACTERS} characters.")

    def items(self, items: list[Any]) -> list[Any]:
        """A list made on the way."""
        if len(items) > MAX_ITEMS:
            raise RenderError(f"The template makes a list of more than {MAX_ITEMS} items.")
        return items

    def operate(self, sign: str, left: Any, right: Any) -> Any:
        """Arithmetic of numbers, and + of two texts or two lists."""
        self.tick()
        for each in (left, right):
            if isinstance(each, Undefined):
                str(each)  # raises, naming the variable
        if sign == "+" and isinstance(left, str) and isinstance(right, str):
            self.length(len(left) + len(right))
            return left + right
        if sign == "+" and isinstance(left, list) and isinstance(right, list):
            return self.items(left + right)
        if not (_is_number(left) and _is_number(right)):
            raise RenderError(f"“{sign}” is for numbers. Texts are put together with ~.")
        result = _NUMBERS[sign](left, right)
        if abs(result) > _MAX_SIZE:
            raise RenderError("A number in the template grows too large.")
        return result


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
