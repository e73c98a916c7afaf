"""PURE: what differs between providers that are asked without AWS: addresses, headers, what errors mean, what quotas say."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.providers.direct.errors import ErrorRule
from gateway.providers.provider import Attempt, Headroom

Header = Callable[[str], str]
"""A header of an answer by its name; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One provider. `headers` are those that show the account's key."""

    title: str
    base_url: str
    rules: tuple[ErrorRule, ...]
    headers: Callable[[Attempt], dict[str, str]]
    headroom: Callable[[Header], Headroom | None]
    request_id_header: str
    usual_models_path: str = "/models"
    """Where its list of models is, by which an account is tried; empty: it has none."""
