"""At every route, also one that is added later, a stranger causes linear work, and no cache keeps what the administrator reads.

Lines of Python are counted. FHIR requests have their own test (test_unknown_senders.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.routing import Route
from tests.abuse.counted_steps import counting
from tests.abuse.raw import FORM, JSON, send
from tests.flows.flow import Flow
from tests.flows.shared_app import SharedApp, open_shared_app
from tests.laws import is_long

from sickbay.services.journal import write as journal
from sickbay.web.address_hints import EVERY_PATH

CONSTANT, PER_CHARACTER = 150_000, 5
"""Lines that a request may take: for a page that explains it, and to read each character of it."""
LENGTH = 60_000
TOKEN = "token-of-the-teacher-0123456789"
PUBLIC = re.compile(r"/(?:docs|rules|doctor|healthz|readyz|metrics|brands|llms\.txt|\.well-known|developer/certificate)\b")
"""Addresses whose responses are the same for everyone, besides those of a hospital's OAuth and FHIR servers."""
PARAMETERS = "&".join([f"n{number}=1" for number in range(10_000)])[:LENGTH]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""Tried at a route that answers every method."""
OTHER_HOSPITALS = ("/cerner", "/epic")
"""Their routes have the same handlers as those of `general`."""
Body = tuple[bytes, bytes]
BODIES: tuple[Body, ...] = (
    (JSON, b"[" * LENGTH),
    (JSON, b'{"a":"' + b"a" * 300_000 + b'"}'),
    (FORM, PARAMETERS.encode()),
    (FORM, f"csrf={'a' * 100}&code={'a' * LENGTH}".encode()),
    (b"multipart/form-data; boundary=b", b"--b\r\n" * 2_000),
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    """A server with the pages of a class. Everyone is a stranger there without the admin token."""
    folder = tmp_path_factory.mktemp("routes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "EVERY", 3600)
        with open_shared_app(folder, patients=0, class_mode=True, admin_token=TOKEN) as opened:

            async def warm_up(flow: Flow) -> None:
                for path in (b"/general/oauth/authorize?client_id=x", b"/rules?q=x", b"/docs/search?q=x"):
                    await send(flow.application, "GET", path, [(b"accept", b"text/html")])

            opened.do(warm_up)
            yield opened


def _list_routes(application: object) -> dict[str, Route]:
    routes = [route for route in application.routes if isinstance(route, Route)]  # type: ignore[attr-defined]
    return {route.path: route for route in routes if not route.path.startswith(OTHER_HOSPITALS)}


def _fill(path: str, text: str) -> str:
    return re.sub(r"{\w+(:\w+)?}", text, path)


def _shapes(method: str, path: str) -> Iterator[tuple[str, Body | None]]:
    """Targets and bodies that are long in one way."""
    short = _fill(path, "abcdefgh")
    yield f"{short}?{PARAMETERS}", None
    yield f"{short}?q={'a' * LENGTH}", None
    if "{" in path:
        yield _fill(path, "a" * LENGTH), None
    if method != "GET":
        for body in BODIES:
            yield short, body


def _choose(shapes: list[tuple[str, Body | None]], number: int) -> list[tuple[str, Body | None]]:
    """All of them in `make prove`, and in `make test` one."""
    return shapes if is_long() else [shapes[number % len(shapes)]]


async def _count(flow: Flow, method: str, target: str, body: Body | None) -> int:
    type, content = body or (b"", b"")
    headers = [(b"accept", b"text/html"), *([(b"content-type", type)] if type else [])]
    with counting() as counted:
        answer = await send(flow.application, method, target.encode(), headers, content)
        await flow.sandbox.journal.flush()
    assert answer.status < 500, (method, target[:80], answer.status)
    return counted.count


def test_a_long_request_of_a_stranger_takes_linear_work_at_every_route(desk: SharedApp) -> None:
    routes = _list_routes(desk.first.application)
    assert {"/mcp", "/developer/join/{id}", "/developer/explorer/{path:path}", "/admin/snapshots/import"} <= routes.keys()
    excessive = []

    async def steps(flow: Flow) -> None:
        for path, route in routes.items():
            for method in sorted({*(route.methods or METHODS)} - {"HEAD", "OPTIONS"}):
                for target, body in _choose(list(_shapes(method, path)), len(path)):
                    lines, length = await _count(flow, method, target, body), len(target) + len(body[1] if body else b"")
                    if lines > CONSTANT + PER_CHARACTER * length:
                        excessive.append((method, target[:80], length, lines))

    desk.do(steps)
    assert not excessive


FORM_ENDPOINTS = ("/general/oauth/token", "/general/oauth/introspect", "/general/oauth/revoke")
"""They explain a wrong method themselves, so their routes have all of them."""
ADMINISTRATOR = [(b"accept", b"application/json"), (b"authorization", b"Bearer " + TOKEN.encode())]
PREFLIGHT = [(b"origin", b"http://localhost:9000"), (b"access-control-request-method", b"GET")]


def test_every_route_refuses_every_other_method_and_lists_its_own(desk: SharedApp) -> None:
    routes = _list_routes(desk.first.application)
    wrong = []

    async def steps(flow: Flow) -> None:
        for path in routes:
            target = _fill(path, "abcdefgh")
            matching = [
                other for other in flow.application.routes if isinstance(other, Route) and other.path_regex.match(target)
            ]
            own = {method for other in matching for method in other.methods or ()}
            allowed = ["OPTIONS", "POST"] if path in FORM_ENDPOINTS else sorted(own)
            for method in {*METHODS, "HEAD", "OPTIONS", "TRACE", "PROPFIND"}.difference(allowed):
                answer = await send(flow.application, method, target.encode(), ADMINISTRATOR)
                if path == EVERY_PATH:
                    met = answer.status == 404 and "allow" not in answer.headers
                else:
                    met = (answer.status, answer.headers.get("allow")) == (405, ", ".join(allowed))
                    met = met and (
                        method == "HEAD" or f"not {method}".encode() in answer.body or b"token-wrong-method" in answer.body
                    )
                if not met:
                    wrong.append((method, path, answer.status, answer.headers.get("allow"), answer.body[:200]))

    desk.do(steps)
    assert not wrong


@pytest.mark.parametrize(
    ("path", "open"),
    [
        ("/general/.well-known/openid-configuration", True),
        ("/.well-known/oauth-protected-resource/general/r4", True),
        ("/general/oauth/jwks", True),
        ("/general/oauth/userinfo", True),
        ("/general/r9/Patient", True),
        ("/general/oauth/authorize", False),
        ("/general/oauth/register", False),
        ("/developer", False),
        ("/admin/apps", False),
        ("/exchanges/abc", False),
    ],
)
def test_a_preflight_passes_if_a_page_may_read_the_response(desk: SharedApp, path: str, open: bool) -> None:
    """A browser hides a response, also one that explains an unknown address, if its preflight fails."""
    headers = [*PREFLIGHT, (b"access-control-request-headers", b"mcp-protocol-version")]
    answer = desk.do(lambda flow: send(flow.application, "OPTIONS", path.encode(), headers))
    allowed = answer.headers.get("access-control-allow-headers", "").lower()
    assert ((answer.status, "mcp-protocol-version" in allowed) == (204, True)) is open


def test_no_cache_keeps_what_the_administrator_reads(desk: SharedApp) -> None:
    kept: list[str] = []

    async def steps(flow: Flow) -> None:
        for path, route in _list_routes(flow.application).items():
            target = _fill(path, "p-0001")
            if "GET" not in (route.methods or METHODS) or PUBLIC.match(target) or target.startswith("/general/"):
                continue
            for accept in (b"text/html", b"application/json", b"text/plain", b"text/markdown"):
                headers = [(b"accept", accept), (b"authorization", b"Bearer " + TOKEN.encode())]
                answer = await send(flow.application, "GET", target.encode(), headers)
                if answer.status == 200 and answer.headers.get("cache-control") != "no-store":
                    kept.append(target)

    desk.do(steps)
    assert kept == []


OPEN_TO_STRANGERS = frozenset(
    (
        "/developer/sign-in",
        "/developer/sign-out",
        "/developer/search",
        "/developer/join",
        "/developer/join/{id}",
        "/timelines/{id}",
    )
)
"""Pages to sign in and join, the search, which also finds public pages, and a launch, which anyone with its id sees in part."""


def test_a_stranger_gets_no_page_of_the_administrator(desk: SharedApp) -> None:
    shown = []

    async def steps(flow: Flow) -> None:
        for path, route in _list_routes(flow.application).items():
            if not path.startswith(("/developer", "/timelines", "/admin", "/mcp")) and not path.endswith("/resend"):
                continue
            for method in {*(route.methods or METHODS)} - {"HEAD"} if not PUBLIC.match(path) else ():
                answer = await send(flow.application, method, _fill(path, "abcdefgh").encode(), [(b"accept", b"text/html")])
                if answer.status != 403 and path not in OPEN_TO_STRANGERS:
                    shown.append((method, path, answer.status))

    desk.do(steps)
    assert shown == []
