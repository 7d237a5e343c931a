"""The pytest plugin, as a project that installed Sickbay uses it: each test starts clean, and a failure explains itself."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import pytest

from sickbay.testing.failure_report import QUIET_SECONDS, describe_waiting_launches
from sickbay.testing.har import make_har

ARGUMENTS = ("-q", "-p", "no:cacheprovider", "-o", "sickbay_options=--patients 2", "--sickbay-exchanges", "kept")
AUTHORIZE = """
import httpx2

def authorize(sickbay, app, **changed):
    sent = {"response_type": "code", "client_id": app.client_id, "redirect_uri": "http://localhost:8100/callback"}
    issuer = sickbay.line["tenants"]["general"]
    return httpx2.get(issuer["authorize"], params=sent | {"aud": sickbay.fhir(), "scope": "openid"} | changed)

def read(sickbay, token):
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    return httpx2.get(f"{sickbay.fhir()}/Patient/p-0001", headers=headers)
"""


class Outcome(NamedTuple):
    """folder: where the tests ran. results: PASSED, FAILED or ERROR, by test. reports: what was printed about each failure."""

    folder: Path
    results: dict[str, str]
    reports: dict[str, str]


def run(folder: Path, tests: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_app.py").write_text(AUTHORIZE + tests)
    command = [sys.executable, "-m", "pytest", *ARGUMENTS, *arguments, "test_app.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Of the tests below, which share one server, as those of a project do. The last of them kills it."""
    folder = tmp_path_factory.mktemp("project")
    printed = run(folder, "\n".join((CLEAN, REFUSED, WAITING, QUIETLY_REFUSED, KILLED)), "-rfEp").stdout
    results = {name: result for result, name in re.findall(r"^(PASSED|FAILED|ERROR) test_app\.py::(\w+)", printed, re.M)}
    assert results, printed
    text = printed.partition("= short test summary")[0]
    _, *reports = re.split(r"^_+ (?:ERROR at setup of )?(test_\w+) _+$", text, flags=re.M)
    return Outcome(folder, results, dict(zip(reports[::2], reports[1::2], strict=True)))


CLEAN = """
def test_a_token_reads_its_patient_until_it_expires(sickbay):
    token = sickbay.token(sickbay.app(), "patient/Patient.rs", patient="p-0001")
    assert read(sickbay, token).status_code == 200
    sickbay.assert_no_refusals()
    sickbay.clock.advance(86_400)
    assert read(sickbay, token).status_code == 401
    assert [entry["stage"] for entry in sickbay.refusals()] == ["access"]

def test_nothing_of_the_other_test_is_left(sickbay):
    import time
    assert sickbay.exchanges() == []
    assert abs(sickbay.clock.now() - time.time()) < 3600
    assert not [app for app in sickbay.admin.get("/admin/apps") if app["name"].startswith("test-app")]

def test_a_refusal_before_many_requests_is_not_overlooked(sickbay):
    token = sickbay.token(sickbay.app(), "patient/Patient.rs", patient="p-0001")
    assert read(sickbay, {"access_token": "wrong"}).status_code == 401
    assert {read(sickbay, token).status_code for _ in range(101)} == {200}
    assert [entry["response"]["status"] for entry in sickbay.refusals()] == [401]

def test_a_launch_has_the_url_that_the_ehr_opens(sickbay):
    launch = sickbay.launch(sickbay.app(user="okafor"))
    assert httpx2.URL(launch.url).params == httpx2.QueryParams({"iss": launch.iss, "launch": launch.launch})

def test_a_browser_state_is_signed_in(sickbay):
    (cookie,) = sickbay.storage_state()["cookies"]
    headers = {"Accept": "text/html", "Cookie": f"{cookie['name']}={cookie['value']}", "Sec-Fetch-Site": "none"}
    assert httpx2.get(f"{sickbay.base}/general/ehr/patients", headers=headers).status_code == 200
"""


def test_apps_launches_tokens_and_the_clock_work_and_each_test_starts_clean(outcome: Outcome) -> None:
    names = re.findall(r"^def (\w+)", CLEAN, re.M)
    assert {name: outcome.results.get(name) for name in names} == dict.fromkeys(names, "PASSED"), outcome.reports


REFUSED = """
def test_the_wrong_redirect_uri(sickbay):
    assert authorize(sickbay, sickbay.app(), redirect_uri="http://localhost:8100/wrong").status_code == 302

def test_a_wrong_registration(sickbay):
    sickbay.app(redirect_uris=["javascript:alert(1)"])

def test_without_sickbay():
    assert False
"""


def test_a_failure_shows_what_was_refused_and_keeps_the_exchanges(outcome: Outcome) -> None:
    shown = outcome.reports["test_the_wrong_redirect_uri"]
    assert shown.count("Sickbay refused") == 1, shown
    assert "REFUSED: `redirect_uri` isn't registered" in shown
    assert "expected: http://localhost:8100/callback" in shown
    assert "reg-redirect-uri-scheme-forbidden" in outcome.reports["test_a_wrong_registration"]
    for name in ("test_a_wrong_registration", "test_without_sickbay"):
        assert "Sickbay refused" not in outcome.reports[name]
    kept = outcome.folder / "kept"
    failed = [name for name, result in outcome.results.items() if result == "FAILED" and name != "test_without_sickbay"]
    assert {path.stem.partition("-")[2] for path in kept.glob("*.har")} == set(failed)
    pages = re.findall(r"^(?:E +)?Page: +file://.*/kept/(\S+)$", "".join(outcome.reports.values()), re.M)
    assert len(pages) == 2
    others = {path.name for path in kept.iterdir() if path.suffix != ".har"}
    assert others == {*pages, "rules"}, "and the folder of the rules' pages"
    (file,) = kept.glob("*wrong_redirect*.har")
    doctor = subprocess.run([sys.executable, "-m", "sickbay", "doctor", file, "--json"], capture_output=True, text=True)
    assert json.loads(doctor.stdout)["exchanges"][0]["kind"] == "authorize_url"


WAITING = """
def test_times_out(sickbay, monkeypatch):
    from sickbay.testing import failure_report
    monkeypatch.setattr(failure_report, "QUIET_SECONDS", 0)
    app = sickbay.app(user="okafor")
    launch = sickbay.launch(app)
    pkce = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}
    pkce["state"] = "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"
    answer = authorize(sickbay, app, launch=launch.launch, scope="launch patient/Patient.rs", **pkce)
    assert "code=" in answer.headers["location"]
    assert False, "timed out"
"""


def test_a_failure_says_what_a_launch_waits_for(outcome: Outcome) -> None:
    """A test that times out can't see why."""
    waits = r"- Sickbay waits -+\n.+ received the code \d+ s ago and hasn’t redeemed it\.\nLaunch: http"
    assert re.search(waits, outcome.reports["test_times_out"]), outcome.reports


@pytest.mark.parametrize(("seconds", "is_said"), [(0, False), (QUIET_SECONDS - 0.1, False), (QUIET_SECONDS, True), (90, True)])
def test_a_launch_that_was_just_made_is_no_news(seconds: float, is_said: bool) -> None:
    launch = {"id": "a", "state": "running", "causes": [], "waiting_for": {"text": "It waits", "seconds": seconds}}
    client: Any = SimpleNamespace(admin=SimpleNamespace(get=lambda path: [launch]), base="http://localhost:1")
    assert bool(describe_waiting_launches(client)) is is_said


def test_without_a_folder_the_page_of_a_refusal_is_kept_in_the_cache_of_pytest_and_its_link_works_afterwards(
    tmp_path: Path,
) -> None:
    (tmp_path / "test_app.py").write_text(
        AUTHORIZE + "def test_refused(sickbay):\n    authorize(sickbay, sickbay.app(), scope='a,b')\n    assert False\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-o", "sickbay_options=--patients 2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)
    (uri,) = re.findall(r"^Page: +(file://\S+)$", done.stdout, re.M)
    file = Path(unquote(urlsplit(uri).path))
    assert file.parent == tmp_path / ".pytest_cache" / "d" / "sickbay"
    assert "scope" in file.read_text(encoding="utf-8")


KILLED = """
def test_kills_it(sickbay, sickbay_server):
    sickbay_server.process.kill()
    sickbay_server.process.wait()

def test_needs_it(sickbay): ...
"""


def test_a_server_that_ends_during_the_tests_is_reported_with_its_last_lines(outcome: Outcome) -> None:
    said = outcome.reports["test_needs_it"]
    assert re.search(r"^Sickbay at http://localhost:\d+ doesn't answer: .*\. It ended with -9\. ", said, re.M), said
    assert (outcome.results["test_kills_it"], outcome.results["test_needs_it"]) == ("PASSED", "ERROR")


QUIETLY_REFUSED = """
def test_quietly_refused(sickbay):
    authorize(sickbay, sickbay.app(), scope="openid,fhirUser")
    sickbay.assert_no_refusals()
"""


def test_assert_no_refusals_fails_with_the_explanation_once(outcome: Outcome) -> None:
    said = outcome.reports["test_quietly_refused"]
    assert said.count("Sickbay refused 1 request:") == 1, said
    assert "- Sickbay refused -" not in said  # the section that explains it for other failures


def test_each_worker_of_xdist_has_its_own_server_and_its_patients_exist_before_the_first_test(tmp_path: Path) -> None:
    reads = """sickbay_requests_total{outcome="granted",stage="access"} 1.0"""
    patients = f"    assert {reads!r} in httpx2.get(sickbay.base + '/metrics').text\n"
    tests = "".join(
        f"def test_{number}(sickbay):\n    assert sickbay.exchanges() == []\n{patients}    sickbay.app()\n"
        for number in range(6)
    )
    done = run(tmp_path, tests, "-n", "2")
    assert "6 passed" in done.stdout, done.stdout


def test_a_run_that_does_not_use_the_plugin_imports_nothing_of_sickbay(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        """
def test_nothing_is_imported():
    import sys
    imported = {name for name in sys.modules if name.startswith("sickbay")}
    assert imported <= {"sickbay", "sickbay.testing", "sickbay.testing.plugin", "sickbay.testing.fixtures"}
""".replace("import httpx2", ""),
    )
    assert "1 passed" in done.stdout, done.stdout


@pytest.mark.parametrize("exchange", [{}, {"request": {"url": "http://a/b?c=d", "body": "e=f"}, "response": {"status": 400}}])
def test_an_exchange_becomes_an_entry_of_a_har_file(exchange: dict[str, object]) -> None:
    (entry,) = make_har([exchange])["log"]["entries"]
    assert entry["request"].keys() >= {"method", "url", "headers", "queryString"}
    assert isinstance(entry["response"]["status"], int)
