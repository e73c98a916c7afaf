"""A form field for money: typed in dollars, kept as nano-dollars."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.admin.typed import TextInput
from kernel.money import dollars_to_nanos, plain_usd

MOST_NANOS = 2**63 - 1


class DollarsField(forms.Field):
    """Dollars in, nano-dollars out. Exact; says what is wrong with an amount it cannot take."""

    widget = TextInput

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", TextInput(attrs={"inputmode": "decimal", "placeholder": "0.00"}))
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:
        return plain_usd(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip().upper().removeprefix("$").removesuffix("USD").replace(",", "").strip()
        if not text:
            return None
        try:
            amount = Decimal(text)
            if not amount.is_finite():
                raise ValidationError(
                    f"“{value}” is not an amount in US dollars. Type one such as 250 or 0.0375."
                )
            nanos = dollars_to_nanos(amount)
        except InvalidOperation:
            raise ValidationError(
                f"“{value}” is not an amount in US dollars. Type one such as 250 or 0.0375."
            ) from None
        except ValueError:
            raise ValidationError("This is finer than a billionth of a dollar.") from None
        if nanos < 0:
            raise ValidationError("An amount cannot be negative.")
        if nanos > MOST_NANOS:
            raise ValidationError("This is more than can be stored: at most nine billion dollars.")
        return nanos

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(initial != self.to_python(data))
        except ValidationError:
            return True
