"""PURE: a line of AWS's bill: Cost and Usage Report 2.0 of Data Exports, or the legacy report.

Source: the data dictionaries "Cost and Usage Report (CUR) 2.0" and "Line item details" of AWS's documentation.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from kernel.money import NANOS_PER_DOLLAR

_PRODUCTS = ("AmazonBedrock", "AmazonBedrockFoundationModels")
COLUMNS = {
    "product": ("line_item_product_code", "lineItem/ProductCode"),
    "id": ("identity_line_item_id", "identity/LineItemId"),
    "interval": ("identity_time_interval", "identity/TimeInterval"),
    "start": ("line_item_usage_start_date", "lineItem/UsageStartDate"),
    "usage_type": ("line_item_usage_type", "lineItem/UsageType"),
    "amount": ("line_item_usage_amount", "lineItem/UsageAmount"),
    "cost": ("line_item_unblended_cost", "lineItem/UnblendedCost"),
    "currency": ("line_item_currency_code", "lineItem/CurrencyCode"),
    "region": ("product_region_code", "product/regionCode", "product/region"),
}
"""Our names, and those of the reports."""


class MalformedCostError(ValueError):
    """This line can't be taken in. The message says why."""


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of the bill for Bedrock. `key` is the same whenever AWS sends the line again."""

    key: str
    day: date
    region: str
    usage_type: str
    amount: Decimal
    cost_nanos: int


def parse(row: Mapping[str, Any]) -> CostLine | None:
    """The line of a row; None for other products' rows. Raises MalformedCostError."""
    if str(_value(row, "product") or "") not in _PRODUCTS:
        return None
    currency = str(_value(row, "currency") or "USD")
    if currency != "USD":
        raise MalformedCostError(f"in {currency[:8]}: only US dollars can be compared")
    identity, interval = str(_value(row, "id") or ""), str(_value(row, "interval") or "")
    if not identity:
        raise MalformedCostError("the line has no identity")
    return CostLine(
        key=hashlib.sha256(f"{identity} {interval}".encode()).hexdigest()[:40],
        day=_day(_value(row, "start")),
        region=str(_value(row, "region") or "")[:32],
        usage_type=str(_value(row, "usage_type") or "")[:200],
        amount=_number(_value(row, "amount"), "usage amount"),
        cost_nanos=int((_number(_value(row, "cost"), "cost") * NANOS_PER_DOLLAR).to_integral_value()),
    )


def _value(row: Mapping[str, Any], name: str) -> Any:
    return next((row[column] for column in COLUMNS[name] if row.get(column) not in (None, "")), None)


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).date()
    try:
        return datetime.fromisoformat(str(value)).date()
    except ValueError as error:
        raise MalformedCostError("the usage start is no moment") from error


def _number(value: Any, what: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise MalformedCostError(f"the {what} is no number") from error
    if not number.is_finite() or abs(number) > 10**9:
        raise MalformedCostError(f"the {what} is no usable number")
    return number
