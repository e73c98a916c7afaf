"""Assertions as a form: rows of which each has a kind and that kind's fields. A field of any form or model form.

    class SomeForm(forms.Form):
        assertions = AssertionsField(kinds=("contains", "latency"))

        def __init__(self, ...):
            self.fields["assertions"].shows(thing.assertions, judges=names)

Its value is the JSON list. What was saved as it was served is the very list that was given. Rows work without scripts: the
style sheet shows the fields of the kind that is chosen, and where there are no scripts, one row more is there to be filled in.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from prompts.evaluations.admin.assertion_kinds import KIND_FORMS, KindForm
from prompts.evaluations.policy.assertions import KINDS, Assertion, BadAssertionError, decode_assertions
from prompts.evaluations.services.test_sets import same_json

EVERY_KIND = tuple(name for name, _ in KINDS)
_TOTAL = "TOTAL_FORMS"
"""As in Django's formsets: rows.js counts with it, and a form without it has no assertions to say anything of."""


class AssertionRow:
    """One assertion: its kind, and the fields of every kind, of which those of the chosen one count."""

    def __init__(
        self, name: str, *, raw: Any = None, kinds: Sequence[str], judges: Sequence[str], data: Mapping[str, Any] | None
    ) -> None:  # fmt: skip
        self.name, self.errors = name, list[str]()
        self._raw, self._stored, self._judges = raw, _struct(raw), judges
        own = self._stored.kind if self._stored else ""
        self.kind = own if data is None else str(data.get(f"{name}-kind", ""))
        self.is_removed = data is not None and bool(data.get(f"{name}-removed"))
        self.forms: list[KindForm] = [
            form(_sent(data, prefix), prefix=prefix, assertion=self._stored, judges=judges)
            for form in KIND_FORMS
            if form.kind() in (*kinds, own) and (prefix := f"{name}-{form.kind()}")
        ]
        for each in self.forms:
            each.counts = each.kind() == self.kind

    @property
    def chosen(self) -> KindForm | None:
        return next((form for form in self.forms if form.kind() == self.kind), None)

    def read(self) -> Any:
        """The assertion's JSON; None where the row says nothing, or something wrong: then there are errors."""
        form = self.chosen
        if self.is_removed or (form is None and self._raw is None and not self._has_words()):
            return None
        if form is None:
            self.errors.append("Choose what to check, or remove this.")
            return None
        is_own = self._stored is not None and self._stored.kind == self.kind
        if is_own and form.is_bound and form.is_as_served():
            return self._raw
        if not form.is_bound:  # the kind came without a field
            place = self.forms.index(form)
            form = self.forms[place] = type(form)({}, prefix=form.prefix or "", judges=self._judges)
        return msgspec.to_builtins(form.made) if form.is_valid() else None

    @property
    def has_errors(self) -> bool:
        return bool(self.errors) or (
            self.chosen is not None and self.chosen.is_bound and bool(self.chosen.errors)
        )

    def _has_words(self) -> bool:
        return bool(self.kind) or any(form.is_bound and not form.is_as_served() for form in self.forms)


def _struct(raw: Any) -> Assertion | None:
    try:
        return msgspec.convert(raw, Assertion) if raw is not None else None
    except msgspec.ValidationError:
        return None


def _sent(data: Mapping[str, Any] | None, prefix: str) -> Mapping[str, Any] | None:
    """What was sent, if it has any of these fields: without one, those of a new row are shown."""
    return data if data is not None and any(key.startswith(f"{prefix}-") for key in data) else None


class AssertionRows:
    """Assertions as rows: those of a list, or with `data` what was sent of them."""

    def __init__(
        self, stored: Sequence[Any], *, name: str = "assertions", kinds: Sequence[str] = EVERY_KIND,
        judges: Sequence[str] = (), data: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.name, self.errors, self._stored = name, list[str](), list(stored)
        self._options: dict[str, Any] = {"kinds": kinds, "judges": judges}
        self.choices = [(form.kind(), form.title) for form in KIND_FORMS if form.kind() in kinds]
        numbers = range(len(self._stored)) if data is None else _numbers(data, name)
        self.rows = [self._row(number, data) for number in numbers]
        self.total = max((*numbers, len(self._stored) - 1), default=-1) + 1
        self._value = self._read() if data is not None else self._stored

    def _row(self, number: int, data: Mapping[str, Any] | None) -> AssertionRow:
        raw = self._stored[number] if number < len(self._stored) else None
        return AssertionRow(f"{self.name}-{number}", raw=raw, data=data, **self._options)

    def _read(self) -> list[Any]:
        found = [raw for row in self.rows if (raw := row.read()) is not None]
        if not any(row.has_errors for row in self.rows):
            try:
                decode_assertions(found)
            except BadAssertionError as error:
                self.errors.append(str(error))
        return found

    @property
    def empty(self) -> AssertionRow:
        """A new row, for rows.js."""
        return AssertionRow(f"{self.name}-__prefix__", data=None, **self._options)

    @property
    def spare(self) -> AssertionRow:
        """A new row for browsers without scripts."""
        return AssertionRow(f"{self.name}-{self.total}", data=None, **self._options)

    def is_valid(self) -> bool:
        """Whether all rows can be read."""
        return not self.errors and not any(row.has_errors for row in self.rows)

    def assertions(self) -> list[Any]:
        """The JSON list, where they are valid."""
        return self._value

    def has_changed(self) -> bool:
        """Whether it differs from what was stored."""
        return not self.is_valid() or not same_json(self._value, self._stored)


def _numbers(data: Mapping[str, Any], name: str) -> list[int]:
    """The numbers of the rows that were sent, however many the browser says there are."""
    row = re.compile(rf"{re.escape(name)}-(\d{{1,6}})-kind", re.ASCII)
    return sorted({int(found[1]) for key in data if (found := row.fullmatch(key))})


class AssertionsWidget(forms.Widget):
    """Rows on a page."""

    class Media:
        js = ("gatehouse/rows.js",)

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.stored: Sequence[Any] = ()
        self.options: dict[str, Any] = {}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> AssertionRows:
        sent = None if self.value_omitted_from_data(data, files, name) else data
        return AssertionRows(self.stored, name=name, data=sent, **self.options)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-{_TOTAL}" not in data

    def id_for_label(self, id_: str) -> str:
        return ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        rows = value if isinstance(value, AssertionRows) else AssertionRows(value or (), name=name, **self.options)  # fmt: skip
        context = {"rows": rows, "is_disabled": bool((attrs or {}).get("disabled"))}
        return render_to_string("admin/prompts/evaluations/assertion_rows.html", context)


def closed_rows(stored: Sequence[Any], *, judges: Sequence[str] = ()) -> SafeString:
    """Assertions for people who only read them."""
    widget = AssertionsWidget()
    widget.options = {"judges": judges}
    return widget.render("assertions", stored, {"disabled": True})


class AssertionsFormField(forms.Field):
    """A list of assertions. `kinds` are those that are offered."""

    widget: AssertionsWidget

    def __init__(self, *, kinds: Sequence[str] = EVERY_KIND, **kwargs: Any) -> None:
        super().__init__(required=False, widget=AssertionsWidget(), **kwargs)
        self.widget.options = {"kinds": kinds}

    def shows(self, stored: Sequence[Any], *, judges: Sequence[str] = ()) -> None:
        """What is there already, and the names of prompts that can judge."""
        self.initial = self.widget.stored = list(stored)
        self.widget.options = {**self.widget.options, "judges": judges}

    def clean(self, value: Any) -> list[Any]:
        if not isinstance(value, AssertionRows):
            return list(value or ())
        if not value.is_valid():
            raise forms.ValidationError(value.errors or ["Something above is missing or wrong: it says where."])  # fmt: skip
        return value.assertions()

    def has_changed(self, initial: Any, data: Any) -> bool:
        return isinstance(data, AssertionRows) and data.has_changed()
