"""Copied commands are safe to paste and send exactly the shown request, whatever it contains."""

from __future__ import annotations

import ast
import http.server
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.laws import examples

from sickbay.web.exchanges import code_samples

NASTY = (
    "'",
    '"',
    "`",
    "$(touch hit)",
    "; touch hit",
    "&",
    "|",
    "\\",
    "\n",
    "\r\n",
    "\0",
    "\x1b[201~",
    "\x1b]0;x\x07",
    "\x7f",
    "\x9b",
    "\u202e",
    "\u2066",
    "\ud800",
    "\u2028",
    "!",
    "~",
    "*",
    "?",
    "[1-3]",
    "{a,b}",
    "@/etc/passwd",
    "@",
    "-K",
    "--config",
    "-o hit",
    "=",
    "%",
    "%0a",
    "#",
    " ",
    "\t",
    "<",
    ">",
    "ä",
    "😀",
    "file:///etc/passwd",
    "$'x'",
    "=curl",
    "\ufeff",
)
STUB = "curl() { printf '%s\\0' \"$@\"; printf '\\1'; }\n"
"""Prints its arguments, each followed by a zero byte, and a final byte 1."""
VALUED = ("-X", "-H", "--data-urlencode", "--data-raw", "--proto", "--url")
SHELLS = [executable for name in ("sh", "bash", "zsh") if (executable := shutil.which(name))]

UNMASKED = st.text(st.characters(codec="utf-8", exclude_characters="‹›"), max_size=8)
"""Without the characters around what Sickbay masked: a sample has a placeholder there instead of what was sent."""

texts = st.one_of(st.sampled_from(NASTY), UNMASKED, st.lists(st.sampled_from(NASTY), max_size=4).map("".join))
pairs = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)
names = st.one_of(st.sampled_from(("accept", "Authorization", "@name")), texts)
addresses = st.one_of(
    texts,
    st.tuples(st.sampled_from(("http://a.example/", "https://a.example/x", "-", "file:///", "javascript:")), texts).map(
        "".join
    ),
)
requests = st.builds(
    code_samples.RequestParts,
    method=st.one_of(st.sampled_from(("GET", "POST", "PUT", "HEAD", "DELETE")), texts.map(str.upper).filter(bool)),
    address=addresses,
    query=pairs,
    form=pairs,
    headers=st.lists(st.tuples(names, texts), max_size=2).map(tuple),
    body=st.one_of(st.just(""), texts),
).map(
    lambda request: (
        request
        if not request.form
        else code_samples.RequestParts(request.method, request.address, request.query, request.form, request.headers)
    )
)


def curl(request: code_samples.RequestParts) -> str:
    return next(tab.text for tab in code_samples.make_tabs(request, {}) if tab.id == "curl")


def shell_arguments(lines: Sequence[str], program: str, folder: Any) -> list[list[str]]:
    """The arguments of each command, as this shell passes them to curl."""
    script = STUB + "".join(f"{line}\n" for line in lines)
    done = subprocess.run([program], input=script.encode(), capture_output=True, cwd=folder, timeout=60, check=True)
    assert done.stderr == b""
    calls = done.stdout.decode().split("\1")
    assert calls.pop() == ""
    return [call.split("\0")[:-1] for call in calls]


def options(arguments: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """The positional arguments, and the values of each option. An unexpected option is an error."""
    positional: list[str] = []
    valued: dict[str, list[str]] = {}
    rest = iter(arguments)
    for argument in rest:
        if argument in VALUED:
            valued.setdefault(argument, []).append(next(rest))
        else:
            positional.append(argument)
    assert all(argument in ("-i", "-I", "--globoff") or code_samples.WEB.match(argument) for argument in positional), positional
    return positional, valued


def check_arguments(arguments: Sequence[str], request: code_samples.RequestParts) -> None:
    positional, valued = options(arguments)
    urls = [argument for argument in positional if code_samples.WEB.match(argument)] + valued.get("--url", [])
    assert urls == [code_samples.make_url(request)]
    if not code_samples.WEB.match(urls[0]):
        assert valued["--proto"] == ["=http,https"]
    if any(char in urls[0] for char in "[]{}"):
        assert "--globoff" in positional
    named, raw = valued.get("--data-urlencode", []), valued.get("--data-raw", [])
    assert not any(argument.startswith("@") for argument in [*valued.get("-H", []), *named])
    if request.form:
        sent = [(unquote_text(name), value) for name, _, value in (argument.partition("=") for argument in named)]
        sent += [(unquote_text(name), unquote_text(value)) for name, _, value in (argument.partition("=") for argument in raw)]
        assert sorted(sent) == sorted((name, code_samples.make_placeholder(name, value)) for name, value in request.form)
    elif code_samples.is_shown(request.body, "\n\t"):
        assert raw == ([request.body] if request.body else [])


def unquote_text(text: str) -> str:
    return unquote(text, errors="surrogatepass")


@pytest.mark.parametrize("program", SHELLS, ids=lambda request: request.rpartition("/")[2])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(many=st.lists(requests, min_size=20, max_size=60))
def test_a_shell_parses_each_curl_line_as_the_original_request(
    program: str, tmp_path: Any, many: list[code_samples.RequestParts]
) -> None:
    lines = [curl(argument) for argument in many]
    calls = shell_arguments(lines, program, tmp_path)
    assert len(calls) == len(many)
    for arguments, request in zip(calls, many, strict=True):
        check_arguments(arguments, request)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=examples(200), deadline=None)
@given(requests)
def test_copied_text_contains_no_control_characters(request: code_samples.RequestParts) -> None:
    for tab in code_samples.make_tabs(request, {}):
        assert code_samples.is_shown(tab.text, "\n\t"), tab
        tab.text.encode()


@settings(max_examples=examples(200), deadline=None)
@given(requests)
def test_python_and_javascript_samples_contain_only_the_expected_code(request: code_samples.RequestParts) -> None:
    tabs = {tab.id: tab.text for tab in code_samples.make_tabs(request, {})}
    names = {type(node).__name__ for node in ast.walk(ast.parse(tabs["python"]))}
    assert names <= {
        "Module",
        "Import",
        "ImportFrom",
        "alias",
        "Assign",
        "Name",
        "Store",
        "Load",
        "Call",
        "Attribute",
        "Constant",
        "keyword",
        "Dict",
        "BinOp",
        "Add",
    }
    for text in (code_samples.write_script(value) for _, value in request.parameters):
        assert "\n" not in text
        assert isinstance(json.loads(text), str)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "file:///etc/passwd", "-K/tmp/x", "data:text/html,x"])
def test_only_web_urls_are_offered_as_a_url(address: str) -> None:
    assert code_samples.make_tabs(code_samples.RequestParts("GET", address), {})[0].id == "curl"
    assert code_samples.make_tabs(code_samples.RequestParts("GET", "https://a.example/"), {})[0].id == "url"


class Echo(http.server.BaseHTTPRequestHandler):
    """Stores the requests it receives."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.seen.append((self.command, self.path, dict(self.headers), body.decode()))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_PATCH = answer

    def log_message(self, *said: Any) -> None:
        """Log nothing."""


@pytest.fixture
def echo() -> Iterator[Any]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_curl_sends_the_shown_request(echo: Any, tmp_path: Any) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not to be read")
    base = f"http://127.0.0.1:{echo.server_port}"
    many = [
        code_samples.RequestParts("POST", f"{base}/raw", headers=(("content-type", "text/plain"),), body=f"@{secret}"),
        code_samples.RequestParts(
            "POST", f"{base}/form", form=(("a@b", f"@{secret}"), (f"@{secret}", "x"), ("n", "1\n2"), ("q", "it's"))
        ),
        code_samples.RequestParts("GET", f"{base}/glob/[1-3]{{a,b}}", query=(("x", "[1-2]"),)),
        code_samples.RequestParts(
            "PUT", f"{base}/put", headers=(("accept", f"@{secret}"), (f"@{secret}", "x"), ("prefer", "")), body="{}"
        ),
        code_samples.RequestParts("POST", f"{base}/empty"),
        code_samples.RequestParts("GET", f"file://{secret}"),
        code_samples.RequestParts("GET", f"-K{secret}"),
    ]
    script = "\n".join(f"{curl(argument)} -s --max-time 5" for argument in many)
    done = subprocess.run(["sh"], input=script, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert "not to be read" not in done.stdout + str(echo.seen)
    assert [(method, path) for method, path, _, _ in echo.seen] == [
        ("POST", "/raw"),
        ("POST", "/form"),
        ("GET", "/glob/[1-3]{a,b}?x=%5B1-2%5D"),
        ("PUT", "/put"),
        ("POST", "/empty"),
    ]
    assert echo.seen[0][3] == f"@{secret}"
    assert parse_qsl(echo.seen[1][3]) == list(many[1].form)
    assert echo.seen[3][2]["accept"] == f"@{secret}"
    assert echo.seen[3][3] == "{}"


@pytest.mark.parametrize(
    "sent",
    [
        {"url": "http://localhost:7425/general/oauth/authorize?client_id=a&‹4%20characters›=‹4%20characters›"},
        {"url": "http://localhost:7425/t", "body": "client_id=a&‹4%20characters›=‹4%20characters›"},
        {"url": "http://localhost:7425/t", "body": '{"client_id": "a", "‹4 characters›": "‹4 characters›"}'},
    ],
)
def test_a_parameter_that_was_not_stored_has_one_placeholder_for_its_name_and_one_for_its_value(sent: dict[str, str]) -> None:
    request = code_samples.read_request_parts(
        {"method": "POST", "headers": {"content-type": "application/x-www-form-urlencoded"}} | sent
    )
    for tab in code_samples.make_tabs(request, {}):
        assert "YOUR-PARAMETER" in tab.text
        assert "YOUR-VALUE" in tab.text
        assert "YOUR-YOUR" not in tab.text
        assert "CHARACTERS" not in tab.text
    if "?" in sent["url"]:
        assert code_samples.list_places(request) == ("YOUR-VALUE",)


def test_an_encoded_url_keeps_its_meaning() -> None:
    assert code_samples.quote_address("http://a/b?c=d'e f") == "http://a/b?c=d%27e%20f"
    assert urlsplit(code_samples.quote_address("http://[::1]:7425/x")).hostname == "::1"
    assert code_samples.quote_address("http://a/\ud800") == "http://a/%ED%A0%80"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"accept": "text/html,‹9 characters›,image/avif"}, ()),
        ({"user-agent": "curl/8 ‹12 characters›"}, ()),
        ({"authorization": "Bearer ‹43 characters›"}, ("ACCESS-TOKEN-OF-YOUR-APP",)),
        ({"authorization": "Basic abcd…(43)"}, ("BASE64-OF-YOUR-ID-AND-SECRET",)),
    ],
)
def test_only_values_that_the_app_knows_are_placeholders(headers: dict[str, str], expected: tuple[str, ...]) -> None:
    request = code_samples.read_request_parts(
        {"method": "GET", "url": "http://localhost:7425/general/r4/Patient/1", "headers": headers}
    )
    assert code_samples.list_places(request) == expected
