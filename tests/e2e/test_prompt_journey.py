"""A prompt's whole way in a real browser: draft, tests red, fixed, two approvals, a staged rollout that takes itself back
when answers break, and its way forward again.

With GATEHOUSE_SCREENSHOTS set to a folder, every page on the way is photographed there.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.client import HTTP
from tests.e2e.test_run import Run
from tests.services import temporary_folder, until

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium and its driver are not installed"),
]
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-sync",
    "--disable-component-update",
)
PASSWORD = "the-way-of-a-prompt-7"
PEOPLE = """
from accounts.models import Membership, Team, User
team = Team.objects.get(name="Customer Support")
for name, role in (("dora", "developer"), ("rita", "reviewer"), ("ravi", "reviewer")):
    user = User.objects.create_user(f"{name}@example.com", "{PASSWORD}", name=name.title())
    Membership.objects.create(user=user, team=team, role=role)
from accounts.models import Application
from accounts.services.api_keys import create_key
application = Application.objects.filter(team=team, is_internal=False).first()
from governance.limits.models import RateLimit
RateLimit.objects.filter(team=team).delete()  # all of this is asked for within a minute or two
print(create_key(application=application, name="journey").text)
""".replace("{PASSWORD}", PASSWORD)
SCHEMA = (
    "type: object\nrequired: [item, count]\nproperties:\n  item: {type: string}\n  count: {type: integer}\n"
)
GOOD, BAD = '{"item": "pens", "count": 3}', "I can't read that order."


class Browser:
    """Somebody at a browser."""

    def __init__(self, run: Run, profile: Path) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM or ""
        for option in (*OPTIONS, f"--user-data-dir={profile}", "--window-size=1400,1000"):
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        self.driver.implicitly_wait(10)
        self.base = f"http://127.0.0.1:{run.port}"
        self._shots = 0

    def enter(self, email: str, password: str) -> None:
        self.driver.delete_all_cookies()
        self.opens("/admin/")
        self.types("username", email)
        self.types("password", password)
        self.clicks("form button[type=submit]")
        self.one(".gh-cards")

    def opens(self, path: str) -> None:
        self.driver.get(self.base + path)

    def one(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def clicks(self, selector: str) -> None:
        element = self.one(selector)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        self.driver.execute_script("arguments[0].click()", element)

    def saves(self) -> None:
        """Sends a form of the admin off, and waits for the page behind it."""
        before = self.driver.current_url
        self.clicks("[name=_save]")
        until(
            lambda: (
                self.driver.current_url != before or self.driver.find_elements("css selector", ".errorlist")
            ),
            what="the page behind the form",
        )
        assert self.driver.current_url != before, self.text()

    def types(self, name: str, text: str) -> None:
        """Fills a field in, whatever it is."""
        self.driver.execute_script(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change', {bubbles: true}))",
            self.one(f'[name="{name}"]'), text,
        )  # fmt: skip

    def text(self) -> str:
        """What can be read on the page, in small letters: labels are shown in capitals."""
        return str(self.one("body").text).lower()

    def sees(self, words: str, *, seconds: float = 20) -> None:
        until(lambda: words.lower() in self.text(), seconds=seconds, what=f"“{words}”")

    def at(self, pattern: str) -> re.Match[str]:
        until(lambda: re.search(pattern, self.driver.current_url), what=pattern)
        found = re.search(pattern, self.driver.current_url)
        assert found
        return found

    def shows(self, name: str) -> None:
        """Photographs the page, where that is asked for."""
        self._shots += 1
        if folder := os.environ.get("GATEHOUSE_SCREENSHOTS"):
            height = self.driver.execute_script("return document.documentElement.scrollHeight")
            self.driver.set_window_size(1400, min(height + 150, 4000))
            self.driver.save_screenshot(f"{folder}/{self._shots:02}-{name}.png")
            self.driver.set_window_size(1400, 1000)


@pytest.fixture
def run() -> Iterator[Run]:
    folder = temporary_folder()
    started = Run(folder / "data").wait_until_ready()
    yield started
    started.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def browser(run: Run, tmp_path: Path) -> Iterator[Browser]:
    browser = Browser(run, tmp_path / "profile")
    yield browser
    browser.shows("the-end")
    browser.driver.quit()


def says(run: Run, *scripts: dict[str, Any]) -> None:
    """What the model answers from now on, by words of the prompt."""
    url = f"http://127.0.0.1:{run.environment['GATEHOUSE_SIMULATOR_PORT']}/_simulator/replies"
    HTTP.put(url, json=[{"times": None, **script} for script in scripts]).raise_for_status()


def calls(run: Run, key: str, number: int, *, begin: int = 0) -> list[int]:
    """The versions that so many end users got."""

    def one(user: int) -> int:
        headers = {"authorization": f"Bearer {key}", "x-gatehouse-end-user": f"user-{user}"}
        url = f"http://127.0.0.1:{run.port}/v1/prompts/order-reader/run"
        body = {"variables": {"order": "Three pens, please."}}
        answer = HTTP.post(url, json=body, headers=headers, timeout=60)
        assert answer.status_code in (200, 422), answer.text
        return int(answer.json()["version"]) if answer.status_code == 200 else 0

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, range(begin, begin + number)))


def test_from_the_first_draft_to_all_callers(run: Run, browser: Browser) -> None:
    key = manage(run, PEOPLE).split()[-1]
    password = re.search(r"admin@example.com / (\S+)", run.output)
    assert password
    says(run, {"match": "carefully", "text": GOOD}, {"match": "Read the order", "text": BAD})

    # The team's admin asks for two pairs of eyes.
    browser.enter("admin@example.com", password[1])
    browser.opens("/admin/prompts/reviewrule/add/")
    team = browser.one("#id_team option:nth-child(2)").get_attribute("value")
    teams = {
        each.text: each.get_attribute("value")
        for each in browser.one("#id_team").find_elements("css selector", "option")
    }
    browser.types("team", teams.get("Customer Support", team))
    browser.types("name", "Two pairs of eyes")
    browser.types("approvals", "2")
    browser.saves()
    browser.sees("Two pairs of eyes")
    browser.shows("rule")

    # A developer writes the prompt and a required test.
    browser.enter("dora@example.com", PASSWORD)
    browser.opens("/admin/prompts/prompt/add/")
    browser.types("team", teams["Customer Support"])
    browser.types("name", "order-reader")
    browser.types("description", "Reads what customers order.")
    browser.saves()
    prompt = browser.at(r"/prompt/(\d+)/versions/1/draft/")[1]
    write(browser, prompt, 1, "Read the order.", note="The first words.", is_new=True)
    browser.shows("draft")
    browser.opens("/admin/prompts/testset/add/")
    browser.types("team", teams["Customer Support"])
    browser.types("prompt", prompt)
    browser.types("name", "Orders")
    browser.clicks("[data-add=assertions]")
    browser.types("assertions-0-kind", "contains")
    browser.types("assertions-0-contains-texts", "pens")
    browser.one("#id_is_required").click()
    browser.saves()
    browser.opens("/admin/prompts/testset/")
    browser.sees("Orders")
    tests = re.search(r"/testset/(\d+)/", browser.driver.page_source)
    assert tests
    browser.opens(f"/admin/prompts/testset/{tests[1]}/cases/")
    browser.types("var-order", "Three pens, please.")
    browser.clicks("[name=add], form:last-of-type .gh-primary")
    browser.sees("Three pens, please.")

    # Red, and then fixed.
    assert "failed" in evaluated(browser, tests[1], 1)
    browser.shows("tests-red")
    write(browser, prompt, 1, "Read the order carefully.", note="The first words.")
    passed = evaluated(browser, tests[1], 1)
    assert "100" in passed
    browser.shows("tests-green")
    browser.opens(f"/admin/prompts/prompt/{prompt}/versions/1/draft/")
    browser.clicks("[name=submit]")
    browser.at(r"/versions/1/$")
    browser.shows("submitted")
    assert "you wrote it" in browser.text()

    # Two approvals; the first alone is not enough.
    approve(browser, prompt, 1, "rita@example.com")
    browser.sees("wants 1 more approval")
    approve(browser, prompt, 1, "ravi@example.com")
    browser.sees("Approved")
    browser.shows("approved")
    browser.enter("dora@example.com", PASSWORD)
    browser.opens(f"/admin/prompts/prompt/{prompt}/change/")
    browser.clicks("[value=move]")
    browser.sees("leads to version 1")
    until(lambda: calls(run, key, 1) == [1], what="the first version")

    # A second version goes out in stages, and its answers break.
    browser.opens(f"/admin/prompts/prompt/{prompt}/change/")
    browser.clicks("[value=draft]")
    browser.at(r"/versions/2/draft/")
    write(browser, prompt, 2, "Read the order carefully and quickly.", note="Faster.")
    evaluated(browser, tests[1], 2)
    browser.opens(f"/admin/prompts/prompt/{prompt}/versions/2/draft/")
    browser.clicks("[name=submit]")
    browser.at(r"/versions/2/$")
    for reviewer in ("rita@example.com", "ravi@example.com"):
        approve(browser, prompt, 2, reviewer)
    browser.shows("second-approved")
    browser.enter("dora@example.com", PASSWORD)
    first = rollout(browser, prompt)
    browser.shows("rollout-started")
    says(run, {"match": "quickly", "text": BAD}, {"match": "carefully", "text": GOOD})
    until(lambda: 0 in calls(run, key, 40), what="an answer of the second version")
    browser.opens(f"/admin/prompts/rollout/{first}/change/")

    def is_back() -> bool:
        time.sleep(1)  # it is watched every ten
        calls(run, key, 40)
        browser.opens(f"/admin/prompts/rollout/{first}/change/")
        return "rolled back" in browser.text()

    until(is_back, seconds=90, what="the roll-back")
    browser.shows("rolled-back")
    until(lambda: set(calls(run, key, 40)) == {1}, what="the first version for all")

    # What broke is mended, and it goes forward to everybody.
    says(run, {"match": "carefully", "text": GOOD})
    second = rollout(browser, prompt)

    def is_through() -> bool:
        time.sleep(1)
        calls(run, key, 40)
        browser.opens(f"/admin/prompts/rollout/{second}/change/")
        return "completed" in browser.text()

    until(is_through, seconds=120, what="the end of the rollout")
    browser.shows("completed")
    until(lambda: set(calls(run, key, 20)) == {2}, what="the second version for all")
    browser.opens(f"/admin/prompts/prompt/{prompt}/change/")
    browser.sees("version 2")
    browser.shows("overview")
    assert [entry for entry in browser.driver.get_log("browser") if entry["level"] == "SEVERE"] == []


def manage(run: Run, code: str) -> str:
    """What a piece of code prints in the shell of the running Gatehouse."""
    import subprocess
    import sys

    from tests.services import ROOT

    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", code], cwd=ROOT, env=run.environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def write(browser: Browser, prompt: str, number: int, words: str, *, note: str, is_new: bool = False) -> None:
    """Writes a draft and saves it."""
    browser.opens(f"/admin/prompts/prompt/{prompt}/versions/{number}/draft/")
    if is_new:
        browser.clicks("[data-add=messages]")
        browser.clicks("[data-add=variables]")
        browser.types("messages-0-role", "user")
        browser.types("variables-0-name", "order")
        browser.types("schema", SCHEMA)
        browser.types("mode", "text")
        browser.types("corrections", "0")
        browser.types("model", "claude-haiku-4-5")
    browser.types("messages-0-text", f"{words}\n<order>{{{{ order }}}}</order>")
    browser.types("note", note)
    browser.clicks(".gh-editor .gh-buttons .gh-primary")
    browser.sees("The draft is saved.")


def evaluated(browser: Browser, tests: str, number: int) -> str:
    """Runs the tests on a version; what its page says in the end."""
    browser.opens(f"/admin/prompts/testset/{tests}/run/")
    for box in browser.driver.find_elements("css selector", "[name=versions]"):
        if box.is_selected() != (box.get_attribute("value") == str(number)):
            browser.driver.execute_script("arguments[0].click()", box)
    browser.clicks("form .gh-primary")
    browser.at(r"/evaluation/\d+/")
    until(lambda: _is_finished(browser), seconds=60, what="the end of the run")
    return browser.text()


def _is_finished(browser: Browser) -> bool:
    browser.driver.refresh()
    return "finished" in browser.text()


def approve(browser: Browser, prompt: str, number: int, reviewer: str) -> None:
    browser.enter(reviewer, PASSWORD)
    browser.opens(f"/admin/prompts/prompt/{prompt}/versions/{number}/")
    browser.types("comment", "Reads well.")
    browser.clicks("[value=approve]")
    browser.at(rf"/versions/{number}/$")


def rollout(browser: Browser, prompt: str) -> str:
    """Starts a rollout of the second version in three steps; its id."""
    browser.opens(f"/admin/prompts/rollout/add/?prompt={prompt}")
    browser.types("version", "2")
    steps = (("30", "0", "10"), ("60", "0", "20"), ("100", "0", "20"))
    for index in range(6):
        share, minutes, number = steps[index] if index < len(steps) else ("", "", "")
        for name, value in (("share", share), ("minutes", minutes), ("calls", number)):
            if browser.driver.find_elements("name", f"step_{index}_{name}"):
                browser.types(f"step_{index}_{name}", value)
    browser.types("guard_errors_most", "5")
    browser.types("guard_contract_most", "5")
    browser.clicks("form .gh-primary")
    found = browser.at(r"/rollout/(\d+)/")[1]
    browser.clicks("[value=start]")
    browser.sees("Running")
    return found
