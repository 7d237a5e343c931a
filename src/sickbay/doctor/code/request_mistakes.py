"""Mistakes in a request that pasted code sends to a token endpoint."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable

from sickbay.doctor.code.models import CodeRequest, Mistake
from sickbay.doctor.code.text_mistakes import mistakes_in_text
from sickbay.kernel.late_patterns import compile_late

_TOKEN_PATH = compile_late(r"(?:token|access_token|token\.oauth2|token\.php)/?(?:\?|$)", re.I)
_VARIABLE = compile_late(r"\{([\w.]+)\}")
_GRANT_TYPE = compile_late(r"grant_type(?!s)")
_WORD = compile_late(r"\w[\"'\\]*+\s*+[=:]")
_OAUTH_NAME = compile_late(r"client_?id|client_?assertion|client_?secret|code_?verifier|refresh_?token|object Object", re.I)
"""Other endpoints of apps are called token too. Their bodies don't have these names."""
_NOT_INSERTED = compile_late(
    r"\$\{[\w.]+\}|\{\{\s*[\w.]+\s*\}\}|(?<![\w$/])\$[A-Za-z_]\w+|#\{[\w.]+\}|\\\([\w.]+\)|%[A-Z_]{3,}%"
)


def is_token_request(request: CodeRequest) -> bool:
    """Whether the request goes to a token endpoint, as far as the paste shows."""
    if _GRANT_TYPE.search(request.body) or "grant_type=" in request.url:
        return True
    is_address = _TOKEN_PATH.search(request.url) is not None or any(map(_names_token_address, _VARIABLE.findall(request.url)))
    return is_address and (not _WORD.search(request.body) or _OAUTH_NAME.search(request.body) is not None)


def _names_token_address(variable: str) -> bool:
    """Whether a variable such as tokenUrl or endpoint.token is the address of the token endpoint."""
    name = variable.lower()
    return "token" in name and any(word in name for word in ("url", "uri", "endpoint"))


def mistakes_in(request: CodeRequest, text: str) -> list[Mistake]:
    """The mistakes of one request, and those that the text around it shows. `text`: the whole paste.

    If the paste has several requests, the mistakes of the text are the same for each.
    """
    found = [*_mistakes_of_request(request)]
    ids = {mistake.id for mistake in found}
    return [*found, *(mistake for mistake in mistakes_in_text(text, sends_requests=True) if mistake.id not in ids)]


def _mistakes_of_request(request: CodeRequest) -> list[Mistake]:
    found = [check(request) for check in _ANYWHERE]
    if is_token_request(request):
        found += [check(request) for check in _AT_TOKEN_ENDPOINT]
    return [mistake for mistake in found if mistake]


def _mistake_at(request: CodeRequest, id: str, **facts: str) -> Mistake:
    return Mistake(id, (request.first_line, request.last_line), {"language": request.language, **facts})


def _find_json_to_token(request: CodeRequest) -> Mistake | None:
    if request.body_format != "json" or _find_options_in_body(request):
        return None
    is_form = "urlencoded" in request.header("content-type")
    return _mistake_at(request, "code-json-under-form-type" if is_form else "code-json-body")


def _get_to_token_endpoint(request: CodeRequest) -> Mistake | None:
    is_oauth = re.search(r"oauth|openid|connect|auth", request.url.partition("?")[0], re.I) and "://" in request.url
    is_oauth = is_oauth and "response_type=" not in request.url
    if request.method != "GET" or not ("grant_type=" in request.url or is_oauth):
        return None
    return _mistake_at(request, "code-token-get")


def _find_bearer_mistake(request: CodeRequest) -> Mistake | None:
    scheme, _, value = request.header("authorization").partition(" ")
    if scheme.lower() != "bearer":
        return None
    is_pair = "base64" in value.lower() or ":" in value or ":" in _decode_base64(value)
    return _mistake_at(request, "code-bearer-instead-of-basic") if is_pair or _GRANT_TYPE.search(request.body) else None


def _decode_base64(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _find_unencoded_basic(request: CodeRequest) -> Mistake | None:
    scheme, _, value = request.header("authorization").partition(" ")
    is_plain = ":" in value and "base64" not in value.lower()
    return _mistake_at(request, "code-basic-not-base64") if scheme.lower() == "basic" and is_plain else None


def _find_line_break(request: CodeRequest) -> Mistake | None:
    scheme, _, value = request.header("authorization").partition(" ")
    ends = scheme.lower() == "basic" and _decode_base64(value).endswith("\n")
    return _mistake_at(request, "code-basic-newline") if ends else None


def _find_options_in_body(request: CodeRequest) -> Mistake | None:
    is_inside = request.language == "axios" and request.body_format == "json" and '"headers": {' in request.body
    return _mistake_at(request, "code-options-in-body") if is_inside else None


def _find_doubled_authorization(request: CodeRequest) -> Mistake | None:
    value = request.header("authorization")
    match = re.match(r"(authorization):|(basic|bearer)\s+(?:basic|bearer)\b", value, re.I)
    if not match:
        return None
    return _mistake_at(request, "code-authorization-doubled", part=f"`{match[1] or match[2]}`")


def _find_question_mark(request: CodeRequest) -> Mistake | None:
    name = request.body.partition("=")[0]
    return _mistake_at(request, "code-body-question-mark", name=name) if name.startswith("?") else None


def _find_password_mistake(request: CodeRequest) -> Mistake | None:
    is_password = re.search(r"grant_type\W{1,6}password\b", request.body or request.url.partition("?")[2])
    return _mistake_at(request, "code-password-grant") if is_password else None


def _find_uninserted_variable(request: CodeRequest) -> Mistake | None:
    for text in (request.url, request.body, *request.headers.values()):
        for match in _NOT_INSERTED.finditer(text):
            name = match[0].strip("${}#%\\() ")
            if name not in request.variables and not name.lower().startswith("your"):  # documentation says yourDomain
                kinds = [kind for kind in ("{{", "${") if match[0].startswith(kind)]
                by = "curl" if request.language == "curl" and kinds != ["{{"] else "".join(kinds)
                return _mistake_at(request, "code-variable-not-inserted", name=match[0], by=by)
    return None


_Check = Callable[[CodeRequest], Mistake | None]


def _when(id: str, is_wrong: Callable[[CodeRequest], bool]) -> _Check:
    return lambda request: _mistake_at(request, id) if is_wrong(request) else None


_ANYWHERE: tuple[_Check, ...] = (
    _find_unencoded_basic,
    _find_line_break,
    _when("code-object-as-body", lambda it: it.body == "[object Object]"),
    _find_options_in_body,
    _find_doubled_authorization,
    _find_uninserted_variable,
    _find_bearer_mistake,
)
_AT_TOKEN_ENDPOINT: tuple[_Check, ...] = (
    _find_json_to_token,
    _when("code-form-as-text", lambda it: it.body_format == "form" and it.header("content-type").startswith("text/plain")),
    _get_to_token_endpoint,
    _when(
        "code-token-parameters-in-query",
        lambda it: it.method == "POST" and "grant_type=" in it.url and "grant_type" not in it.body,
    ),
    _when("code-multipart-body", lambda it: it.body_format == "multipart"),
    _find_question_mark,
    _find_password_mistake,
)
