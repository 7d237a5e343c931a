"""Before the sender of a request is known, the work is linear in the length of the request, at every endpoint.

Lines of Python are counted. What isn't Python is measured by `make bench ARGS=--instructions`.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from tests.abuse.counted_steps import counting
from tests.abuse.raw import FORM, JSON, send
from tests.flows.flow import Flow
from tests.flows.shared_app import SharedApp, open_shared_app
from tests.laws import pairs

from sickbay.cli.header_limits import MOST_HEADERS
from sickbay.services.journal import write as journal

SIZE = 60_000
CONSTANT, PER_CHARACTER = 150_000, 5
"""Lines that a request may take: to explain it and to write a page, and to read each character of it."""
Header = tuple[bytes, bytes]
Message = tuple[str, str, list[Header], bytes]
HTML: Header = (b"accept", b"text/html")


def _number(form: str, between: str, size: int = SIZE) -> str:
    texts: list[str] = []
    length = 0
    while length < size:
        texts.append(form.replace("#", str(len(texts))))
        length += len(texts[-1]) + len(between)
    return between.join(texts)


def _part(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


VALUES: dict[str, Callable[[], str]] = {
    "one word": lambda: "a" * SIZE,
    "scopes": lambda: _number("patient%2FPat#ient.rs", "%20"),
    "URLs": lambda: _number("https%3A%2F%2Fa.example%2F#%3Fb%3Dc", "%26"),
    "escapes": lambda: "%25" * (SIZE // 3),
    "nested escapes": lambda: "%252525" * (SIZE // 7),
    "quotation marks": lambda: "%22%5C" * (SIZE // 6),
    "base64": lambda: _number("QWxhZGRpbjpvcGVuIHNlc2FtZQ#", "%20"),
    "a JWT": lambda: ".".join((_part("{}"), _part("{" + _number('"a#":1', ",", SIZE // 2) + "}"), "AA")),
    "dots": lambda: "." * SIZE,
}
OAUTH = {
    "client_id": "known",
    "redirect_uri": "https%3A%2F%2Fapp.example%2Fcallback",
    "response_type": "code",
    "scope": "launch%2Fpatient%20patient%2F*.rs",
    "state": "abcdefghijklmnop",
    "aud": "http%3A%2F%2Flocalhost%3A7425%2Fgeneral%2Fr4",
    "code_challenge": "a" * 43,
    "code_challenge_method": "S256",
}
GRANT = {"grant_type": "authorization_code", "code": "x", "client_id": "known", "redirect_uri": "x", "code_verifier": "v" * 43}


def _encode(fields: dict[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in fields.items())


def _send_parameter(name: str, value: str) -> Message:
    return "GET", f"/general/oauth/authorize?{_encode(OAUTH | {name: value})}", [HTML], b""


def _send_form(endpoint: str, fields: dict[str, str], name: str, value: str) -> Message:
    return "POST", f"/general/oauth/{endpoint}", [(b"content-type", FORM), HTML], _encode(fields | {name: value}).encode()


def _send_url(path: str, value: str) -> Message:
    return "GET", path + value, [HTML], b""


def _forms() -> Iterator[tuple[str, Callable[[str], Message]]]:
    """Requests in which one parameter is long."""
    for name in (*OAUTH, "launch", "prompt", "resource", "other"):
        yield (
            f"authorize {name}",
            partial(_send_parameter, name),
        )
    forms: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
        "token": (GRANT, ("client_id", "code", "grant_type", "other")),
        "introspect": ({"token": "x"}, ("token", "client_id")),
        "revoke": ({"token": "x"}, ("token", "client_assertion")),
        "logout": ({}, ("id_token_hint", "post_logout_redirect_uri")),
        "continue": ({}, ("request",)),
    }
    for endpoint, (fields, names) in forms.items():
        for name in names:
            yield (
                f"{endpoint} {name}",
                partial(_send_form, endpoint, fields, name),
            )
    for path in (
        "/rules?q=",
        "/docs/search?q=",
        "/developer/search?q=",
        "/exchanges/",
        "/timelines/",
        "/nothing/",
        "/general/ehr/sign-in?next=",
        "/rules/",
        "/.well-known/oauth-authorization-server/",
    ):
        yield f"GET {path}", partial(_send_url, path)


FORMS = dict(_forms())
HEADERS: dict[str, Callable[[], list[Header]]] = {
    "cookies": lambda: [(b"cookie", _number("c#=1", "; ").encode())],
    "media types": lambda: [(b"accept", _number("text/a#", ",").encode())],
    "languages": lambda: [(b"accept-language", _number("en-#", ",").encode())],
    "a token": lambda: [(b"authorization", b"Bearer " + b"a" * SIZE)],
    "a secret": lambda: [(b"authorization", b"Basic " + urlsafe_b64encode(b"a:" + b"b" * 40_000))],
    "proxies": lambda: [
        (b"x-forwarded-for", _number("1.2.3.#", ",").encode()),
        (b"forwarded", _number("for=#", ",").encode()),
    ],
    "an origin": lambda: [(b"origin", b"https://" + b"a." * (SIZE // 2))],
    "many": lambda: [(f"x-{number}".encode(), b"a" * 200) for number in range(MOST_HEADERS - 2)],
}
PLACES = (
    "/",
    "/nothing",
    "/rules",
    "/exchanges/x",
    "/general/oauth/token",
    "/general/oauth/authorize?client_id=x",
    "/general/ehr/sign-in",
    "/mcp",
    "/mcp/.well-known/oauth-protected-resource",
)
LONG_MESSAGES: dict[str, Message] = {
    "authorize with many parameters": (
        "GET",
        f"/general/oauth/authorize?{_encode(OAUTH)}&{_number('n#=1', '&')}",
        [HTML],
        b"",
    ),
    "authorize with repeated parameters": (
        "GET",
        f"/general/oauth/authorize?{_encode(OAUTH)}&{_number('aud=#', '&')}",
        [HTML],
        b"",
    ),
    "token with many parameters": (
        "POST",
        "/general/oauth/token",
        [(b"content-type", FORM)],
        f"{_encode(GRANT)}&{_number('n#=1', '&')}".encode(),
    ),
    "a registration with long redirect URIs": (
        "POST",
        "/general/oauth/register",
        [(b"content-type", JSON)],
        json.dumps({"redirect_uris": [f"https://a.example/{number}/{'a' * 500}" for number in range(100)]}).encode(),
    ),
    "a registration with many scopes": (
        "POST",
        "/general/oauth/register",
        [(b"content-type", JSON)],
        json.dumps({"redirect_uris": ["https://a.example/"], "scope": _number("patient/Pat#ient.rs", " ")}).encode(),
    ),
    "a message for tools from another origin": (
        "POST",
        "/mcp",
        [(b"content-type", JSON), (b"origin", b"https://evil.example")],
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "a" * SIZE}}).encode(),
    ),
    "a message for tools with a wrong token": (
        "POST",
        "/mcp",
        [(b"content-type", JSON), (b"authorization", b"Bearer " + b"a" * SIZE), (b"x-forwarded-for", b"192.0.2.1")],
        b"{}",
    ),
    "authorize for a long resource without scopes": (
        "GET",
        f"/general/oauth/authorize?{_encode(OAUTH | {'scope': '', 'aud': ''})}&{_number('resource=https%3A%2F%2Fa#', '&')}",
        [HTML],
        b"",
    ),
    "a long path": ("GET", "/general/" + "a/" * (SIZE // 2), [HTML], b""),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    """A server with more apps than it looks at, some of them with long registrations."""
    with pytest.MonkeyPatch.context() as patch, open_shared_app(tmp_path_factory.mktemp("elsewhere"), patients=0) as opened:
        patch.setattr(journal, "EVERY", 3600)

        async def begin(flow: Flow) -> None:
            uris = ["https://app.example/callback"]
            await flow.register(client_id="known", redirect_uris=uris, auto_approve=None)
            for number in range(60):
                more = [f"https://app.example/{number}/{index}" for index in range(2_000 if number % 3 else 1)]
                await flow.register(name=f"App {number}", redirect_uris=[*uris, *more], auto_approve=None)
            for path in (b"/general/oauth/authorize?client_id=x", b"/rules?q=x"):
                await send(flow.application, "GET", path, [HTML])  # compiles templates and fills caches

        opened.do(begin)
        yield opened


def _lines(desk: SharedApp, message: Message) -> int:
    method, target, headers, body = message

    async def steps(flow: Flow) -> int:
        await flow.sandbox.journal.flush()
        with counting() as counted:
            answer = await send(flow.application, method, target.encode(), headers, body)
            await flow.sandbox.journal.flush()
        assert answer.status < 500, answer
        return counted.count

    return desk.do(steps)


def _characters(message: Message) -> int:
    _, target, headers, body = message
    return len(target) + len(body) + sum(len(name) + len(value) for name, value in headers)


@pytest.mark.parametrize(("name", "shape"), pairs(FORMS, tuple(VALUES)))
def test_a_long_parameter_takes_linear_work(desk: SharedApp, name: str, shape: str) -> None:
    message = FORMS[name](VALUES[shape]())
    assert _lines(desk, message) <= CONSTANT + PER_CHARACTER * _characters(message)


@pytest.mark.parametrize(("kind", "place"), pairs(HEADERS, PLACES))
def test_long_headers_take_linear_work(desk: SharedApp, place: str, kind: str) -> None:
    headers = HEADERS[kind]()
    message = ("GET", place, headers if headers[0][0] == b"accept" else [HTML, *headers], b"")
    assert _lines(desk, message) <= CONSTANT + PER_CHARACTER * _characters(message)


@pytest.mark.parametrize("kind", LONG_MESSAGES)
def test_many_parameters_take_linear_work(desk: SharedApp, kind: str) -> None:
    assert _lines(desk, LONG_MESSAGES[kind]) <= CONSTANT + PER_CHARACTER * _characters(LONG_MESSAGES[kind])


def test_a_short_request_takes_as_little_work_with_many_apps_as_with_few(desk: SharedApp) -> None:
    for message in (("GET", "/general/oauth/authorize?client_id=x", [HTML], b""), ("POST", "/general/oauth/token", [], b"a=b")):
        assert _lines(desk, message) <= 100_000
