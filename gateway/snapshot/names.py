"""PURE: the names under which callers know a model, all led to the same route.

Whoever moves here brings names along: Anthropic's (`claude-haiku-4-5-20251001`, `-latest`, `[1m]`), Bedrock's ids, ARNs and
inference profiles, those of LiteLLM (`bedrock/converse/us.…`), OpenRouter (`anthropic/claude-haiku-4.5`) and Vertex
(`claude-haiku-4-5@20251001`). A name that is a route's, or its alias, is looked up before any of this.

A geography is kept: who names `eu.` stays in Europe, and is told that there is no such model where there is no such route.
Dates and versions are kept, too: another date is another model.

Sources: Bedrock's API reference, InvokeModel, `modelId`; Anthropic's docs, Models overview; docs.litellm.ai, providers/bedrock.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from gateway.snapshot.state import RouteEntry

GEOGRAPHIES = ("us-gov", "us", "eu", "apac", "global", "jp", "au", "ca")
"""What inference profiles put before a model's ID."""
_GEOGRAPHY = re.compile(rf"({'|'.join(GEOGRAPHIES)})\.")
_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:(?P<region>[a-z0-9-]*):\d*:(?P<kind>[a-z-]+)/(?P<id>.+)")
_MARK = re.compile(r"\[[^\]]{0,20}\]$")
"""Of Claude Code: `[1m]` asks for the long context, which is a matter of betas."""
_TAIL = re.compile(
    r"(?:-(?P<date>\d{8}))?(?:-latest)?(?:-v(?P<major>\d+))?(?::(?P<minor>\d+))?(?::\d+[km])?$"
)
_DOT = re.compile(r"(?<=\d)\.(?=\d)")
_HOMES = {"us": "us", "eu": "eu", "ap": "apac", "ca": "ca"}
_MAX_LENGTH = 300
_PROMPT = "prompt/"
_MAX_NEAR = 5
_LIKENESS = 0.5


class Spelling(NamedTuple):
    """A name in its parts; None where it does not say."""

    geography: str
    vendor: str
    base: str
    date: str | None
    major: str | None
    minor: str | None
    region: str
    """Of an ARN."""


def spelling(name: str, vendors: frozenset[str]) -> Spelling:
    """A name taken apart. What stands before a slash says by which way a model is called, and is let go."""
    text = name.strip().lower()[:_MAX_LENGTH]
    text = _MARK.sub("", unquote(text) if "%" in text else text)
    region = ""
    if (arn := _ARN.fullmatch(text)) is not None:
        region, text = arn["region"], arn["id"]
    text = text.rpartition("/")[2].replace("@", "-")
    geography = ""
    if (found := _GEOGRAPHY.match(text)) is not None:
        geography, text = found[1], text[found.end() :]
    vendor, dot, rest = text.partition(".")
    vendor, text = (vendor, rest) if dot and vendor in vendors else ("", text)
    tail = _TAIL.search(text)
    assert tail is not None  # it may be empty
    base = _DOT.sub("-", text[: tail.start()])
    return Spelling(geography, vendor, base, tail["date"], tail["major"], tail["minor"], region)


class Names:
    """All routes by what their names and aliases say, whatever else is written around it."""

    def __init__(self, routes: Iterable[tuple[list[str], RouteEntry]] = ()) -> None:
        several = list(routes)
        self._vendors = frozenset(
            deployment.model_id.partition(".")[0] for _, route in several for deployment in route.deployments
        )
        self._known: dict[tuple[str, str], list[tuple[Spelling, RouteEntry]]] = defaultdict(list)
        self._by_arn: dict[str, RouteEntry] = {}
        self._by_deployment: dict[int, RouteEntry] = {}
        for aliases, route in several:
            for name in (route.name, *aliases):
                found = spelling(name, self._vendors)
                self._known[found.geography, found.base].append((found, route))
            for deployment in route.deployments:
                self._by_deployment.setdefault(deployment.id, route)
                if deployment.invoke_id.startswith("arn:"):
                    self._by_arn.setdefault(deployment.invoke_id, route)

    def find(self, name: str, profiles: dict[int, str] | None = None) -> RouteEntry | None:
        """The route that a name means, which is no route's own; None where none is meant, or several could be.

        `profiles` are the ARNs of a team's own inference profiles, by deployment.
        """
        if name.startswith(_PROMPT):
            return None  # whatever a prompt is called, it is no model
        if name.startswith("arn:") and (own := self._of_arn(name, profiles or {})) is not None:
            return own
        asked = spelling(name, self._vendors)
        if not asked.base:
            return None
        if asked.region and not asked.geography:
            return self._in_region(asked)
        return _chosen(asked, self._known.get((asked.geography, asked.base), []))

    def _of_arn(self, arn: str, profiles: dict[int, str]) -> RouteEntry | None:
        deployment = next((each for each, own in profiles.items() if own == arn), None)
        route = None if deployment is None else self._by_deployment.get(deployment)
        return route or self._by_arn.get(arn)

    def _in_region(self, asked: Spelling) -> RouteEntry | None:
        """For the ARN of a model in a region: a route that stays in that part of the world."""
        part = asked.region.partition("-")[0]
        here = _chosen(asked, self._known.get((_HOMES.get(part, part), asked.base), []))
        anywhere = [
            (known, route)
            for known, route in self._known.get(("", asked.base), [])
            if any(each.region.partition("-")[0] == part for each in route.deployments)
        ]
        return _chosen(asked, anywhere) or here


def _chosen(asked: Spelling, known: list[tuple[Spelling, RouteEntry]]) -> RouteEntry | None:
    if asked.vendor and any(each.vendor for each, _ in known):
        known = [each for each in known if each[0].vendor == asked.vendor]
    if asked.date is not None and any(each.date for each, _ in known):
        known = [each for each in known if each[0].date == asked.date]
    if asked.major is not None and any(each.major for each, _ in known):
        known = [each for each in known if _is_version(each[0], asked)]
    if len({id(route) for _, route in known}) <= 1:
        return known[0][1] if known else None
    newest = max(each.date or "" for each, _ in known)
    dated = [each for each in known if (each[0].date or "") == newest]
    if len({(each.major, each.minor) for each, _ in dated if each.major}) > 1:
        return None  # another version is another model
    own = next((route for each, route in dated if each.base == route.name), None)
    return own or dated[0][1]


def _is_version(known: Spelling, asked: Spelling) -> bool:
    return known.major == asked.major and (None in (known.minor, asked.minor) or known.minor == asked.minor)


@lru_cache(maxsize=1024)
def nearest(asked: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the names that are most like what was asked for, the likest first."""
    parts = spelling(asked, frozenset({asked.rpartition("/")[2].lower().partition(".")[0]}))
    plain = spelling(asked[:_MAX_LENGTH], frozenset())
    found: dict[str, None] = {}
    for wanted in (parts.base, plain.base):
        found |= dict.fromkeys(get_close_matches(wanted[:80], names, _MAX_NEAR, _LIKENESS))
    return tuple(found)[:_MAX_NEAR]
