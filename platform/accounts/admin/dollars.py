"""A form field for money: typed in dollars, kept as nano-dollars."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.admin.typed import TextInput
from kernel.money import MAX_NANOS, dollars_to_nanos, plain_usd

# A comma stands between thousands and nowhere else: "1,5" is one and a half to many, and never fifteen dollars.
_AMOUNT = re.compile(r"(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)?(?:\.[0-9]+)?")


class DollarsField(forms.Field):
    """Dollars in, nano-dollars out. Exact; says what is wrong with an amount it cannot take."""

    widget = TextInput

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", TextInput(attrs={"inputmode": "decimal", "placeholder": "0.00"}))
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:
        return plain_usd(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip().upper().removeprefix("$").removesuffix("USD").strip()
        if not text:
            return None
        if text.startswith("-"):
            raise ValidationError("An amount cannot be negative.")
        if not _AMOUNT.fullmatch(text):
            shown = f"{str(value)[:40]}…" if len(str(value)) > 40 else value
            raise ValidationError(
                f"“{shown}” is not an amount in US dollars. Type one such as 250, 1,250.00 or 0.0375."
            )
        try:
            nanos = dollars_to_nanos(text.replace(",", ""))
        except ValueError:
            raise ValidationError("This is finer than a billionth of a dollar.") from None
        if nanos > MAX_NANOS:
            raise ValidationError("This is more than can be stored: at most nine billion dollars.")
        return nanos

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(initial != self.to_python(data))
        except ValidationError:
            return True
