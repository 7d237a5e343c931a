"""`sickbay doctor` reads what is pasted, offline, without the server's libraries."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import sickbay

from sickbay.diagnosis import case
from sickbay.protocol import pkce

URL = case.load(case.list_paths()["state-missing"]).refused["url"]


def test_a_url_is_explained_and_the_exit_code_is_one() -> None:
    done = sickbay("doctor", URL)
    assert done.returncode == 1
    assert "[state-missing]" in done.stdout


def test_json_has_findings_and_the_corrected_exchange() -> None:
    result = json.loads(sickbay("doctor", URL, "--json").stdout)
    assert "state-missing" in {finding["id"] for finding in result["findings"]}
    assert "state=" in result["corrected"]["url"]


def test_a_corrected_token_request_is_printed_as_a_curl_command() -> None:
    sent = (
        "curl -X POST https://ehr.example/oauth2/token -H 'Content-Type: application/json' "
        """-d '{"grant_type": "authorization_code", "code": "9fKx", "redirect_uri": "http://localhost/", "client_id": "a"}'"""
    )
    corrected = sickbay("doctor", "-", given=sent).stdout.partition("Send this instead:\n\n")[2]
    assert corrected.startswith("  curl -i https://ehr.example/oauth2/token \\\n    --data-urlencode 'grant_type=")
    assert sickbay("doctor", "-", given=corrected.replace("CODE-FROM-YOUR-REDIRECT", "9fKx")).returncode == 0


def test_a_mistake_in_code_names_the_line_it_was_read_from() -> None:
    code = 'FHIR.oauth2.authorize({\n  clientId: "a",\n  scope: "launch openid",\n  redirectUri: "http://localhost:3000/launch.html",\n});'
    assert sickbay("doctor", "-", given=code).stdout.splitlines()[3] == "  Read from line 4 of the code"


def test_standard_input_and_a_file_give_the_same_result_as_a_url(tmp_path: Path) -> None:
    (tmp_path / "url.txt").write_text(URL + "\n")
    assert sickbay("doctor", str(tmp_path / "url.txt")).stdout == sickbay("doctor", "-", given=URL).stdout


def test_jsonl_repeats_the_id_and_examines_each_line_separately() -> None:
    cases = [
        {"id": "one", "input": {"kind": "authorize_url", "url": URL}},
        {"id": "two", "input": {"kind": "unheard of"}},
    ]
    done = sickbay("doctor", "--jsonl", given="\n".join(["no JSON", *map(json.dumps, cases)]))
    invalid, first, second = map(json.loads, done.stdout.splitlines())
    assert (first["id"], second["id"]) == ("one", "two")
    assert "state-missing" in {finding["id"] for finding in first["findings"]}
    assert "unheard of" in second["trouble"]
    assert invalid["trouble"]


@pytest.mark.parametrize("pasted", ["no such file", "{", '{"url": "http://a"}'])
def test_unreadable_input_is_reported_in_one_sentence(pasted: str) -> None:
    done = sickbay("doctor", pasted)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("sickbay: ")
    assert done.stderr.count("\n") == 1


def test_empty_input_and_invalid_text_are_reported(tmp_path: Path) -> None:
    odd, empty, wide = tmp_path / "odd", tmp_path / "empty", tmp_path / "wide"
    odd.write_bytes(b"\x7fELF\x88")
    empty.write_text(" \n")
    wide.write_text("error=invalid_scope", encoding="utf-16")
    for argument, message in (
        ("", "nothing to examine"),
        (str(odd), "odd isn't valid UTF-8"),
        (str(empty), "empty is empty. It must contain a request"),
        (str(wide), "wide can't be read: it is encoded in UTF-16. Save it as UTF-8."),
    ):
        done = sickbay("doctor", argument)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert message in done.stderr


def test_doctor_does_not_import_the_server() -> None:
    heavy = "cyclopts uvicorn starlette apsw sqlalchemy jinja2 httpx2 structlog prometheus_client argon2 asyncio"
    code = "import sys, sickbay.cli.doctor, sickbay.cli.main\n"
    code += "print(*[n for n in sys.argv[1].split() if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code, heavy], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


LOG = "".join(f"12:00:{second} INFO server.http - {200 + second} GET /fhir/Patient/{second}\n" for second in range(10, 40))
CURL = (
    "curl -X POST https://ehr.example.org/token -H 'Content-Type: application/x-www-form-urlencoded' "
    "-d 'grant_type=authorization_code&code=abc123&redirect_uri=https://app.example/cb&client_id=my-app'"
)
IMPORTED = (
    ('{"error": "invalid_grant", "error_description": "Code not valid"}', 111),
    ("AADSTS50011: The redirect URI specified in the request does not match", 110),
    ("https://ehr.example.org/authorize?response_type=code&client_id=a&scope=launch/patient,openid", 180),
    (CURL, 200),
    (f"{LOG}12:01:00 ERROR server.oauth2 - invalid_client: Client authentication failed\n", 120),
)
"""A text, and how many modules of Sickbay `sickbay doctor` may import to explain it. Importing takes most of its time."""


@pytest.mark.parametrize(("text", "ceiling"), IMPORTED)
def test_a_text_is_explained_with_few_of_the_modules(text: str, ceiling: int, tmp_path: Path) -> None:
    code = "import sys, contextlib, sickbay.cli.main\nwith contextlib.suppress(SystemExit):\n"
    code += " sickbay.cli.main.main(['doctor', '-'])\n"
    code += "print(*(name for name in sys.modules if name.startswith('sickbay.')), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], input=text, capture_output=True, text=True, check=True, cwd=tmp_path)
    imported = done.stderr.split()
    assert "sickbay.doctor.text" in imported
    assert len(imported) <= ceiling
    assert [name for name in imported if name.startswith(LATER)] == []


LATER = (
    "sickbay.authorization.registration",
    "sickbay.diagnosis.catalogue",
    "sickbay.doctor.code.evaluator",
    "sickbay.doctor.code.libraries",
    "sickbay.doctor.code.settings",
    "sickbay.doctor.topics",
    "sickbay.fhir.search",
)
"""What none of these texts needs: checks of a registration, all rules, programs, related topics, and searches."""


def har(tmp_path: Path) -> str:
    """A launch: discovery, a request with two faults, an answer with a code, a token request with a secret."""

    def entry(
        method: str,
        url: str,
        status: int,
        headers: Iterable[tuple[str, str]] = (),
        body: str | None = None,
        answer: str | None = None,
        answer_headers: Iterable[tuple[str, str]] = (),
    ) -> dict[str, Any]:
        sent = {"method": method, "url": url, "headers": [{"name": name, "value": value} for name, value in headers]}
        received = [{"name": name, "value": value} for name, value in answer_headers]
        content = {"text": answer} if answer else {}
        posted = {"postData": {"text": body}} if body else {}
        return {"request": {**sent, **posted}, "response": {"status": status, "headers": received, "content": content}}

    ehr, back = "https://ehr.example.org", "http://localhost:8100/cb?code=the-secret-code-1&state=s"
    where = "redirect_uri=http%3A%2F%2Flocalhost%3A8100%2Fcb&aud=http%3A%2F%2Fa&state=s"
    query = f"response_type=code&client_id=undefined&{where}&scope=launch%2Copenid&launch=the-secret-launch"
    response = '{"access_token": "the-secret-token-1", "token_type": "bearer"}'
    basic = ("Authorization", "Basic YXBwOnRoZS1zZWNyZXQ=")
    entries = [
        entry("GET", "http://localhost:8100/main.js", 200),
        entry("GET", f"{ehr}/authorize?{query}", 302, answer_headers=[("Location", back)]),
        entry("GET", back, 200),
        entry("POST", f"{ehr}/token", 200, [basic], '{"grant_type": "x", "code": "the-secret-code-1"}', response),
        entry("GET", f"{ehr}/r4/Patient/undefined", 404, [("Authorization", "Bearer the-secret-token-1")]),
    ]
    path = tmp_path / "launch.har"
    path.write_text("\ufeff" + json.dumps({"log": {"entries": entries}}))
    return str(path)


def test_each_exchange_of_a_har_file_is_explained_without_secrets(tmp_path: Path) -> None:
    for more in (("--all",), ("--json",)):
        done = sickbay("doctor", har(tmp_path), *more)
        assert done.returncode == 1, done.stderr
        for id in (
            "client-id-placeholder",
            "scope-comma-separated",
            "token-wrong-content-type",
            "fhir-patient-undefined",
        ):
            assert id in done.stdout
        assert "the-secret" not in done.stdout
        assert "YXBwOnRoZS1zZWNyZXQ" not in done.stdout
    exchanges = json.loads(done.stdout)["exchanges"]
    assert [exchange["number"] for exchange in exchanges] == [2, 3, 4, 5]
    assert "launch%20openid" in exchanges[0]["corrected"]["url"]


def test_a_har_file_without_a_launch_says_so(tmp_path: Path) -> None:
    path = tmp_path / "empty.har"
    path.write_text('{"log": {"entries": []}}')
    done = sickbay("doctor", str(path))
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert "contains no exchange of a launch" in done.stdout


@pytest.mark.parametrize(
    ("exchange", "code"),
    [
        ('{"error": "invalid_client"}', 1),
        ("HTTP/1.1 401", 1),
        ("http://localhost:8100/cb?error=server_error&state=zE3rT9pQ2mN8vX4k", 1),
        ("http://localhost:8100/cb?code=SplxlOBeZQQYbYS6WxSbIA&state=Vq3N8sKfT2LzYxWm9RbHpQ", 0),
        ("hello there", 2),
        ("http://localhost:8100/cb?code=SplxlOBeZQQYbYS6WxSbIA&state=1", 0),
    ],
)
def test_the_exit_code_shows_whether_there_is_a_problem(exchange: str, code: int) -> None:
    for more in ((), ("--json",)):
        done = sickbay("doctor", "-", *more, given=exchange)
        assert done.returncode == code, done.stdout
        assert ("No problems found" in done.stdout) is (code == 0 and not more)
    result = json.loads(done.stdout)
    if code == 2:
        assert result == {"findings": [], "corrected": None, "recognised": [], "help": result["help"]}
        assert done.stderr == ""


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (['{"id": 1, "input": {"kind": "token_response", "json": {"access_token": "x"}}}'], 0),
        (['{"id": 1, "input": {"kind": "token_response", "json": {"error": "invalid_grant"}}}'], 1),
        (['{"id": 1, "input": {"kind": "token_response", "json": {"error": "invalid_grant"}}}', "{"], 2),
    ],
)
def test_the_exit_code_of_jsonl_is_the_highest_of_its_lines(lines: list[str], code: int) -> None:
    done = sickbay("doctor", "--jsonl", given="\n".join(lines))
    assert done.returncode == code
    assert len(done.stdout.splitlines()) == len(lines)


def test_a_har_file_with_a_refused_token_request_is_a_problem(tmp_path: Path) -> None:
    answer = {
        "status": 401,
        "content": {"text": '{"error": "invalid_client", "error_description": "secret-of-the-app"}'},
    }
    body = "grant_type=client_credentials&scope=system/Patient.rs&client_secret=secret-of-the-app&client_id=a"
    form = [{"name": "Content-Type", "value": "application/x-www-form-urlencoded"}]
    request = {"method": "POST", "url": "https://ehr.example.org/token", "headers": form, "postData": {"text": body}}
    path = tmp_path / "refused.har"
    path.write_text(json.dumps({"log": {"entries": [{"request": request, "response": answer}]}}))
    for more in ((), ("--all",), ("--json",)):
        done = sickbay("doctor", str(path), *more)
        assert done.returncode == 1
        assert "The server doesn't know the client" in done.stdout
        assert "secret-of-the-app" not in done.stdout
    assert json.loads(done.stdout).keys() == {"verdict", "findings", "corrected", "exchanges", "causes"}


def test_the_command_shows_a_new_verifier_with_its_challenge_and_json_keeps_the_placeholder() -> None:
    url = case.load(case.list_paths()["pkce-missing"]).refused["url"]
    shown = [sickbay("doctor", url).stdout for _ in range(2)]
    pairs = [(re.findall(r"code_challenge=([\w-]{43})&", text)[-1], text.split()[-1]) for text in shown]
    for challenge, verifier in pairs:
        assert pkce.is_verifier(verifier)
        assert pkce.is_match(verifier, challenge)
    assert pairs[0] != pairs[1]
    assert "CODE_CHALLENGE" not in shown[0]
    result = json.loads(sickbay("doctor", url, "--json").stdout)
    assert "code_challenge=CODE_CHALLENGE&" in result["corrected"]["url"]


@pytest.mark.parametrize("secret", ["k7", "a-longer-secret-value"])
def test_a_secret_of_any_length_is_in_no_output(secret: str, tmp_path: Path) -> None:
    head = "Content-Type: application/x-www-form-urlencoded"
    texts = (
        f"POST https://ehr.example.org/token HTTP/1.1\n{head}\n\ngrant_type=password&client_id=a&client_secret={secret}",
        f"GET https://ehr.example.org/r4/Patient/1 HTTP/1.1\nCookie: session={secret}\nAuthorization: Bearer {secret}\n\n",
        f"curl -u a:{secret} https://ehr.example.org/token -d grant_type=client_credentials",
        f"http://localhost:8100/callback?code={secret}&state=abc",
    )
    for text in texts:
        for more in ((), ("--json",)):
            output = sickbay("doctor", "-", *more, given=text)
            assert output.returncode in (0, 1)
            assert output.stdout
            assert secret not in output.stdout + output.stderr, text
