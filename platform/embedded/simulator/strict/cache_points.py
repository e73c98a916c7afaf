"""Rules of cache points."""

import itertools

from embedded.simulator.shapes import mapping
from embedded.simulator.strict.asked import Asked
from embedded.simulator.strict.rule import Found, Rule, found


def many_points(asked: Asked) -> Found | None:
    return found(len(asked.cache_points) > (asked.can.cache_points or 4), number=len(asked.cache_points))


def point_first(asked: Asked) -> Found | None:
    for block in asked.of("cachePoint"):
        if block.index == 0:
            return {"path": block.path}
    if asked.system and asked.system[0][0] == "cachePoint":
        return {"path": "system.0"}
    return next(
        ({"path": point.path} for point in asked.cache_points if point.path == "toolConfig.tools.0"), None
    )


def two_points(asked: Asked) -> Found | None:
    for before, after in itertools.pairwise(asked.cache_points):
        head, _, last = before.path.rpartition(".")
        if after.path == f"{head}.{int(last) + 1}":
            return {"path": after.path}
    return None


def no_caching(asked: Asked) -> Found | None:
    return found(asked.cache_points and not asked.can.cache_points)


def no_place(asked: Asked) -> Found | None:
    for point in asked.cache_points:
        if point.place not in asked.can.cache_places:
            where, _, index = point.path.rpartition(".")
            return {"where": f"{where.replace('.', '/')}/{index}"}
    return None


def no_lifetime(asked: Asked) -> Found | None:
    for point in asked.cache_points:
        if point.ttl and point.ttl not in asked.can.cache_lifetimes:
            return {"path": point.path, "ttl": point.ttl}
    return None


def longer_later(asked: Asked) -> Found | None:
    seen_short = False
    for point in asked.cache_points:
        if point.ttl == "1h" and seen_short:
            return {"path": point.path}
        seen_short = seen_short or point.ttl != "1h"
    return None


def behind_text_document(asked: Asked) -> Found | None:
    for point in asked.of("cachePoint") if asked.is_claude else ():
        before = asked.messages[point.message].blocks[point.index - 1]
        if point.index and before.kind == "document":
            document = mapping(before.value)
            if document.get("format") != "pdf":
                return {"path": point.path}
    return None


_PAGE = "AWS user guide: Prompt caching"
CACHE = (
    Rule(
        "no prompt cache",
        "You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more "
        "information.",
        "BerriAI/litellm#39210; " + _PAGE,
        no_caching,
        code="AccessDeniedException",
        status=403,
    ),
    Rule(
        "place of cache points",
        "Malformed input request: #/{where}: extraneous key [cachePoint] is not permitted, please reformat your input and try again.",
        _PAGE,
        no_place,
    ),
    Rule("cache point first", "The cachePoint at {path} has no content before it. Remove the cachePoint and try again.", _PAGE, point_first),
    Rule("two cache points", "The cachePoint at {path} directly follows another cachePoint. Remove it and try again.", _PAGE, two_points),
    Rule("lifetime of cache points", "The ttl {ttl} at {path} is not supported by this model. Remove ttl and try again.", _PAGE, no_lifetime),
    Rule("number of cache points", "A maximum of 4 blocks with cache_control may be provided. Found {number}.", "Anthropic API docs: Prompt caching", many_points, by_model=True),
    Rule(
        "longer lifetimes first",
        "{path}: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block",
        "Anthropic API docs: Prompt caching",
        longer_later,
        by_model=True,
    ),
    Rule("cache point behind a text document", "{path}.type: Field required", "pizza-bot-app/pizza-bot#6 (one report)", behind_text_document, by_model=True),
)  # fmt: skip
