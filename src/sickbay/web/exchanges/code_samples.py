"""A request as code in four languages: one parameter per line, with changes marked, and safe to paste.

The request may have been sent by anyone. None of its characters may end a quotation, start an option, name a file for curl, or
reach a terminal as a control character or as a change of the writing direction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from msgspec import Struct
from msgspec.structs import replace

from sickbay.diagnosis import placeholders
from sickbay.protocol import unicode
from sickbay.services.redaction.masking import name_values_of_url
from sickbay.web.pages.parts import TextPiece

Pair = tuple[str, str]
PLAIN = re.compile(r"[A-Za-z0-9/][A-Za-z0-9_./:,%+-]*")
"""Characters without a special meaning in any shell. Not ~ and =, which zsh expands at the start of a word."""
WEB = re.compile(r"https?://", re.I)
GLOBS = re.compile(r"[\[\]{}]")
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A method or a header's name (RFC 9110, 5.6.2)."""
UNRESERVED = re.compile(r"[A-Za-z0-9~._-]*")
_NOT_IN_A_URL = " \"<>\\^`|'"
_ODD = re.compile(rf"[{re.escape(_NOT_IN_A_URL)}]|[^!-~]")
"""A character that isn't allowed in a URL, or isn't ASCII."""

HEADERS = ("authorization", "accept", "prefer", "if-match", "if-none-match", "if-modified-since", "x-requested-with")
MASK = re.compile(r"(?:(?:Bearer|Basic) )?(?:.{0,4}…(?:\(\d+\))?|[•*]{2,})|[^‹]*‹[^›]*›.*", re.S)
OUTLINED = re.compile(r"‹not kept: (.+)›", re.S)
"""The text in place of a body that wasn't stored in full."""
PLACEHOLDER_BODY = "YOUR-BODY"


class CodeLine(Struct, frozen=True):
    """One line of code. quiet: unchanged. inside: indented. end: joins it to the next line in the copied text."""

    pieces: tuple[TextPiece, ...]
    quiet: bool = False
    inside: bool = False
    end: str = ""


class Tab(Struct, frozen=True):
    id: str
    name: str
    lines: tuple[CodeLine, ...]

    @property
    def text(self) -> str:
        """The copied text. Line breaks that are only for display are left out."""
        return "".join(["".join([piece.text for piece in line.pieces]) + line.end for line in self.lines]).rstrip("\n")


class RequestParts(Struct, frozen=True):
    """The parts of a request. query, form: decoded pairs in order. body: anything that isn't a form."""

    method: str
    address: str
    query: tuple[Pair, ...] = ()
    form: tuple[Pair, ...] = ()
    headers: tuple[Pair, ...] = ()
    body: str = ""

    @property
    def parameters(self) -> tuple[Pair, ...]:
        return self.query + self.form + _members_of_json(self.body)


def _members_of_json(body: str) -> tuple[Pair, ...]:
    """Returns the members of a JSON object as form parameters, so that the table can compare them with the expected form."""
    return tuple(
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in parse_object(body).items()
    )


def parse_object(body: str) -> dict[str, Any]:
    """The members of a JSON object; none if the text isn't one."""
    try:
        return dict(unicode.loads(body)) if body.lstrip()[:1] == "{" else {}
    except (ValueError, RecursionError):
        return {}


def read_request_parts(request: Mapping[str, Any]) -> RequestParts:
    """Parse {"method", "url", "headers", "body"}. A body is a form if it is a dict or looks like one."""
    address, _, query = str(request.get("url", "")).partition("?")
    body = request.get("body") or ""
    form = tuple((str(k), str(v)) for k, v in body.items()) if isinstance(body, Mapping) else _pairs_of_form(str(body))
    headers = tuple((str(name), str(value)) for name, value in (request.get("headers") or {}).items() if _is_needed(name, form))
    method = str(request.get("method") or ("POST" if body else "GET")).upper()
    return RequestParts(method, address, _pairs_of_text(query), form, headers, "" if form else str(body))


def _lower_header_names(headers: Sequence[Pair]) -> tuple[Pair, ...]:
    return tuple((name.lower(), value) for name, value in headers)


def _is_needed(name: str, form: Sequence[Pair]) -> bool:
    """Whether the code needs this header: HTTP clients set the others automatically."""
    return name.lower() in HEADERS or (name.lower() == "content-type" and not form)


def _pairs_of_form(body: str) -> tuple[Pair, ...]:
    return _pairs_of_text(body) if "=" in body and body.lstrip()[:1] not in ("{", "[", "<") else ()


def _pairs_of_text(text: str) -> tuple[Pair, ...]:
    return tuple(parse_qsl(text, keep_blank_values=True)) if text else ()


def make_placeholder(name: str, value: str) -> str:
    """The value to copy: a placeholder if the value is masked."""
    return placeholders.placeholder_for(name) if is_masked(value) else value


def is_masked(value: str) -> bool:
    """Whether this text replaces a secret: `abcd…(43)`, `…`, or `‹43 characters›` in it."""
    return bool(MASK.fullmatch(value))


def list_places(request: RequestParts) -> tuple[str, ...]:
    """The placeholders in the code, which the reader has to replace."""
    sent = [
        make_placeholder(name, value) for name, value in request.parameters if is_masked(value) or value in placeholders.PLACES
    ]
    headers = [_header_option(name, value).partition(" ")[2] for name, value in request.headers if _is_place(name, value)]
    return tuple(dict.fromkeys(sent + [credentials for credentials in headers if credentials]))


def _is_place(name: str, header: str) -> bool:
    """Only Authorization needs a value from the reader. In other headers, an unknown part may be masked (a media type)."""
    return name.lower() == "authorization" and (is_masked(header) or header.partition(" ")[2] in placeholders.PLACES)


def make_tabs(request: RequestParts, changed: Mapping[str, Sequence[TextPiece]]) -> tuple[Tab, ...]:
    """URL (if the request is a plain GET), curl, JavaScript, Python. changed: parameter -> its expected value in pieces."""
    request = _insert_placeholders(request)
    tabs = (_curl_tab(request, changed), _javascript_tab(request, changed), _python_tab(request, changed))
    simple = request.method == "GET" and not request.body and "authorization" not in dict(_lower_header_names(request.headers))
    simple = simple and bool(WEB.match(request.address))  # a browser would run javascript: and open file:
    return ((Tab("url", "URL", _url_lines(request, changed)), *tabs)) if simple else tabs


def _insert_placeholders(request: RequestParts) -> RequestParts:
    """Insert placeholders for masked names, for a body that wasn't stored, and for masked members of a JSON body."""
    query, form = (tuple([(_quote_name(name), value) for name, value in pairs]) for pairs in (request.query, request.form))
    body = PLACEHOLDER_BODY if OUTLINED.fullmatch(request.body) else _json_body(request.body)
    address = request.address if unquote(request.address).isascii() else name_values_of_url(request.address)  # no mask is ASCII
    return replace(request, address=address, query=query, form=form, body=body)


def _quote_name(name: str) -> str:
    return placeholders.PLACEHOLDER_PARAMETER if "‹" in name else name


def _json_body(body: str) -> str:
    members = parse_object(body)
    if not any(isinstance(value, str) and is_masked(value) for value in members.values()):
        return body
    filled = {
        _quote_name(name): make_placeholder(name, value) if isinstance(value, str) else value for name, value in members.items()
    }
    return json.dumps(filled, ensure_ascii=False)


def describe_missing_parts(request: RequestParts) -> str:
    """The outline of the body if Sickbay stored only that, else ""."""
    outline = OUTLINED.fullmatch(request.body)
    return outline[1] if outline else ""


def _url_lines(request: RequestParts, changed: Mapping[str, Sequence[TextPiece]]) -> tuple[CodeLine, ...]:
    lines = [CodeLine((TextPiece(quote_address(request.address)),), quiet=True)]
    for number, (name, value) in enumerate(request.query):
        start = TextPiece(("&" if number else "?") + percent_encode(name) + "=")
        pieces = _encode_pieces(changed.get(name, ())) or (TextPiece(percent_encode(make_placeholder(name, value))),)
        lines.append(CodeLine((start, *pieces), quiet=name not in changed, inside=True))
    return tuple(lines)


def _encode_pieces(pieces: Sequence[TextPiece]) -> tuple[TextPiece, ...]:
    return tuple(TextPiece(percent_encode(piece.text), piece.kind) for piece in pieces)


def make_url(request: RequestParts) -> str:
    """The whole URL on one line, with placeholders for masked values."""
    query = "&".join(
        [f"{percent_encode(name)}={percent_encode(make_placeholder(name, value))}" for name, value in request.query]
    )
    return quote_address(request.address) + ("?" + query if query else "")


def _curl_tab(request: RequestParts, changed: Mapping[str, Sequence[TextPiece]]) -> Tab:
    """Safe to paste, whatever the request contains: every word is quoted, and no option reads a file or expands its value."""
    lines = [CodeLine((TextPiece(_curl_start(request)),), end="")]
    for name, value in request.headers:
        if TOKEN.fullmatch(name):
            header = f"{name}: {_header_option(name, value)}" if value else f"{name};"
            lines.append(_continue_line(f"-H {quote_word(show_invisible(header))}", quiet=True))
    for name, value in request.form:
        lines.append(_continue_line(_form_part(name, make_placeholder(name, value)), quiet=name not in changed))
    if request.body:
        lines.append(_continue_line(f"--data-raw {quote_word(_escape_body(request.body))}"))
    return Tab("curl", "curl", tuple(lines))


def _curl_start(request: RequestParts) -> str:
    """curl, the method if curl would choose another one, and the URL."""
    target, has_body = make_url(request), bool(request.form or request.body)
    options = ["curl", "-i"]
    if request.method == "HEAD" and not has_body:
        options = ["curl", "-I"]
    elif request.method != ("POST" if has_body else "GET"):
        options += ["-X", quote_word(show_invisible(request.method))]
    if GLOBS.search(target):
        options.append("--globoff")
    if not WEB.match(target):  # curl would read a file from file://, and treat a leading - as an option
        options += ["--proto", "'=http,https'", "--url"]
    return " ".join((*options, quote_word(target)))


def _form_part(name: str, value: str) -> str:
    """One form parameter. curl encodes the value, but not the name."""
    if is_shown(value) and name:
        return f"--data-urlencode {quote_word(f'{percent_encode(name)}={value}')}"
    return f"--data-raw {quote_word(f'{percent_encode(name)}={percent_encode(value)}')}"


def _escape_body(body: str) -> str:
    """Escape invisible characters in JSON. In any other body, `quote_word` writes them out."""
    if is_shown(body, "\n\t"):
        return body
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return body.replace("\r\n", "\n")
    return escape_invisible(body.replace("\r\n", "\n"))


def _continue_line(text: str, quiet: bool = False) -> CodeLine:
    return CodeLine((TextPiece(" \\\n  " + text),), quiet=quiet)


def _header_option(name: str, value: str) -> str:
    if name.lower() == "authorization" and is_masked(value):
        scheme = "Basic" if value.startswith("Basic ") else "Bearer"
        return f"{scheme} {placeholders.placeholder_for('basic' if scheme == 'Basic' else 'access_token')}"
    return value


def _javascript_tab(request: RequestParts, changed: Mapping[str, Sequence[TextPiece]]) -> Tab:
    if request.method == "GET" and request.query and not request.headers:
        first = f"const url = new URL({write_script(quote_address(request.address))});"
        body = [
            (f"url.searchParams.set({write_script(n)}, {write_script(make_placeholder(n, v))});", n) for n, v in request.query
        ]
        return _script_tab("javascript", "JavaScript", first, body, "location.assign(url);", changed)
    options = [f"method: {write_script(request.method)}", *_js_headers(request)]
    if request.body:
        options.append(f"body: {write_script(request.body)}")
    first = f"const answer = await fetch({write_script(make_url(request))}, {{\n  " + ",\n  ".join(options) + ","
    if not request.form:
        return _script_tab("javascript", "JavaScript", first, [], "});", changed)
    body = [(f"    {write_script(n)}: {write_script(make_placeholder(n, v))},", n) for n, v in request.form]
    return _script_tab("javascript", "JavaScript", first + "\n  body: new URLSearchParams({", body, "  }),\n});", changed)


def _js_headers(request: RequestParts) -> list[str]:
    pairs = ", ".join(f"{write_script(name)}: {write_script(_header_option(name, value))}" for name, value in request.headers)
    return [f"headers: {{ {pairs} }}"] if pairs else []


def _python_tab(request: RequestParts, changed: Mapping[str, Sequence[TextPiece]]) -> Tab:
    if request.method == "GET" and request.query and not request.headers:
        body = [(f"    {n!r}: {make_placeholder(n, v)!r},", n) for n, v in request.query]
        last = f'}}\nurl = {quote_address(request.address)!r} + "?" + urlencode(parameters)'
        return _script_tab("python", "Python", "from urllib.parse import urlencode\nparameters = {", body, last, changed)
    head = f"import httpx\nanswer = httpx.request(\n    {request.method!r},\n    {make_url(request)!r},"
    if request.headers:
        head += f"\n    headers={ {name: _header_option(name, value) for name, value in request.headers}!r},"
    if request.body:
        head += f"\n    content={request.body!r},"
    if not request.form:
        return _script_tab("python", "Python", head, [], ")", changed)
    body = [(f"        {n!r}: {make_placeholder(n, v)!r},", n) for n, v in request.form]
    return _script_tab("python", "Python", head + "\n    data={", body, "    },\n)", changed)


def _script_tab(
    id: str, name: str, first: str, body: Sequence[Pair], last: str, changed: Mapping[str, Sequence[TextPiece]]
) -> Tab:
    lines = [CodeLine((TextPiece(first),), quiet=True, end="\n")]
    lines += [CodeLine((TextPiece(text),), quiet=parameter not in changed, end="\n") for text, parameter in body]
    return Tab(id, name, (*lines, CodeLine((TextPiece(last),), quiet=True, end="\n")))


def quote_word(text: str) -> str:
    """Quote the text as one word of a POSIX shell. Invisible characters are written out (`shown`)."""
    text = show_invisible(text, "\n\t")
    return text if PLAIN.fullmatch(text) else "'" + text.replace("'", "'\"'\"'") + "'"


def is_shown(text: str, keep: str = "") -> bool:
    """Whether every character is visible or one of `keep`."""
    return text.isprintable() or text.translate(dict.fromkeys(map(ord, keep))).isprintable()


def show_invisible(text: str, keep: str = "") -> str:
    """Write out every invisible character as <U+XXXX>."""
    if is_shown(text, keep):
        return text
    return "".join(char if char.isprintable() or char in keep else f"<U+{ord(char):04X}>" for char in text)


def percent_encode(text: str) -> str:
    """Percent-encode everything except unreserved characters, for a query or a form."""
    return text if UNRESERVED.fullmatch(text) else quote(text, safe="~.-_", errors="surrogatepass")


def quote_address(text: str) -> str:
    """Percent-encode characters that a URL can't contain: spaces, quotes and invisible ones. The rest stays as it was sent."""
    return _ODD.sub(lambda match: match[0] if _is_allowed(match[0]) else quote(match[0], safe="", errors="surrogatepass"), text)


def _is_allowed(char: str) -> bool:
    return char.isprintable() and char not in _NOT_IN_A_URL


def write_script(text: str) -> str:
    """A JavaScript string literal, with invisible characters escaped."""
    return escape_invisible(json.dumps(text, ensure_ascii=False))


def escape_invisible(text: str) -> str:
    r"""JSON or JavaScript with invisible characters as \uXXXX; its own spaces and line breaks stay."""
    if is_shown(text, "\n\t"):
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else json.dumps(char)[1:-1] for char in text)
