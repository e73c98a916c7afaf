import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.evaluations.policy import cases
from prompts.evaluations.policy.cases import read_csv, read_jsonl


def only(found):
    assert found.errors == []
    (case,) = found.cases
    return case


def test_a_column_for_each_variable():
    case = only(
        read_csv(
            b'question,expected,note,assertions\nWhere?,"Here, there",Easy,"[{""kind"": ""contains""}]"\n'
        )
    )
    assert case.variables == {"question": "Where?"}
    assert (case.expected, case.note) == ("Here, there", "Easy")
    assert case.assertions == [{"kind": "contains"}]


def test_cells_become_what_the_prompt_s_variables_are():
    kinds = {"n": "integer", "ok": "boolean", "price": "number", "tags": "array"}
    case = only(read_csv(b'n,ok,price,tags,id\n3,Yes,2.5,"[1, 2]",007\n', kinds=kinds))
    assert case.variables == {"n": 3, "ok": True, "price": 2.5, "tags": [1, 2], "id": "007"}


def test_an_expected_object_is_json_and_text_that_only_looks_so_is_text():
    assert only(read_csv(b'q,expected\nx,"{""a"": 1}"\n')).expected == {"a": 1}
    assert only(read_csv(b"q,expected\nx,{curly}\n")).expected == "{curly}"
    assert only(read_csv(b"q,expected\nx,\n")).expected is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_files_as_programs_write_them(encoding, separator, newline):
    text = newline.join(
        [
            separator.join(["frage", "expected"]),
            separator.join(["Grüße, wo?".replace(",", ""), "Köln 🎉"]),
            "",
        ]
    )
    case = only(read_csv(text.encode(encoding)))
    assert (case.variables, case.expected) == ({"frage": "Grüße wo?"}, "Köln 🎉")


def test_windows_text_is_read_and_said_so():
    found = read_csv("frage\nGrüße\n".encode("cp1252"))
    assert found.cases[0].variables == {"frage": "Grüße"}
    assert "Windows-1252" in found.notes[0]


def test_commas_and_lines_that_spreadsheets_leave_behind():
    found = read_csv(b"q,expected,,\na,b,,\n,,,\n\n c ,d,,\n")
    assert found.errors == []
    assert [case.variables["q"] for case in found.cases] == ["a", " c "]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "nothing in this file"),
        (b"\n\n", "nothing in this file"),
        (b"q\n", "no cases"),
        (b"q,,expected\na,b,c\n", "column 2 has no name"),
        (b"q,q\na,b\n", "two columns are called “q”"),
        (b"q,expected\na\n", "Line 2: 1 cells, but 2 columns"),
        (b"q,expected\nfine,ok\na,b,c\n", "Line 3: 3 cells, but 2 columns"),
        (b'q,expected\n"never closed,x\nb,c\n', "Line 2: A quote is opened here and never closed"),
        (b'q\n"a"b\n', "Line 2: The CSV can't be parsed"),
        (b"q,assertions\na,[\n", "Line 2: “assertions” is not valid JSON"),
        (b'q,assertions\na,"[{""kind"": ""x""}]"\n', "Line 2: Assertion 1: “kind” is one of"),
        (b"PK\x03\x04\x00\x00", "Not a text file"),
        (b"\xff\xfe\x00", "says it is utf-16"),
        (b"q\n\x81\x8d\n", "not UTF-8"),
        (b"q\n" + b"x" * (cases.MAX_VALUE_LENGTH + 1) + b"\n", "more than 200,000 characters"),
        (b",".join(b"c%d" % n for n in range(300)) + b"\n", "300 columns"),
        (b"x" * (cases.MAX_BYTES + 1), "at most 10 MB"),
        (b"q\n" + b"a\n" * (cases.MAX_CASES + 1), "more than 5,000 cases"),
    ],
)  # fmt: skip
def test_a_bad_file_says_which_line_and_why(raw, words):
    found = read_csv(raw)
    assert any(words in error for error in found.errors), found.errors


def test_a_cell_of_the_wrong_type_says_so():
    assert read_csv(b"n\nmany\n", kinds={"n": "integer"}).errors == [
        "Line 2: “n” is not valid JSON: Expecting value: line 1 column 1 (char 0)."
    ]
    assert "“n” is an integer" in read_csv(b"n\n2.5\n", kinds={"n": "integer"}).errors[0]


def test_many_errors_are_counted():
    found = read_csv(b"q,expected\n" + b"a\n" * 100)
    assert len(found.errors) == cases.MAX_ERRORS + 1
    assert found.errors[-1] == "And 80 more."


def test_lines_of_json():
    lines = [
        {"variables": {"n": 3}, "expected": {"a": 1}, "assertions": [{"kind": "equals"}], "note": "x"},
        {"question": "Where?", "expected": "Here"},
    ]
    found = read_jsonl("\n\n".join(map(json.dumps, lines)).encode())
    assert found.errors == []
    assert found.cases[0].variables == {"n": 3}
    assert found.cases[0].expected == {"a": 1}
    assert found.cases[1].variables == {"question": "Where?"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "Line 1: Not valid JSON"),
        ("[1]", "Line 1: A line is a JSON object"),
        ("{}", "neither a variable nor"),
        ('{"variables": {"a": 1}, "expcted": 2}', "“expcted” is not known"),
        ('{"q": "\\ud800"}', "half a character"),
        ('{"q": "\\u0000"}', "a character of zero"),
        ('{"q": 1, "note": 5}', "“note” is a text"),
        ("[" * 100_000, "Line 1"),
    ],
)
def test_a_bad_line_of_json_says_why(line, words):
    found = read_jsonl(line.encode())
    assert words in found.errors[0]


CELLS = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30
).filter(str.strip)


@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8))
def test_what_python_writes_is_read_back(rows):
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([("q", "expected"), *rows])
    found = read_csv(out.getvalue().encode())
    assert found.errors == []
    assert [case.variables["q"] for case in found.cases] == [q for q, _ in rows]


@given(raw=st.binary(max_size=300))
def test_no_bytes_break_the_readers(raw):
    for read in (read_csv, read_jsonl):
        found = read(raw)
        assert found.cases or found.errors
