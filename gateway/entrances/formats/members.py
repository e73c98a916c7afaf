"""PURE: what becomes of each member of a request. One table per format; a test compares it with the SDKs' own types.

Structs refuse what they don't know, which costs nothing. Only a body with such a member is read a second time: the
unknown is left out then, and said (`X-Gatehouse-Adjusted`), since an SDK's next release must not stop its callers.
"""

import re
from enum import StrEnum
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
import orjson

from gateway.call.fit import Adjustment
from gateway.call.places import Places
from gateway.catalogue.wishes import from_member
from gateway.refusals import Refusal

Body = TypeVar("Body", bound=msgspec.Struct)
_INDEX = re.compile(r"\[\d+\]")
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", re.ASCII)
_MAX_NAMED = 10
_UNKNOWN = "unknown field"
_OWN = "gatehouse"
"""The member with what is Gatehouse's own."""


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """The base of what callers send: it refuses unknown members, which are then looked at."""


class Treatment(StrEnum):
    """What becomes of a member."""

    HONOURED = "honoured"
    LET_GO = "let go"  # it changes nothing of the answer
    NOTED = "noted"  # it can't be honoured, and the answer is as good without: left out, and said
    REFUSED = "refused"  # by name, unless it asks for nothing


class Reader:
    """Reads bodies of one format."""

    def __init__(self, body: type[Body]) -> None:
        self._body = body
        self._decode = msgspec.json.Decoder(body).decode

    def __call__(self, data: bytes, places: Places) -> Any:
        """The body. Raises what msgspec does for one that does not fit."""
        try:
            return self._decode(data)
        except msgspec.ValidationError as error:
            if _UNKNOWN not in str(error):
                raise
        value = orjson.loads(data)
        if isinstance(value, dict):
            take_own(value, places)
        unknown: dict[str, None] = {}
        kept = _known(value, self._body, "", unknown)
        say_dropped(list(unknown), places)
        return self._decode(orjson.dumps(kept))


def take_own(body: dict[str, Any], places: Places) -> None:
    """Takes what is Gatehouse's own out of a body. Refusal invalid_request for wishes that are none."""
    if (own := body.pop(_OWN, None)) is not None:
        places.wishes = from_member(own)


def unknown_members(
    value: Any, kind: type[msgspec.Struct], let_go: frozenset[str] = frozenset()
) -> list[str]:
    """The paths, without numbers, of members that the type of a value does not have; `let_go` are names that need no word."""
    unknown: dict[str, None] = {}
    _known(value, kind, "", unknown)
    return [path for path in unknown if path.rpartition(".")[2] not in let_go]


def shown_name(name: str) -> str:
    """A member's name as a header and a record may say it: as no SDK names one, it may be anybody's words."""
    return name if _PLAIN_NAME.fullmatch(name) else "a member with an unusual name"


def say_dropped(paths: list[str], places: Places) -> None:
    """Says of members that they were left out, by their names; of very many, how many more there are."""
    for number, path in enumerate(paths):
        if number == _MAX_NAMED:
            places.adjustments.append(Adjustment("more members", "dropped", str(len(paths) - number)))
            break
        places.adjustments.append(Adjustment(path[:100], "dropped"))


class Members:
    """What becomes of the members of one format."""

    def __init__(
        self,
        table: dict[str, Treatment],
        *,
        neutral: dict[str, tuple[Any, ...]],
        hints: dict[str, str],
    ) -> None:
        """`neutral` has, by member, the values that ask for nothing."""
        self.table = table
        self._neutral = neutral
        self._hints = hints
        self._watched = [
            name for name, treatment in table.items() if treatment in (Treatment.NOTED, Treatment.REFUSED)
        ]
        self._read = attrgetter(*self._watched)
        self._nothing = (None,) * len(self._watched)

    def treat(self, body: msgspec.Struct, places: Places) -> None:
        """Notes members that are left out, and refuses by name those that can't be done without."""
        values = self._read(body)
        if values == self._nothing:
            return
        for name, value in zip(self._watched, values, strict=True):
            if value is None or value in self._neutral.get(name, ()):
                continue
            if self.table[name] is Treatment.NOTED:
                places.adjustments.append(Adjustment(name, "dropped"))
                continue
            raise Refusal(
                "invalid_request",
                f"'{name}' is not supported for models on Bedrock. {self._hints.get(name, 'Leave it out.')}",
                param=name,
            )


def _known(value: Any, kind: Any, path: str, unknown: dict[str, None]) -> Any:
    """The value without members that its type does not have; their paths, without numbers, are put into `unknown`."""
    if isinstance(value, dict):
        struct = _struct_of(kind, value)
        if struct is None:
            return value
        members, tag = _members(struct)
        kept = {}
        for name, inner in value.items():
            where = f"{path}.{name}" if path else str(name)
            if name in members:
                kept[name] = _known(inner, members[name], where, unknown)
            elif name == tag:
                kept[name] = inner
            else:
                shown = f"{path}.{shown_name(name)}" if path else shown_name(name)
                unknown[_INDEX.sub("[]", shown)] = None
        return kept
    if isinstance(value, list):
        inner_kind = next((get_args(each)[0] for each in _options(kind) if get_origin(each) is list), None)
        if inner_kind is None:
            return value
        return [_known(inner, inner_kind, f"{path}[{number}]", unknown) for number, inner in enumerate(value)]
    return value


@cache
def _options(kind: Any) -> tuple[Any, ...]:
    """The types of a union, or the type alone."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        return tuple(option for each in get_args(kind) if each is not NoneType for option in _options(each))
    return (kind,)


def _struct_of(kind: Any, value: dict[str, Any]) -> type[msgspec.Struct] | None:
    """Which struct of a union an object is; None where it is none, or of a kind that nobody knows."""
    structs = [each for each in _options(kind) if isinstance(each, type) and issubclass(each, msgspec.Struct)]
    for struct in structs:
        config = struct.__struct_config__
        if config.tag is None or value.get(config.tag_field or "type") == config.tag:
            return struct
    return None


@cache
def _members(struct: type[msgspec.Struct]) -> tuple[dict[str, Any], str | None]:
    """Types by the names on the wire, and the name of the member that tells the struct from others."""
    hints = get_type_hints(struct, include_extras=True)
    config = struct.__struct_config__
    return {
        field.encode_name: hints[field.name] for field in msgspec.structs.fields(struct)
    }, config.tag_field if config.tag is not None else None
