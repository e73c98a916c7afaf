"""PURE: prompts as files, for teams that keep them in git: one YAML file a prompt, read and written the same way.

name: support-reply
description: Answers a customer's question.
tags: [support]
fallback: Please call us.
note: Shorter answers.
goal: Fewer follow-up questions.
version:
  model: claude-sonnet-4-5
  messages:
    - role: system
      text: |
        You answer for {{ company }}.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec
import yaml

from kernel.errors import InvalidError
from kernel.stored_json import unkeepable
from prompts.registry.policy.document import Document, decode_document, encode_document

MAX_CHARACTERS = 1_000_000
_MAX_NODES = 50_000
_DEEPEST = 100


class BadFileError(InvalidError):
    """The file can't be read; the message says where and why."""

    code = "bad_file"
    field = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptFile:
    """What a file says."""

    name: str
    document: Document
    description: str = ""
    tags: list[str] = field(default_factory=list)
    fallback: str = ""
    note: str = ""
    goal: str = ""


_TEXTS = ("description", "fallback", "note", "goal")


def read_file(text: str) -> PromptFile:
    """A file's content. BadFileError for what is no prompt."""
    value = load_document(text)
    unknown = set(value) - {"name", "tags", "version", *_TEXTS}
    if unknown:
        raise BadFileError(f"There is no “{min(map(str, unknown))}” in a prompt's file.")
    if not isinstance(value.get("name"), str) or not value["name"]:
        raise BadFileError("The file does not say the prompt's name.")
    for name in _TEXTS:
        if not isinstance(value.get(name, ""), str):
            raise BadFileError(f"“{name}” must be a text.")
    tags = value.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise BadFileError("“tags” must be a list of texts.")
    return PromptFile(
        name=value["name"],
        document=document_from(value.get("version") or {}),
        tags=tags,
        **{name: value.get(name, "") for name in _TEXTS},
    )


def load_document(text: str) -> dict[str, Any]:
    """A YAML mapping. BadFileError where it is none, or grows when its aliases are followed."""
    value = load_value(text)
    if not isinstance(value, dict):
        raise BadFileError("The file must hold a mapping: “name: …”.")
    return value


def load_value(text: str) -> Any:
    """A JSON value, written as YAML. BadFileError where it is none."""
    if len(text) > MAX_CHARACTERS:
        raise BadFileError(f"The file has more than {MAX_CHARACTERS} characters.")
    try:
        _check_events(text)
        value = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader, narrowed further
    except yaml.YAMLError as error:
        raise BadFileError(f"The file is not valid YAML: {' '.join(str(error).split())[:300]}") from error
    except (ValueError, ArithmeticError, LookupError, AttributeError) as error:  # !!int x, a number too long
        raise BadFileError(f"The file has a value that can't be read: {str(error)[:300]}.") from error
    if problem := unkeepable(value):
        raise BadFileError(f"The file has {problem}.")
    return value


def _check_events(text: str) -> None:
    """BadFileError for what would cost too much to make values of."""
    depth = nodes = 0
    for event in yaml.parse(text, Loader=_Loader):
        nodes += isinstance(event, yaml.NodeEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            raise BadFileError("The file uses YAML's aliases (*name): write the text out.")
        if nodes > _MAX_NODES:
            raise BadFileError(f"The file has more than {_MAX_NODES} values.")
        if depth > _DEEPEST:
            raise BadFileError("The file is nested too deeply.")


class _Loader(yaml.SafeLoader):
    """YAML as another way to write JSON: 2024-01-31 is a text, as it would be there."""


_NOT_JSON = frozenset(f"tag:yaml.org,2002:{name}" for name in ("timestamp", "value", "merge"))
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NOT_JSON]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def document_from(value: Any) -> Document:
    """A version's document from its YAML. BadFileError says what does not fit."""
    if not isinstance(value, dict):
        raise BadFileError("“version” must be a mapping.")
    try:
        return decode_document(value)
    except msgspec.ValidationError as error:
        raise BadFileError(f"The version does not fit: {str(error).replace('`$.', '`')}.") from error


def write_file(file: PromptFile) -> str:
    """The file of a prompt."""
    value: dict[str, Any] = {"name": file.name}
    value |= {
        name: text
        for name in ("description", "tags", "fallback", "note", "goal")
        if (text := getattr(file, name))
    }
    value["version"] = encode_document(file.document)
    return dump(value)


def dump(value: Any) -> str:
    """YAML with texts of several lines as blocks, so that a diff shows lines."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text


_ODD_BREAKS = re.compile("[\r\x85\u2028\u2029]")
"""Line breaks that are read as others unless they are escaped."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _ODD_BREAKS.search(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _string)
