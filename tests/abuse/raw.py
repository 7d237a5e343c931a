"""Sends requests as raw bytes directly to the application, so that no client normalises them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from starlette.routing import Mount, Route

QUERIES = (
    b"%ed%a0%80",
    b"%ed%b0%80",
    b"%00",
    b"a%00b",
    b"%ff",
    b"%c0%af",
    b"%ef%bf%be",
    b"%ef%bb%bf",
    b"%f4%90%80%80",
    b"%",
    b"%zz",
    "²".encode(),
    "٣".encode(),
    "１".encode(),
    b"%C2%B2",
    b"%D9%A3",
    b"9" * 400,
    b"-1",
    b"1e999999",
    b"NaN",
    b"%0a%0d",
    b"%e2%80%ae",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"http://[",
    b"http://h:99999/",
    b"//%00",
    b"http://%ed%a0%80/",
    b"9" * 5000,
    b"0x10",
    b"+1",
    b"1_000",
    b"\x7f",
    b"{",
    b"a%7C%00",
    b"%F0%9F%98%80",
)
"""Values of a query or a form, as bytes."""
JSON_VALUES = (
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'"\\u0000"',
    b'"\\ufffe"',
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b'"\xc0\xaf"',
    b'"\x00"',
    b"1e999999",
    b"-1e999999",
    b"NaN",
    b"Infinity",
    b"9" * 400,
    b"9" * 5000,
    b"-0",
    b'"\xc2\xb2"',
    b'"\xd9\xa3"',
    b"[" * 300 + b"]" * 300,
    b'{"a":' * 300 + b"1" + b"}" * 300,
    b"null",
    b"true",
    b"[]",
    b"{}",
    b'""',
    b"1.5",
    b'{"a":1,"a":2}',
    b'["\\ud800"]',
    b'{"\\ud800":1}',
    b'{"\\u0000":1}',
    b'{"reference":"\\ud800"}',
    b'"http://["',
    b'"\\u202e"',
    b"[[1]]",
    b"18446744073709551616",
    b'"9999999999999999999999"',
    b'"\\u0001"',
    b'"0000-00-00"',
    b'"9999-99-99T99:99:99Z"',
    b"[null]",
    b'[{"a":null}]',
    b"\xef\xbb\xbf1",
)
"""Invalid JSON, and JSON that parsers read in different ways."""
BODIES = (
    b"",
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{\x00}\x00",
    b"\xff",
    b"\x00",
    b"{",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"null",
    b"1e999999",
    b'"\\ud800"',
    b"\xed\xa0\x80",
    b"<?xml version='1.0' encoding='utf-16'?><a/>",
    b"<a xmlns='\xff'/>",
    b"<!DOCTYPE a><a/>",
    b"a=%00",
    b"&&==&",
    b"=%ff&\xff=\xff",
)
HEADERS = (
    b"\xff",
    b"\xe9",
    b"a\x00b",
    b"\xed\xa0\x80",
    b"\xc2\xb2",
    b"Bearer \xff",
    b"Basic \xff",
    b"Basic /w==",
    b"Basic AAA6AAA=",
    b"Basic 7aCAOu2ggA==",
    b"bytes=\xc2\xb2-",
    b'W/"\xb2"',
    b'W/"' + b"9" * 400 + b'"',
    b"\xb2",
    b"application/json; charset=\xff",
    b"text/html;q=\xb2",
    b"9" * 400,
    b"http://\xff",
    b"http://[",
    b"Thu, 99 Foo 99999 99:99:99 GMT",
    b"Mon, 01 Jan 0000 00:00:00 GMT",
    b"return=\xff",
    b"identity\x00",
    b"sickbay=\xff; a=\x00",
    b"",
    b"\x85",
    b"Digest \xff",
)
HEADER_NAMES = (
    b"authorization",
    b"accept",
    b"content-type",
    b"if-match",
    b"if-none-match",
    b"if-modified-since",
    b"if-none-exist",
    b"prefer",
    b"cookie",
    b"origin",
    b"referer",
    b"content-encoding",
    b"accept-language",
    b"x-security-context",
    b"sec-fetch-site",
    b"x-forwarded-for",
    b"forwarded",
    b"content-length",
    b"user-agent",
    b"accept-encoding",
    b"x-requested-with",
    b"range",
    b"dpop",
)
JSON, FORM, FHIR = b"application/json", b"application/x-www-form-urlencoded", b"application/fhir+json"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


async def send(
    application: Any, method: str, target: bytes, headers: list[tuple[bytes, bytes]] | None = None, body: bytes = b""
) -> Answer:
    """target: path and query as in the request line. Raises every exception of the application."""
    path, _, query = target.partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "root_path": "",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "headers": [(b"host", b"localhost:7425"), (b"content-length", str(len(body)).encode()), *(headers or [])],
        "client": ("127.0.0.1", 5000),
        "server": ("localhost", 7425),
    }
    sent: list[dict[str, Any]] = []
    incoming = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(incoming, {"type": "http.disconnect"})

    async def take(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, take)
    start = next(message for message in sent if message["type"] == "http.response.start")
    response_headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(
        start["status"],
        response_headers,
        b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body"),
    )


def addresses(routes: list[Any]) -> Iterator[tuple[str, str]]:
    """The method and path template of every route."""
    for route in routes:
        if isinstance(route, Route):
            yield from ((method, route.path) for method in sorted(route.methods or {"GET", "POST"}))
        elif not isinstance(route, Mount):
            raise AssertionError(route)
