"""What the commands on supply say: every package and hash, findings of a vulnerability service, refused licences."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.project.test_requirements import PINNED
from tests.supply import audit, licences, sbom


@pytest.mark.slow
def test_the_sbom_has_every_package_and_hash_and_is_the_same_each_time(tmp_path: Path) -> None:
    first, second = tmp_path / "one.json", tmp_path / "two.json"
    assert (sbom.write(sbom.PRODUCTION, first), sbom.write(sbom.PRODUCTION, second)) == (0, 0)
    assert first.read_bytes() == second.read_bytes()
    found = json.loads(first.read_text())
    assert (found["bomFormat"], found["metadata"]["component"]["name"]) == ("CycloneDX", "gatehouse")
    lock = sbom.PRODUCTION.read_text()
    assert {each["name"]: each["version"] for each in found["components"]} == dict(PINNED.findall(lock))
    hashes = {
        each["content"]
        for component in found["components"]
        for reference in component["externalReferences"]
        for each in reference.get("hashes", ())
    }
    assert hashes == set(re.findall(r"sha256:(\w+)", lock))


@contextmanager
def osv(bad: str) -> Iterator[str]:
    """A vulnerability service that speaks as api.osv.dev does (google.github.io/osv.dev/post-v1-query): one package is bad."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["package"]["name"]
            affected = [
                {
                    "package": {"name": asked, "ecosystem": "PyPI"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}],
                }
            ]
            vulnerability = {"id": "OSV-1", "summary": "Bad.", "affected": affected, "aliases": []}
            raw = json.dumps({"vulns": [vulnerability]} if asked == bad else {}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text("".join(f"{name}==1.0 --hash=sha256:{'0' * 64}\n" for name in ("alpha", "beta")))
    return path


@pytest.mark.parametrize(("bad", "code"), [("beta", audit.FAILED), ("none of them", audit.PASSED)])
def test_a_known_vulnerability_fails(lock: Path, capsys: Any, bad: str, code: int) -> None:
    with osv(bad) as url:
        assert audit.run(lock, osv_url=url) == code
    said = capsys.readouterr().out
    assert ("beta 1.0: OSV-1, mended in 99.1" in said) == bool(code)
    assert f"2 packages compared with OSV's list, {code} with known" in said


def test_what_could_not_be_looked_up_is_said_and_passes(lock: Path, capsys: Any) -> None:
    assert audit.run(lock, osv_url="http://127.0.0.1:9/v1/query") == audit.PASSED
    said = capsys.readouterr().out
    assert "can't be looked up" in said
    assert "NOT AUDITED" in said


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True), ("LGPL-3.0-only", True), ("MPL-2.0 AND MIT", True), ("Apache-2.0 OR GPL-2.0-only", True),
        ("GNU Lesser General Public License v3 (LGPLv3)", True), ("Mozilla Public License 2.0 (MPL 2.0)", True),
        ("GPL-3.0-or-later", False), ("GNU General Public License v3 (GPLv3)", False), ("AGPL-3.0", False),
        ("GNU Affero General Public License v3", False), ("CC-BY-NC-4.0", False), ("", False),
        ("MIT AND GPL-2.0-only", False), ("(MIT OR BSD) AND GPL-2.0-only", False), ("Free for non-commercial use", False),
    ],
)  # fmt: skip
def test_which_licences_may_ship(licence: str, allowed: bool) -> None:
    assert licences.is_allowed(licence) is allowed


def test_what_is_pinned_may_ship(capsys: Any) -> None:
    assert licences.show(licences.ALL) == 0
    said = capsys.readouterr().out
    assert re.search(r"^django +\S+ +BSD", said, re.MULTILINE)


def test_a_package_whose_licence_is_refused_fails(
    lock: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(licences.READ, "alpha", "GPL-3.0-only")
    assert licences.show(lock) == 1
    assert "REFUSED  alpha: GPL-3.0-only" in capsys.readouterr().out
