"""The admin as a person meets it: signed in with a real browser, each page opened, nothing broken behind it."""

import json
import logging
import shutil

import pytest
from django.core.management import call_command

from accounts.models import ApiKey, Team
from gateway.cache.models import CachePair
from governance.privacy.models import PrivacyPolicy
from governance.records.models import AuditRecord
from prompts.registry.models import Prompt
from tests.gateway.cache.factories import make_entry, make_pair
from tests.governance.privacy.factories import make_policy
from tests.governance.records.factories import make_call
from tests.prompts.evaluations.factories import make_set
from tests.prompts.registry.factories import make_prompt
from tests.services import until

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium and its driver are not installed"),
]
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1440,900",
)  # fmt: skip
LISTS = (
    "accounts/team", "accounts/application", "accounts/apikey", "accounts/user", "governance/budget",
    "governance/auditrecord", "gateway/route", "gateway/model", "gateway/deployment", "gateway/price",
)  # fmt: skip


@pytest.fixture
def browser(tmp_path):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in (*OPTIONS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.implicitly_wait(10)
    yield driver
    driver.quit()


@pytest.fixture
def demo(transactional_db, tmp_path):
    call_command("load_demo", data_dir=tmp_path)
    return json.loads((tmp_path / "demo.json").read_text())


WEBSOCKET = """const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws/admin/playground");
    socket.onerror = socket.onclose = settled;"""
INLINE = """const script = document.createElement("script"); script.textContent = "window.ran = true";
    document.body.append(script); settled();"""


class Visitor:
    """A person at the browser."""

    def __init__(self, driver, base: str) -> None:
        self.driver = driver
        self.base = base

    def opens(self, path: str) -> str:
        self.driver.get(path if path.startswith("http") else self.base + path)
        return self.text()

    def text(self) -> str:
        return self.driver.execute_script("return document.body ? document.body.innerText : ''")

    def one(self, selector: str):
        return self.driver.find_element("css selector", selector)

    def links(self, selector: str) -> list[str]:
        return [each.get_attribute("href") for each in self.driver.find_elements("css selector", selector)]

    def types(self, name: str, text: str) -> None:
        self.one(f"[name={name}]").send_keys(text)

    def clicks(self, selector: str) -> None:
        found = self.one(selector)
        self.driver.execute_script(
            "arguments[0].scrollIntoView({block: 'center'})", found
        )  # the buttons below cover it
        found.click()

    def breaks_policy(self, script: str) -> bool:
        """Whether what a script of the test does is stopped by the page's policy; it calls `settled` when it is done."""
        return self.driver.execute_async_script(
            """const done = arguments[0]; let broken = false;
            document.addEventListener("securitypolicyviolation", () => { broken = true; });
            const settled = () => setTimeout(() => done(broken), 200);"""
            + script
        )

    def errors(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.fixture
def visitor(browser, live_server, demo) -> Visitor:
    visitor = Visitor(browser, live_server.url)
    visitor.opens("/")
    visitor.types("username", demo["admin_email"])
    visitor.types("password", demo["admin_password"])
    visitor.clicks("form button[type=submit]")
    assert visitor.one(".gh-cards").is_displayed()
    return visitor


def test_every_page_opens(visitor, caplog):
    caplog.set_level(logging.ERROR)
    assert "Spending by team" in visitor.opens("/admin/")
    for name in LISTS:
        text = visitor.opens(f"/admin/{name}/")
        assert "Something went wrong" not in text, name
        details = [link for link in visitor.links("#result_list a") if link.endswith("/change/")]
        visitor.opens(details[0])
        assert visitor.one("#content").text, name
        if name != "governance/auditrecord":
            visitor.opens(f"/admin/{name}/add/")
            assert visitor.one("[name=_save]"), name
    visitor.opens("/admin/password_change/")
    assert visitor.errors() == []
    assert [record.message for record in caplog.records] == []


def test_pairs_are_labelled_by_one_key_each(visitor):
    team = Team.objects.first()
    make_entry(team)
    first, second = (make_pair(team, asked=f"Is it free on day {number}?").pk for number in (1, 2))
    for name in ("cacheuse", "cacherule", "cacheentry", "cachepair", "cachepurge"):
        assert "Something went wrong" not in visitor.opens(f"/admin/gateway/{name}/")
    assert "day 2?" in visitor.opens("/admin/gateway/cachepair/label/")
    for key, shown in (("w", "day 1?"), ("f", "Nothing waits for a label"), ("u", "day 1?")):
        visitor.one("body").send_keys(key)
        until(lambda shown=shown: shown in visitor.text())
    labels = dict(CachePair.objects.values_list("pk", "label"))
    assert labels == {second: "different", first: "same"}
    assert visitor.errors() == []


def test_calls_are_paged_through_and_read(visitor):
    visitor.opens("/admin/governance/auditrecord/?status=succeeded")
    first = visitor.links("#result_list a")
    visitor.clicks("a[rel=next]")
    second = visitor.links("#result_list a")
    assert len(first) == len(second) == 50
    assert not set(first) & set(second)
    text = visitor.opens(second[0])
    for heading in ("What happened", "Conversation", "Tokens and cost", "Timing"):
        assert heading in text
    assert visitor.errors() == []


def test_no_page_breaks_its_content_policy(visitor):
    """The console tells of each script, style, font or connection that a policy stopped."""
    prompt = Prompt.objects.filter(versions__number=2).first() or make_prompt(
        Team.objects.first(), "policy", versions=2
    )
    test_set = make_set(Team.objects.first(), prompt, name="Policy")
    policy = PrivacyPolicy.objects.first() or make_policy(Team.objects.first())
    call = AuditRecord.objects.filter(status="succeeded").first()
    for path in (
        "/admin/", f"/admin/prompts/prompt/{prompt.pk}/playground/", f"/admin/governance/privacypolicy/{policy.pk}/change/",
        f"/admin/governance/auditrecord/{call.pk}/change/", f"/admin/prompts/testset/{test_set.pk}/change/",
        "/admin/governance/usageday/", "/admin/accounts/signin/", "/admin/accounts/signinattempt/", "/api/docs/",
    ):  # fmt: skip
        visitor.opens(path)
        assert visitor.one("body").is_displayed(), path
        assert visitor.errors() == [], path
    visitor.opens(f"/admin/prompts/prompt/{prompt.pk}/playground/")
    assert visitor.breaks_policy(WEBSOCKET) is False
    assert visitor.breaks_policy(INLINE) is True
    visitor.opens(f"/admin/prompts/prompt/{prompt.pk}/playground/")
    visitor.errors()
    visitor.clicks("#which [name=version] option:last-child")
    until(lambda: "version=" in visitor.driver.current_url)
    visitor.opens("/admin/accounts/signin/")
    visitor.clicks("button[formaction]")
    until(lambda: "/login/" in visitor.driver.current_url, seconds=60, what="the page to log in")
    assert visitor.one("[name=username]").is_displayed()
    assert visitor.errors() == []


@pytest.mark.quick
def test_a_key_is_made_shown_and_gone(visitor):
    visitor.opens("/admin/accounts/apikey/add/")
    visitor.clicks("select[name=application] option:nth-child(2)")
    visitor.types("name", "from the browser")
    visitor.clicks("[name=_save]")
    text = visitor.one("#key-text").text
    assert text.startswith("gh_")
    for client in ("openai-python", "claude-code"):
        visitor.clicks(f"[data-tab=client-{client}]")
        assert text in visitor.one(f"#lines-{client}-0").text
    visitor.clicks("[data-models=MODEL] option:last-child")
    chosen = visitor.one("[data-models=MODEL]").get_attribute("value")
    assert f'ANTHROPIC_MODEL="{chosen}"' in visitor.one("#lines-claude-code-0").text
    visitor.clicks("[data-wait]")
    assert visitor.one("[data-wait-show=waiting]").is_displayed()
    key = ApiKey.objects.get(name="from the browser")
    make_call(key.application.team, key.application, api_key=key, route=chosen)
    assert "Look at the call" in visitor.one("[data-wait-show=answered]:not([hidden])").text
    assert visitor.driver.current_url.endswith("/change/")
    visitor.driver.refresh()
    assert text not in visitor.driver.page_source
    assert visitor.errors() == []


def test_assertions_are_rows_of_which_one_sees_what_its_kind_has(visitor):
    from selenium.webdriver.support.ui import Select

    team = Team.objects.first()
    test_set = make_set(team, make_prompt(team, "rows"), name="Rows")
    page = f"/admin/prompts/testset/{test_set.pk}/change/"

    def shown() -> list[str]:
        parts = visitor.driver.find_elements("css selector", "[data-rows] .gh-kind")
        return [part.get_attribute("data-kind") for part in parts if part.is_displayed()]

    def add(kind: str) -> None:
        visitor.clicks("[data-add]")
        Select(visitor.one("[data-rows] > :last-child [data-kinds]")).select_by_value(kind)

    visitor.opens(page)
    assert shown() == ["equals"]
    add("latency")
    add("contains")
    add("judge")
    assert shown() == ["equals", "latency", "contains", "judge"]
    visitor.types("assertions-1-latency-at_most_ms", "1500")
    visitor.types("assertions-2-contains-texts", "one\ntwo")
    visitor.clicks("[data-rows] > :last-child [data-remove]")
    visitor.clicks("[data-rows] > :first-child [data-remove]")
    visitor.clicks("[name=_continue]")
    assert visitor.one("[name=assertions-0-latency-at_most_ms]").get_attribute("value") == "1500"
    assert shown() == ["latency", "contains"]
    test_set.refresh_from_db()
    assert test_set.assertions == [
        {"kind": "latency", "at_most_ms": 1500.0},
        {"kind": "contains", "texts": ["one", "two"]},
    ]
    assert visitor.errors() == []
