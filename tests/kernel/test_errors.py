"""The family of what can go wrong: each member has a code, a status, a name of its own; the API answers each the same way."""

import ast
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.urls import path
from rest_framework.exceptions import NotAuthenticated

from accounts.access.admin import as_typed
from accounts.api.exceptions import answered
from kernel import errors
from kernel.errors import (
    ConflictError,
    DomainError,
    GoneError,
    InvalidError,
    MissingError,
    UnavailableError,
    at,
)

ROOT = Path(__file__).resolve().parents[2]
PLACES = (
    "governance", "prompts", "gateway/catalogue", "gateway/knowledge", "gateway/reconciliation", "gateway/demo", "gateway/management",
    "platform/accounts", "platform/kernel",
)  # fmt: skip
"""What is not on the path of a call: that has refusals."""
APART = {
    "Refusal": "the gateway's callers are answered in their own wire format",
    "Unusable": "it stays in the process that reads one document",
    "_LostError": "it stays in its module",
    "_Broken": "it stays in its module",
}
"""Exceptions that are no members, and why."""


def exceptions() -> list[tuple[str, str]]:
    """(module, class) of what is raised in services and policy."""
    found = []
    for place in PLACES:
        assert (ROOT / place).is_dir()
        for file in sorted((ROOT / place).rglob("*.py")):
            if "migrations" in file.parts or "tests" in file.parts:
                continue
            module = ".".join(file.relative_to(ROOT / "platform" if place.startswith("platform") else ROOT).with_suffix("").parts)  # fmt: skip
            for node in ast.parse(file.read_text()).body:
                if isinstance(node, ast.ClassDef) and any(_is_error(base) for base in node.bases):
                    found.append((module, node.name))
    return found


def _is_error(base: ast.expr) -> bool:
    name = base.id if isinstance(base, ast.Name) else base.attr if isinstance(base, ast.Attribute) else ""
    return name.endswith(("Error", "Exception"))


ALL = exceptions()


@pytest.mark.parametrize(("module", "name"), ALL, ids=lambda value: value)
def test_each_is_of_the_family(module, name):
    if name in APART:
        return
    found = getattr(import_module(module), name)
    if module == "kernel.batching":  # of a queue, which knows nobody who asks
        return
    assert issubclass(found, DomainError)
    assert found.__doc__
    assert found.code.replace("_", "").isalpha()
    assert found.status in (400, 402, 403, 404, 409, 410, 503)


def test_no_two_have_one_name():
    names = Counter(name for _, name in ALL)
    assert [name for name, count in names.items() if count > 1] == []


class _PickyError(InvalidError):
    """Of one field."""

    code = "picky"
    field = "colour"


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (ConflictError("It is taken."), 409, {"detail": "It is taken.", "code": "conflict"}),
        (ConflictError("Two.", problems=["a", "b"]), 409, {"detail": "Two.", "code": "conflict", "problems": ["a", "b"]}),
        (MissingError("None."), 404, {"detail": "None.", "code": "not_found"}),
        (GoneError("Erased."), 410, {"detail": "Erased.", "code": "gone"}),
        (UnavailableError("Later."), 503, {"detail": "Later.", "code": "unavailable"}),
        (InvalidError("Not so."), 400, ["Not so."]),
        (_PickyError("Not so."), 400, {"colour": ["Not so."]}),
        (InvalidError("x", fields={"a": ["b", "c"]}), 400, {"a": ["b", "c"]}),
        (IntegrityError("key"), 409, {"detail": "This conflicts with what is there already.", "code": "conflict"}),
        (ValidationError({"name": ["Too long."], "__all__": ["Both."]}), 400, {"name": ["Too long."], "non_field_errors": ["Both."]}),
        (ValidationError("Alone."), 400, {"non_field_errors": ["Alone."]}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)  # fmt: skip
def test_the_api_answers(error, status, body):
    answer = answered(error, {})
    assert answer is not None
    assert answer.status_code == status
    assert answer.data == body


def test_what_is_drf_s_own_stays_so_and_what_is_nobody_s_is_ours():
    assert answered(NotAuthenticated(), {}).status_code == 401
    assert answered(RuntimeError("no"), {}) is None


@pytest.mark.parametrize(("field", "body"), [("arms", {"arms": ["No."]}), ("", ["No."])])
def test_where_it_lies_is_said_by_who_knows_the_field(field, body):
    with pytest.raises(ConflictError) as raised, at(field):
        raise ConflictError("No.")
    answer = answered(raised.value, {})
    assert (answer.status_code, answer.data) == (400, body)


def test_a_field_of_a_form_says_it_as_django_does():
    with pytest.raises(ValidationError) as raised, as_typed():
        raise InvalidError("No.")
    assert raised.value.messages == ["No."]


@pytest.mark.parametrize(
    "name",
    ["InvalidError", "ForbiddenError", "MissingError", "ConflictError", "GoneError", "UnavailableError"],
)
def test_a_page_that_says_nothing_itself_answers_with_the_message_and_the_status(client, settings, name):
    settings.ROOT_URLCONF = __name__
    kind = getattr(errors, name)
    answer = client.post(f"/{name}/")
    assert answer.status_code == kind.status
    assert "Take another &lt;name&gt;." in answer.content.decode()


def _refuses(request, name):
    raise getattr(errors, name)("Take another <name>.")


urlpatterns = [path("<name>/", _refuses)]
