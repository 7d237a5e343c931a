"""A request to copy, in four languages: shown one parameter a line, what changed marked, copied as it works."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from sickbay.diagnosis import repairs
from sickbay.protocol import unicode
from sickbay.web.pages import shell
from sickbay.web.pages.marks import Piece

Pair = tuple[str, str]

HEADERS = ("authorization", "accept", "prefer", "if-match", "if-none-match", "if-modified-since", "x-requested-with")
MASK = re.compile(r"(?:(?:Bearer|Basic) )?(?:.{0,4}…(?:\(\d+\))?|[•*]{2,})|.*‹[^›]*›.*", re.S)
OUTLINED = re.compile(r"‹not kept: (.+)›", re.S)
"""A body of which only an outline is kept."""
PLACES = {
    "client_secret": "YOUR_CLIENT_SECRET",
    "code": "THE_CODE",
    "code_verifier": "YOUR_CODE_VERIFIER",
    "refresh_token": "YOUR_REFRESH_TOKEN",
    "launch": "THE_LAUNCH_CODE",
    "client_assertion": "YOUR_CLIENT_ASSERTION",
    "authorization": "YOUR_ACCESS_TOKEN",
}
PLACE_OF_BODY = "YOUR_BODY"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of code. quiet: not changed. inside: begins deeper. end: what joins it to the next when copied."""

    pieces: tuple[Piece, ...]
    quiet: bool = False
    inside: bool = False
    end: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    id: str
    name: str
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """What is copied: one line where the lines are only for the eye."""
        return "".join("".join(piece.text for piece in line.pieces) + line.end for line in self.lines).rstrip("\n")


@dataclass(frozen=True, slots=True)
class Request:
    """A request taken apart. query, form: decoded pairs in order; body: what is not a form."""

    method: str
    address: str
    query: tuple[Pair, ...] = ()
    form: tuple[Pair, ...] = ()
    headers: tuple[Pair, ...] = ()
    body: str = ""

    @property
    def parameters(self) -> tuple[Pair, ...]:
        return self.query + self.form + _members(self.body)


def _members(body: str) -> tuple[Pair, ...]:
    """Of a JSON object, as if they stood in a form: what is shown beside what belongs there."""
    return tuple(
        (name, one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)) for name, one in _object(body).items()
    )


def _object(body: str) -> dict[str, Any]:
    try:
        return dict(unicode.loads(body)) if body.lstrip()[:1] == "{" else {}
    except (ValueError, RecursionError):
        return {}


def read(given: Mapping[str, Any]) -> Request:
    """From {"method", "url", "headers", "body"}; a body is a form where it is a dict or says so by its shape."""
    address, _, query = str(given.get("url", "")).partition("?")
    body = given.get("body") or ""
    form = tuple((str(k), str(v)) for k, v in body.items()) if isinstance(body, Mapping) else _form(str(body))
    headers = tuple((str(name), str(value)) for name, value in (given.get("headers") or {}).items() if _told(name, form))
    method = str(given.get("method") or ("POST" if body else "GET")).upper()
    return Request(method, address, _pairs(query), form, headers, "" if form else str(body))


def _lower(headers: Sequence[Pair]) -> tuple[Pair, ...]:
    return tuple((name.lower(), value) for name, value in headers)


def _told(name: str, form: Sequence[Pair]) -> bool:
    """Whether this header is worth copying: not what a client sets by itself."""
    return name.lower() in HEADERS or (name.lower() == "content-type" and not form)


def _form(body: str) -> tuple[Pair, ...]:
    return _pairs(body) if "=" in body and body.lstrip()[:1] not in ("{", "[", "<") else ()


def _pairs(text: str) -> tuple[Pair, ...]:
    return tuple(parse_qsl(text, keep_blank_values=True)) if text else ()


def place(name: str, value: str) -> str:
    """The value to copy: a place-holder where the value is masked."""
    return PLACES.get(name.lower(), "YOUR_" + name.upper()) if masked(value) else value


def masked(value: str) -> bool:
    """Whether something else is shown in the place of this value: `abcd…(43)`, `…`, or `‹43 characters›` in it."""
    return bool(MASK.fullmatch(value))


def places(request: Request) -> tuple[str, ...]:
    """What stands in the code for a secret, and has to be filled in before it is sent."""
    found = [place(name, value) for name, value in request.parameters if masked(value) or value in repairs.PLACES]
    heads = [_header(name, value).partition(" ")[2] for name, value in request.headers if _is_place(name, value)]
    return tuple(dict.fromkeys(found + [one for one in heads if one]))


def _is_place(name: str, header: str) -> bool:
    """Of other headers than Authorization a part may not be kept, such as a media type: nothing needs to be filled in."""
    return name.lower() == "authorization" and (masked(header) or header.partition(" ")[2] in repairs.PLACES)


def tabs(request: Request, changed: Mapping[str, Sequence[Piece]]) -> tuple[Tab, ...]:
    """URL (where the request is one), curl, JavaScript, Python. `changed`: parameter -> its expected value in pieces."""
    request = _sendable(request)
    tabs = (_curl(request, changed), _javascript(request, changed), _python(request, changed))
    simple = request.method == "GET" and not request.body and "authorization" not in dict(_lower(request.headers))
    simple = simple and bool(shell.WEB.match(request.address))  # a browser would run javascript: and open file:
    return ((Tab("url", "URL", _url(request, changed)), *tabs)) if simple else tabs


def _sendable(request: Request) -> Request:
    """With placeholders for names that are not kept, for a body that is not kept, and for masked members of a JSON body."""
    query, form = (tuple((_name(n), v) for n, v in pairs) for pairs in (request.query, request.form))
    body = PLACE_OF_BODY if OUTLINED.fullmatch(request.body) else _json_body(request.body)
    return replace(request, query=query, form=form, body=body)


def _name(name: str) -> str:
    return "YOUR_PARAMETER" if "‹" in name else name


def _json_body(body: str) -> str:
    given = _object(body)
    if not any(isinstance(value, str) and masked(value) for value in given.values()):
        return body
    filled = {name: place(name, value) if isinstance(value, str) else value for name, value in given.items()}
    return json.dumps(filled, ensure_ascii=False)


def not_kept(request: Request) -> str:
    """What the body was, where only an outline of it is kept; else ""."""
    found = OUTLINED.fullmatch(request.body)
    return found[1] if found else ""


def _url(request: Request, changed: Mapping[str, Sequence[Piece]]) -> tuple[Line, ...]:
    lines = [Line((Piece(shell.address(request.address)),), quiet=True)]
    for number, (name, value) in enumerate(request.query):
        start = Piece(("&" if number else "?") + encode(name) + "=")
        pieces = _encoded(changed.get(name, ())) or (Piece(encode(place(name, value))),)
        lines.append(Line((start, *pieces), quiet=name not in changed, inside=True))
    return tuple(lines)


def encode(text: str) -> str:
    return shell.encoded(text)


def _encoded(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    return tuple(Piece(encode(piece.text), piece.kind) for piece in pieces)


def url(request: Request) -> str:
    """The whole address on one line, masked values as place-holders."""
    query = "&".join(f"{encode(name)}={encode(place(name, value))}" for name, value in request.query)
    return shell.address(request.address) + ("?" + query if query else "")


def _curl(request: Request, changed: Mapping[str, Sequence[Piece]]) -> Tab:
    """Safe to paste whatever the request holds: every word is quoted, and no option reads a file or expands its value."""
    lines = [Line((Piece(_curl_start(request)),), end="")]
    for name, value in request.headers:
        if shell.TOKEN.fullmatch(name):
            header = f"{name}: {_header(name, value)}" if value else f"{name};"
            lines.append(_more(f"-H {shell.word(shell.shown(header))}", quiet=True))
    for name, value in request.form:
        lines.append(_more(_form_part(name, place(name, value)), quiet=name not in changed))
    if request.body:
        lines.append(_more(f"--data-raw {shell.word(_body(request.body))}"))
    return Tab("curl", "curl", tuple(lines))


def _curl_start(request: Request) -> str:
    """curl, the method where curl would choose another one, and the URL."""
    whole, has_body = url(request), bool(request.form or request.body)
    options = ["curl", "-i"]
    if request.method == "HEAD" and not has_body:
        options = ["curl", "-I"]
    elif request.method != ("POST" if has_body else "GET"):
        options += ["-X", shell.word(shell.shown(request.method))]
    if shell.GLOBS.search(whole):
        options.append("--globoff")
    if not shell.WEB.match(whole):  # curl would read a file of file://, or take what begins with - for an option
        options += ["--proto", "'=http,https'", "--url"]
    return " ".join((*options, shell.word(whole)))


def _form_part(name: str, value: str) -> str:
    """One parameter of a form. curl encodes the value; the name it takes as it is."""
    if shell.is_shown(value) and name:
        return f"--data-urlencode {shell.word(f'{encode(name)}={value}')}"
    return f"--data-raw {shell.word(f'{encode(name)}={encode(value)}')}"


def _body(body: str) -> str:
    """JSON can say what cannot be seen; any other body says where something was."""
    if shell.is_shown(body, "\n\t"):
        return body
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return body.replace("\r\n", "\n")
    return shell.escaped(body.replace("\r\n", "\n"))


def _more(text: str, quiet: bool = False) -> Line:
    return Line((Piece(" \\\n  " + text),), quiet=quiet)


def _header(name: str, value: str) -> str:
    if name.lower() == "authorization" and masked(value):
        return "Basic YOUR_ID_AND_SECRET" if value.startswith("Basic ") else "Bearer " + PLACES["authorization"]
    return value


def _javascript(request: Request, changed: Mapping[str, Sequence[Piece]]) -> Tab:
    if request.method == "GET" and request.query and not request.headers:
        first = f"const url = new URL({_js(shell.address(request.address))});"
        body = [(f"url.searchParams.set({_js(n)}, {_js(place(n, v))});", n) for n, v in request.query]
        return _script("javascript", "JavaScript", first, body, "location.assign(url);", changed)
    options = [f"method: {_js(request.method)}", *_js_headers(request)]
    if request.body:
        options.append(f"body: {_js(request.body)}")
    first = f"const answer = await fetch({_js(url(request))}, {{\n  " + ",\n  ".join(options) + ","
    if not request.form:
        return _script("javascript", "JavaScript", first, [], "});", changed)
    body = [(f"    {_js(n)}: {_js(place(n, v))},", n) for n, v in request.form]
    return _script("javascript", "JavaScript", first + "\n  body: new URLSearchParams({", body, "  }),\n});", changed)


def _js_headers(request: Request) -> list[str]:
    pairs = ", ".join(f"{_js(name)}: {_js(_header(name, value))}" for name, value in request.headers)
    return [f"headers: {{ {pairs} }}"] if pairs else []


def _js(text: str) -> str:
    return shell.script(text)


def _python(request: Request, changed: Mapping[str, Sequence[Piece]]) -> Tab:
    if request.method == "GET" and request.query and not request.headers:
        body = [(f"    {n!r}: {place(n, v)!r},", n) for n, v in request.query]
        last = f'}}\nurl = {shell.address(request.address)!r} + "?" + urlencode(parameters)'
        return _script("python", "Python", "from urllib.parse import urlencode\nparameters = {", body, last, changed)
    head = f"import httpx\nanswer = httpx.request({request.method!r}, {url(request)!r},"
    if request.headers:
        head += f" headers={ {name: _header(name, value) for name, value in request.headers}!r},"
    if request.body:
        head += f" content={request.body!r},"
    if not request.form:
        return _script("python", "Python", head, [], ")", changed)
    body = [(f"    {n!r}: {place(n, v)!r},", n) for n, v in request.form]
    return _script("python", "Python", head + " data={", body, "})", changed)


def _script(id: str, name: str, first: str, body: Sequence[Pair], last: str, changed: Mapping[str, Sequence[Piece]]) -> Tab:
    lines = [Line((Piece(first),), quiet=True, end="\n")]
    lines += [Line((Piece(text),), quiet=parameter not in changed, end="\n") for text, parameter in body]
    return Tab(id, name, (*lines, Line((Piece(last),), quiet=True, end="\n")))
