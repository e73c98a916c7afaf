"""PURE: a line of AWS's bill: Cost and Usage Report 2.0 of Data Exports, or the legacy report.

Source: the data dictionaries "Cost and Usage Report (CUR) 2.0" and "Line item details", and "Understanding export
delivery", of AWS's documentation. A line has no name that lasts: each delivery of a month numbers its lines anew. So
deliveries replace each other whole.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from governance.usage.policy.billed_names import billed_model, region_of_usage
from kernel.errors import InvalidError
from kernel.money import NANOS_PER_DOLLAR

_PRODUCTS = ("AmazonBedrock", "AmazonBedrockFoundationModels")
_EDITION = "(Amazon Bedrock Edition)"
"""Models of other vendors are sold through the Marketplace, under product codes of their own and a name like this."""
_USAGE = frozenset({"", "Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"})
"""Kinds of lines that calls make. Taxes, credits, refunds and discounts are left out."""

COLUMNS = {
    "product": ("line_item_product_code", "lineItem/ProductCode"),
    "product_name": ("product_product_name", "product/ProductName"),
    "product_map": ("product",),
    "kind": ("line_item_line_item_type", "lineItem/LineItemType"),
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


class MalformedCostError(InvalidError):
    """This line can't be taken in. The message says why."""


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of the bill for Bedrock. `identity` tells it from others of the same file."""

    identity: tuple[str, str]
    day: date
    region: str
    model: str
    usage_type: str
    amount: Decimal
    cost_nanos: int


def parse_costs(row: Mapping[str, Any]) -> CostLine | None:
    """The line of a row; None for rows of other products, and those that no call made. Raises MalformedCostError."""
    name = _product_name(row)
    if str(_value(row, "product") or "") not in _PRODUCTS and _EDITION not in name:
        return None
    if str(_value(row, "kind") or "") not in _USAGE:
        return None
    currency = str(_value(row, "currency") or "USD")
    if currency != "USD":
        raise MalformedCostError(f"in {currency[:8]}: only US dollars can be compared")
    identity, interval = str(_value(row, "id") or ""), str(_value(row, "interval") or "")
    if not identity:
        raise MalformedCostError("the line has no identity")
    usage_type = _text(_value(row, "usage_type"), 200)
    return CostLine(
        identity=(identity, interval),
        day=_day(_value(row, "start")),
        region=_text(_value(row, "region"), 32) or region_of_usage(usage_type),
        model=billed_model(name.replace(_EDITION, "") if _EDITION in name else "", usage_type)[:200],
        usage_type=usage_type,
        amount=_number(_value(row, "amount"), "usage amount"),
        cost_nanos=int((_number(_value(row, "cost"), "cost") * NANOS_PER_DOLLAR).to_integral_value()),
    )


_MONTH = re.compile(
    r"^(.*/(?:BILLING_PERIOD=\d{4}-\d{2}|\d{8}-\d{8}|year=\d{4}/month=\d{1,2}))/(?:(.*)/)?[^/]+$", re.I
)


def report_of(address: str) -> tuple[str, str]:
    """The folder of the month that a file of the bill is of, and the delivery within it; a file by itself where none."""
    found = _MONTH.match(address)
    return (found[1], found[2] or "") if found else (address, "")


def _product_name(row: Mapping[str, Any]) -> str:
    if name := _value(row, "product_name"):
        return str(name)[:300]
    product = _value(row, "product_map")
    if isinstance(product, str) and _EDITION in product:
        try:
            product = json.loads(product)
        except (ValueError, RecursionError):
            return ""
    if isinstance(product, list):  # a map, as Parquet has it: pairs
        product = dict(pair for pair in product if isinstance(pair, tuple) and len(pair) == 2)
    return str(product.get("product_name") or "")[:300] if isinstance(product, dict) else ""


def _value(row: Mapping[str, Any], name: str) -> Any:
    return next((row[column] for column in COLUMNS[name] if row.get(column) not in (None, "")), None)


def _text(value: Any, most: int) -> str:
    return str(value or "")[:most].replace("\x00", "")


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).date()
    try:
        return datetime.fromisoformat(str(value)).date()
    except ValueError as error:
        raise MalformedCostError("the usage start is not a timestamp") from error


def _number(value: Any, what: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise MalformedCostError(f"the {what} is not a number") from error
    if not number.is_finite() or abs(number) > 10**9:
        raise MalformedCostError(f"the {what} is not a usable number")
    return number
