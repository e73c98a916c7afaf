"""What names a module, a template or a task in a text names one that exists: nothing else notices when it moves."""

import re
from collections.abc import Iterator
from importlib import import_module

import pytest
from django.conf import settings
from django.template.loader import get_template

from config.celery import SCHEDULE, app
from tests.services import ROOT

APPS = ("accounts", "config", "embedded", "gateway", "governance", "kernel", "prompts")
SOURCES = [
    path
    for folder in ("gateway", "governance", "prompts", "platform")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
]
_TEMPLATE = re.compile(r"""["']((?:admin|unfold)/[\w/]+\.html)["']""")
_PAGE = re.compile(r"""\brender_page\(\s*request,\s*"([\w/]+)\"""")
"""How a page of the admin names its template: without the folder and the suffix."""
_MODEL = re.compile(r"\w+\.[A-Z]\w+")
"""How Django's foreign keys name a model: `prompts.Arm`."""
_DOTTED = re.compile(rf"""["']((?:{"|".join(APPS)})(?:\.\w+)+)["']""")


def texts_in(value: object) -> Iterator[str]:
    """Every text in a setting."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from texts_in(key)
            yield from texts_in(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from texts_in(member)


def leads_somewhere(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    parts = name.split(".")
    for number in range(len(parts), 0, -1):
        try:
            found: object = import_module(".".join(parts[:number]))
        except ModuleNotFoundError:
            continue
        for part in parts[number:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def test_settings_name_what_is_there():
    every = [getattr(settings, name) for name in dir(settings) if name.isupper() and name != "LOGGING"]
    names = {
        text
        for value in every
        for text in texts_in(value)
        if re.fullmatch(rf"(?:{'|'.join(APPS)})(?:\.\w+)+", text)
    }
    names -= {settings.AUTH_USER_MODEL}
    assert len(names) > 15
    assert [name for name in sorted(names) if not leads_somewhere(name)] == []


def test_templates_that_are_named_exist():
    named = {name for path in SOURCES for name in _TEMPLATE.findall(path.read_text())}
    named |= {
        name for path in (ROOT / "templates").rglob("*.html") for name in _TEMPLATE.findall(path.read_text())
    }
    named |= {f"admin/{name}.html" for path in SOURCES for name in _PAGE.findall(path.read_text())}
    assert len(named) > 40
    for name in sorted(named):
        get_template(name)


def test_every_task_that_is_asked_for_is_one():
    app.loader.import_default_modules()
    asked = {str(each["task"]) for each in SCHEDULE.values()}
    for path in SOURCES:
        asked |= {name for name in _DOTTED.findall(path.read_text()) if ".tasks." in name}
    assert asked <= set(app.tasks)


def test_modules_that_are_run_by_their_name_exist():
    named = {
        name
        for path in SOURCES
        for name in _DOTTED.findall(path.read_text())
        if ".tasks." not in name and not _MODEL.fullmatch(name)
    }
    assert {
        "governance.privacy.services.names.worker",
        "prompts.knowledge.services.extraction.child",
    } <= named
    assert [name for name in sorted(named) if not leads_somewhere(name)] == []


@pytest.mark.parametrize(
    "name", ["gateway.nothing", "governance.limits.models.Nothing", "prompts.tasks.nothing"]
)
def test_a_name_of_nothing_is_told(name):
    assert not leads_somewhere(name)
