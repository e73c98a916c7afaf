"""What the documents name exists: targets, commands, links, files, variables, error codes. Their Python compiles."""

import re
import tomllib
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from gateway.refusals import STATUS
from tests.services import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TOP = tuple(sorted(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_VARIABLE = re.compile(r"\b(?:GATEHOUSE|DATABASE|REDIS|BEDROCK|AWS)_[A-Z][A-Z_]+\b")
_TARGET = re.compile(r"(?:`|^|\s)make ([a-z]+(?:-[a-z]+)*)(?=[`\s]|$)", re.MULTILINE)
_COMMAND = re.compile(r"manage\.py ([a-z_]+)((?: --?[^`|\n]*)?)")
_PATH = re.compile(rf"`((?:{'|'.join(TOP)})/[\w./-]+)`")
_CODE_ROW = re.compile(r"^\| (\d{3}) \| `(\w+)` \|", re.MULTILINE)


def prose(document: Path) -> str:
    return _FENCE.sub("", document.read_text())


def blocks(document: Path, *languages: str) -> list[str]:
    return [code for language, code in _FENCE.findall(document.read_text()) if language in languages]


def commands_in(document: Path) -> str:
    """Where commands stand: shell blocks, and code in the prose."""
    return "\n".join([*blocks(document, "sh"), *re.findall(r"`([^`\n]+)`", prose(document))])


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub gives the headings."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(document: Path) -> list[str]:
    broken = []
    for link in _LINK.findall(prose(document)):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def unknown_targets(text: str) -> set[str]:
    return set(_TARGET.findall(text)) - targets()


def unknown_commands(text: str) -> set[str]:
    """Names of commands, and options that a command does not have."""
    known = get_commands()
    unknown = set()
    for name, arguments in _COMMAND.findall(text):
        if name not in known:
            unknown.add(name)
            continue
        parser = load_command_class(known[name], name).create_parser("manage.py", name)
        options = {option for action in parser._actions for option in action.option_strings}
        unknown |= {
            f"{name} {option}" for option in re.findall(r"--[\w-]+", arguments) if option not in options
        }
    return unknown


OF_CLIENTS = {"GATEHOUSE_API_KEY", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"}
"""What clients read, and Gatehouse does not."""


def unknown_variables(text: str) -> set[str]:
    settings = (ROOT / "docs" / "settings.md").read_text()
    return set(_VARIABLE.findall(text)) - set(re.findall(r"`([A-Z_]+)`", settings)) - OF_CLIENTS


def missing_paths(text: str) -> set[str]:
    return {path for path in _PATH.findall(text) if not (ROOT / path).exists()}


def error_rows(text: str) -> dict[str, int]:
    return {code: int(status) for status, code in _CODE_ROW.findall(text)}


@pytest.fixture(params=DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def document(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_links_and_images_lead_somewhere(document):
    assert broken_links(document) == []


def test_make_targets_exist(document):
    assert unknown_targets(commands_in(document)) == set()


def test_commands_and_their_options_exist(document):
    assert unknown_commands(commands_in(document)) == set()


def test_variables_are_settings(document):
    assert unknown_variables(document.read_text()) == set()


def test_files_exist(document):
    assert missing_paths(document.read_text()) == set()


def test_python_compiles(document):
    for number, code in enumerate(blocks(document, "python"), 1):
        compile(code, f"{document.name}, block {number}", "exec")


def test_every_fence_says_its_language(document):
    assert [language for language, _ in _FENCE.findall(document.read_text()) if not language] == []


def test_every_error_code_is_listed_with_its_status():
    assert error_rows((ROOT / "docs" / "api.md").read_text()) == STATUS


def test_the_index_lists_every_page():
    index = (ROOT / "docs" / "README.md").read_text()
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {page for page in pages if f"({page})" not in index} == set()


def test_import_rules_in_prose_are_those_that_are_checked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    prose = (ROOT / "CONTRIBUTING.md").read_text()
    for contract in contracts:
        if contract["type"] == "layers":
            layers = " > ".join(re.sub(r"[()]", "", layer) for layer in contract["layers"])
            assert f"`{layers}`" in prose, contract["name"]


def test_every_noun_is_in_the_layout():
    """What CONTRIBUTING says is in an app is what is there."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE))
    for app in ("governance", "prompts"):
        nouns = {path.parent.name for path in (ROOT / app).glob("[a-z]*/policy*")}
        nouns |= {path.parent.name for path in (ROOT / app).glob("[a-z]*/models*")}
        assert nouns == set(re.findall(r"`(\w+)`", rows[app]))


def test_the_readme_names_the_targets_people_run():
    assert {"run", "test", "check", "bench"} <= set(_TARGET.findall(commands_in(ROOT / "README.md")))


def test_decisions_are_numbered_without_gaps_and_say_the_three_things():
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [path.name[:4] for path in decisions] == [
        f"{number:04}" for number in range(1, len(decisions) + 1)
    ]
    for path in decisions:
        assert path.read_text().startswith(f"# {path.name[:4]}: "), path.name
        assert anchors(path) >= {"context", "decision", "consequence"}, path.name


def test_files_of_the_project_that_name_a_document_name_one_that_exists():
    sources = [*ROOT.glob("*.toml"), ROOT / "Makefile"]
    for folder in ("platform", "gateway", "governance", "prompts", "tests"):
        sources += (ROOT / folder).rglob("*.py")
    named = {name for path in sources for name in re.findall(r"docs/[\w/-]+\.md", path.read_text())}
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_the_checks_find_what_is_wrong(tmp_path):
    wrong = tmp_path / "wrong.md"
    wrong.write_text("# A heading\n[a](nowhere.md) [b](#a-heading) [c](#no-heading) ![d](no.png)\n")
    assert broken_links(wrong) == ["nowhere.md", "#no-heading", "no.png"]
    assert unknown_targets("make run\nmake nothing") == {"nothing"}
    assert unknown_commands("manage.py nothing") == {"nothing"}
    assert unknown_commands("manage.py seed_calls --count 5 --cuont 5") == {"seed_calls --cuont"}
    assert unknown_variables("`GATEHOUSE_PORT` GATEHOUSE_PROT") == {"GATEHOUSE_PROT"}
    assert missing_paths("`gateway/pipeline.py` `gateway/pipelines.py`") == {"gateway/pipelines.py"}
    assert error_rows("| 402 | `budget_exceeded` | x |") == {"budget_exceeded": 402}
