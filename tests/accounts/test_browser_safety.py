"""What browsers are told with every page: whose scripts run, what may be framed, and over what it comes."""

import os
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser

import pytest
from django.contrib import admin
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, Resolver404, resolve, reverse

from accounts.middleware import SecurityHeadersMiddleware
from tests.services import ROOT
from tests.world import World

pytestmark = pytest.mark.django_db
MOST_OF_A_KIND = 2
"""Pages of one pattern that are looked at: more of them differ in their rows alone."""


class Scripts(HTMLParser):
    """Finds what a policy of content forbids: scripts and handlers within a page, and scripts of others."""

    def __init__(self, text: str, nonce: str) -> None:
        super().__init__()
        self.nonce, self.bad, self.links = nonce, list[str](), set[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "script":
            source, kind = named.get("src"), named.get("type") or ""
            is_data = "json" in kind or "template" in kind
            if source is None and not is_data and named.get("nonce") != self.nonce:
                self.bad.append("inline script")
            if source is not None and (not source.startswith("/") or source.startswith("//")):
                self.bad.append(source)
        for name, value in attrs:
            if re.fullmatch(r"on[a-z]+", name):
                self.bad.append(f"{tag} {name}")
            if (value or "").strip().lower().startswith("javascript:"):
                self.bad.append(f"{tag} {name}={value}")
        if tag == "a" and (found := named.get("href") or "").startswith("/admin/"):
            self.links.add(found.split("#")[0])


def nonce_of(answer) -> str:
    return re.search(r"'nonce-([\w-]+)'", answer["Content-Security-Policy"])[1]


def seeds() -> list[str]:
    """The address of each page that takes no argument, or that of a row."""
    found = ["/admin/", "/admin/password_change/", "/api/docs/"]
    for model, page in admin.site._registry.items():
        pk = model._default_manager.values_list("pk", flat=True).first()
        for pattern in page.get_urls():
            for args in ([], [pk]):
                try:
                    found.append(reverse(f"admin:{pattern.name}", args=args))
                except NoReverseMatch:
                    continue
    return found


@pytest.mark.slow
def test_no_page_of_the_admin_has_a_script_within(world: World):
    """Every page that a superuser comes to, by its pattern and by the links of others."""
    client, seen, kinds, waiting = world.client("superuser"), set(), Counter(), seeds()
    while waiting:
        path = waiting.pop(0)
        bare = path.split("?")[0]
        try:
            kind = resolve(bare).view_name
        except Resolver404:
            continue
        if path in seen or kinds[kind] >= MOST_OF_A_KIND or kind == "admin:logout":
            continue
        seen.add(path)
        answer = client.get(path)
        if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
            continue
        kinds[kind] += 1
        assert "default-src 'self'" in answer["Content-Security-Policy"], path
        found = Scripts(answer.content.decode(), nonce_of(answer))
        assert found.bad == [], path
        waiting += sorted(found.links - seen)
    assert len(kinds) > 90, sorted(kinds)


@pytest.mark.parametrize(
    "path", ["/admin/login/", "/nothing-here", "/admin/nothing/", "/admin/accounts/team/"]
)
def test_what_is_seen_without_a_sign_in_has_none_either(path):
    answer = Client().get(path, headers={"accept": "text/html"}, follow=True)
    assert Scripts(answer.content.decode(), nonce_of(answer)).bad == []


@pytest.mark.parametrize("name", ["403.html", "404.html", "500.html", "refused.html"])
def test_pages_of_errors_have_none_either(name):
    assert Scripts(render_to_string(name, {"messages": ["x"]}), "").bad == []


def test_headers_of_pages():
    first, second = Client().get("/admin/login/"), Client().get("/admin/login/")
    assert nonce_of(first) != nonce_of(second)
    policy = first["Content-Security-Policy"]
    for part in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"):
        assert part in policy
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "'unsafe-inline'" not in scripts
    assert "*" not in policy
    assert "http" not in policy
    assert "camera=()" in first["Permissions-Policy"]
    assert first["Referrer-Policy"] == "same-origin"
    assert first["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in first


def test_what_is_no_page_loads_nothing(world):
    for path in ("/api/v1/teams/", "/admin/jsi18n/", "/api/docs/?script="):
        answer = world.client("viewer").get(path)
        assert answer["Content-Security-Policy"].startswith("default-src 'none'"), path


@pytest.mark.parametrize(
    ("address", "names"),
    [
        (
            "https://gatehouse.example.com",
            ["__Host-sessionid", "__Host-csrftoken", "True", "True", "31536000"],
        ),
        ("http://127.0.0.1:8000", ["sessionid", "csrftoken", "False", "False", "0"]),
    ],
)
def test_cookies_are_for_this_host_and_tls_where_there_is_tls(address, names):
    """In a process of its own: settings are read once."""
    asked = "SESSION_COOKIE_NAME CSRF_COOKIE_NAME SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE HSTS_SECONDS"
    code = f"from config import settings as s; print(*(getattr(s, n) for n in '{asked}'.split()))"
    environment = {**os.environ, "GATEHOUSE_PUBLIC_URL": address, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"}
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == names


@pytest.mark.parametrize(("seconds", "told"), [(0, None), (31536000, "max-age=31536000")])
def test_browsers_are_told_to_keep_to_https_where_it_is_there(settings, seconds, told):
    settings.HSTS_SECONDS = seconds
    answer = SecurityHeadersMiddleware(lambda request: HttpResponse("x"))(RequestFactory().get("/"))
    assert answer.get("Strict-Transport-Security") == told
