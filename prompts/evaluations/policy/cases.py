"""PURE: test cases out of files: CSV as programs write it, and JSON lines. A file is taken whole or not at all."""

import codecs
import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from kernel.errors import InvalidError
from kernel.stored_json import unkeepable
from prompts.evaluations.policy.assertions import BadAssertionError, decode_assertions

MAX_BYTES = 10 * 1024 * 1024
MAX_CASES = 5_000
MAX_VALUE_LENGTH = 200_000
"""Characters of one variable, expected answer or note."""
MAX_COLUMNS = 200
MAX_ERRORS = 20
"""So many are named; the rest are counted."""

_RESERVED = ("expected", "assertions", "note")
_DELIMITERS = ",;\t|"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What goes in, and what is expected to come out."""

    variables: dict[str, Any]
    expected: Any = None
    assertions: list[Any] = []
    note: str = ""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """The cases of a file, and what is wrong with it, each with its line. With errors nothing is to be taken."""

    cases: list[Case]
    errors: list[str]
    notes: list[str] = []


class BadCaseError(InvalidError):
    """A case that can't be used; the message says why."""

    code = "bad_case"


def read_csv(raw: bytes, *, kinds: Mapping[str, str] | None = None) -> Read:
    """Cases of a CSV: a column for each variable, and `expected`, `assertions`, `note`. `kinds`: JSON types of variables."""
    text, notes, problem = _text_of(raw)
    if problem:
        return Read(cases=[], errors=[problem])
    rows = _rows(text)
    header, problem = _header(rows)
    if problem:
        return Read(cases=[], errors=[problem], notes=notes)
    found = _Collected(notes)
    for line, cells in rows:
        if isinstance(cells, str):
            found.error(line, cells)
            break  # what follows can't be told apart
        if any(cell.strip() for cell in cells):
            found.add(line, lambda cells=cells: _case_of_cells(header, cells, kinds or {}))
        if found.is_full:
            break
    return found.read()


def read_jsonl(raw: bytes, *, kinds: Mapping[str, str] | None = None) -> Read:
    """Cases of JSON lines: {"variables": {…}, "expected": …, "assertions": […], "note": "…"}, or the variables alone."""
    del kinds  # JSON says itself what is a number
    text, notes, problem = _text_of(raw)
    if problem:
        return Read(cases=[], errors=[problem])
    found = _Collected(notes)
    for line, content in enumerate(io.StringIO(text, newline=None), 1):
        if content.strip():
            found.add(line, lambda content=content: _case_of_json(content))
        if found.is_full:
            break
    return found.read()


class _Collected:
    def __init__(self, notes: list[str]) -> None:
        self._cases: list[Case] = []
        self._errors: list[str] = []
        self._more = 0
        self._notes = notes
        self.is_full = False

    def add(self, line: int, make: Any) -> None:
        if len(self._cases) == MAX_CASES:
            self.error(
                line, f"There are more than {MAX_CASES:,} cases. Split the file into several test sets."
            )
            self.is_full = True
            return
        try:
            self._cases.append(check_case(make()))
        except BadCaseError as error:
            self.error(line, str(error))

    def error(self, line: int, message: str) -> None:
        if len(self._errors) < MAX_ERRORS:
            self._errors.append(f"Line {line}: {message}")
        else:
            self._more += 1

    def read(self) -> Read:
        more = [f"And {self._more:,} more."] if self._more else []
        if not self._cases and not self._errors:
            more = ["There are no cases in this file."]
        return Read(cases=self._cases, errors=self._errors + more, notes=self._notes)


def _text_of(raw: bytes) -> tuple[str, list[str], str]:
    """The text, what is to be told of it, and why there is none."""
    if len(raw) > MAX_BYTES:
        return "", [], f"The file has {len(raw) / 1024 / 1024:.0f} MB: at most {MAX_BYTES // 1024 // 1024} MB are taken. Split it."  # fmt: skip
    encoding = next((name for mark, name in _BOMS if raw.startswith(mark)), "")
    if not encoding and b"\0" in raw:
        return (
            "",
            [],
            "Not a text file: it contains NUL bytes. Save it as CSV or JSON Lines in UTF-8.",
        )
    try:
        return raw.decode(encoding or "utf-8"), [], ""
    except UnicodeDecodeError as error:
        if encoding:
            return "", [], f"The file says it is {encoding}, and is not: at byte {error.start:,} it can't be read. Save it as UTF-8."  # fmt: skip
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError as error:
        return "", [], f"The file is not UTF-8: at byte {error.start:,} it can't be read. Save it as UTF-8."
    return text, ["The file is not UTF-8. It was read as Windows-1252: look whether accents are right."], ""


def _rows(text: str) -> Iterator[tuple[int, list[str] | str]]:
    """Rows with the line that each begins on; instead of one that can't be read, why, and then no more."""
    csv.field_size_limit(MAX_VALUE_LENGTH)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, _csv_problem(str(error))
            return
        yield line, cells


def _csv_problem(message: str) -> str:
    if "field larger" in message:
        return f"A cell has more than {MAX_VALUE_LENGTH:,} characters. Perhaps a quote is never closed."
    if "unexpected end" in message:
        return "A quote is opened here and never closed."
    return f"The CSV can't be parsed: {message}."


def _delimiter(text: str) -> str:
    """What the first line that says anything has most of outside quotes."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    outside = "".join(first.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)


def _header(rows: Iterator[tuple[int, list[str] | str]]) -> tuple[list[str], str]:
    """The names of the columns, or why they can't be used."""
    for line, cells in rows:
        if isinstance(cells, str):
            return [], f"Line {line}: {cells}"
        if not any(cell.strip() for cell in cells):
            continue
        names = [cell.strip().removeprefix("variables.") for cell in cells]
        while names and not names[-1]:
            names.pop()  # spreadsheets leave commas behind
        if len(names) > MAX_COLUMNS:
            return [], f"Line {line}: there are {len(names)} columns, at most {MAX_COLUMNS} are taken."
        if "" in names:
            return (
                [],
                f"Line {line}: column {names.index('') + 1} has no name. The first line names the columns.",
            )
        twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
        return names, f"Line {line}: two columns are called “{twice}”." if twice is not None else ""
    return [], "There is nothing in this file."


def _case_of_cells(header: list[str], cells: list[str], kinds: Mapping[str, str]) -> Case:
    if any(cell.strip() for cell in cells[len(header) :]):
        raise BadCaseError(f"{len(cells)} cells, but {len(header)} columns. Put quotes around a cell that has the separator in it.")  # fmt: skip
    if len(cells) < len(header):
        raise BadCaseError(f"{len(cells)} cells, but {len(header)} columns.")
    row = dict(zip(header, cells, strict=False))
    assertions = row.get("assertions", "").strip()
    expected = row.get("expected", "")
    return Case(
        variables={name: _typed(name, cell, kinds.get(name, "string")) for name, cell in row.items() if name not in _RESERVED},
        expected=_expected(expected) if expected.strip() else None,
        assertions=_json_of("assertions", assertions) if assertions else [],
        note=row.get("note", "").strip(),
    )  # fmt: skip


def _expected(cell: str) -> Any:
    """A text, or JSON where it is an object or a list."""
    if cell.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            return cell
    return cell


def _typed(name: str, cell: str, kind: str) -> Any:
    """A cell as the type that the prompt's variable has."""
    if kind in ("", "string"):
        return cell
    text = cell.strip()
    if kind == "boolean" and text.lower() in ("true", "false", "yes", "no", "1", "0"):
        return text.lower() in ("true", "yes", "1")
    value = _json_of(name, text)
    fits = {
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "array": isinstance(value, list), "object": isinstance(value, dict),
    }  # fmt: skip
    if not fits.get(kind, kind != "boolean"):
        raise BadCaseError(f"“{name}” is {'an' if kind[0] in 'aio' else 'a'} {kind}, “{text[:40]}” is not.")
    return value


def _json_of(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadCaseError(f"“{name}” is not valid JSON: {error}.") from error


def _case_of_json(line: str) -> Case:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadCaseError(f"Not valid JSON: {error}.") from error
    if not isinstance(found, dict):
        raise BadCaseError('A line is a JSON object, such as {"variables": {"text": "…"}, "expected": "…"}.')
    if isinstance(found.get("variables"), dict):
        unknown = sorted(set(found) - {"variables", *_RESERVED})
        if unknown:
            raise BadCaseError(
                f"“{unknown[0]}” is not known beside “variables”. Known are: {', '.join(_RESERVED)}."
            )
        variables = found["variables"]
    else:
        variables = {name: value for name, value in found.items() if name not in _RESERVED}
    note = found.get("note") or ""
    if not isinstance(note, str):
        raise BadCaseError("“note” is a text.")
    return Case(
        variables=variables,
        expected=found.get("expected"),
        assertions=found.get("assertions") or [],
        note=note,
    )


def check_case(case: Case) -> Case:
    """The case, if it can be run. Raises BadCaseError."""
    if not case.variables and case.expected is None:
        raise BadCaseError("There is neither a variable nor an expected answer.")
    others = [("expected", case.expected), ("note", case.note), ("assertions", case.assertions)]
    for name, value in [*case.variables.items(), *others]:
        size = len(value) if isinstance(value, str) else len(json.dumps(value))
        if size > MAX_VALUE_LENGTH:
            raise BadCaseError(
                f"“{name[:40]}” has {size:,} characters: at most {MAX_VALUE_LENGTH:,} are taken."
            )
        if isinstance(value, str) and "\0" in value:
            raise BadCaseError(f"“{name[:40]}” has a character of zero in it.")
        _check_whole(name, value)
        if problem := unkeepable([name, value]):
            raise BadCaseError(f"“{name[:40]}” has {problem}.")
    try:
        decode_assertions(case.assertions)
    except BadAssertionError as error:
        raise BadCaseError(str(error)) from error
    return case


def _check_whole(name: str, value: Any) -> None:
    """JSON's escapes can write half a character, which no database takes."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise BadCaseError(
            f"“{name[:40]}” has half a character in it, as some programs write emoji."
        ) from error
