"""Mistakes in a request that pasted code sends to a token endpoint."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from urllib.parse import parse_qs

from sickbay.doctor.code.mistake import Mistake, MistakeText
from sickbay.doctor.code.models import CodeRequest

_TOKEN_PATH = re.compile(r"(?:token|access_token|token\.oauth2|token\.php)/?(?:\?|$)", re.I)
_VARIABLE = re.compile(r"\{([\w.]+)\}")
_GRANT_TYPE = re.compile(r"grant_type(?!s)")
_WORD = re.compile(r"\w[\"'\\]*+\s*+[=:]")
_OAUTH_NAME = re.compile(r"client_?id|client_?assertion|client_?secret|code_?verifier|refresh_?token|object Object", re.I)
"""Other endpoints of apps are called token too. Their bodies don't have these names."""
_NOT_INSERTED = re.compile(r"\$\{[\w.]+\}|\{\{\s*[\w.]+\s*\}\}|(?<![\w$/])\$[A-Za-z_]\w+|#\{[\w.]+\}|\\\([\w.]+\)|%[A-Z_]{3,}%")
_HOW_TO_FORM = {
    "fetch": "Set `body: new URLSearchParams({grant_type: …})`",
    "axios": "Pass `new URLSearchParams({grant_type: …})` as the second argument",
    "jQuery": "Pass the fields as an object in `data`, without `JSON.stringify` and without `contentType`",
    "XMLHttpRequest": "Call `xhr.send(new URLSearchParams({grant_type: …}))`",
    "request": "Use the option `form` instead of `json` or `body`",
    "got": "Use the option `form` instead of `json`",
    "requests": "Use `data=` with a dictionary instead of `json=`",
    "httpx": "Use `data=` with a dictionary instead of `json=`",
    "aiohttp": "Use `data=` with a dictionary instead of `json=`",
    "urllib": "Send `urllib.parse.urlencode(fields).encode()`",
    "HttpClient": "Set the content to `new FormUrlEncodedContent(fields)`",
    "RestSharp": "Call `request.AddParameter(name, value)` for each parameter",
    "OkHttp": "Build the body with `FormBody.Builder`",
    "RestTemplate": "Put the fields into a `LinkedMultiValueMap`, with `MediaType.APPLICATION_FORM_URLENCODED`",
    "WebClient": "Use `BodyInserters.fromFormData(…)`",
    "net/http": "Send `strings.NewReader(values.Encode())` with `values` of type `url.Values`",
    "PHP curl": "Pass `http_build_query($fields)` as `CURLOPT_POSTFIELDS`",
    "Guzzle": "Use the option `form_params`",
    "curl": "Send `-d 'grant_type=…&code=…'`",
}
JSON_BODY = MistakeText(
    "code-json-body",
    "error",
    "The code sends the token request as JSON",
    "The token endpoint reads only a form (`application/x-www-form-urlencoded`). It doesn't parse JSON, so it finds no "
    "`grant_type`.",
    "{how}. Send it with `Content-Type: application/x-www-form-urlencoded`.",
)
JSON_AS_FORM = MistakeText(
    "code-json-under-form-type",
    "error",
    "The body is JSON, but `Content-Type` says that it is a form",
    "The header doesn't convert the body. The server parses the JSON text as a form and finds no `grant_type`.",
    "{how}, so that the body is `grant_type=…&code=…`.",
)
GET = MistakeText(
    "code-token-get",
    "error",
    "The code calls the token endpoint with GET",
    "Token requests must be POST requests with the parameters in the body. URLs are stored in logs and histories, so the "
    "server doesn't read parameters from the query.",
    "{how}",
)
IN_QUERY = MistakeText(
    "code-token-parameters-in-query",
    "error",
    "The parameters of the token request are in the URL",
    "The token endpoint reads its parameters from the body. It ignores the query, so `grant_type` is missing.",
    "Remove everything after `?` from the URL, and send it as the body with `Content-Type: application/x-www-form-urlencoded`.",
)
BEARER = MistakeText(
    "code-bearer-instead-of-basic",
    "error",
    "`Authorization` uses Bearer for the client's credentials; it must be Basic",
    "Bearer is followed by an access token. The client ID and secret are sent with the Basic scheme.",
    "Send `Authorization: Basic` followed by base64 of `client_id:client_secret`.",
)
NOT_ENCODED = MistakeText(
    "code-basic-not-base64",
    "error",
    "The credentials after Basic aren't base64-encoded",
    "The server decodes the text after `Basic` as base64. A client ID and secret in plain text can't be decoded.",
    "Encode `client_id:client_secret` with base64, and send the result after `Basic`.",
)
LINE_BREAK = MistakeText(
    "code-basic-newline",
    "error",
    "The encoded credentials end with a line break",
    "`echo` adds a line break, which is encoded as a part of the secret. The server compares the secret exactly.",
    'Use `printf \'%s\' "$CLIENT_ID:$CLIENT_SECRET"` or `echo -n`, or let curl encode them: `-u "$CLIENT_ID:$CLIENT_SECRET"`.',
)
FORM_AS_TEXT = MistakeText(
    "code-form-as-text",
    "error",
    "The body is a form, but it is sent as `text/plain`",
    "{language} sends a string as `text/plain` if the code sets no `Content-Type`. The token endpoint reads only a form "
    "(`application/x-www-form-urlencoded`).",
    "{how}, or set the header `Content-Type: application/x-www-form-urlencoded`.",
)
MULTIPART = MistakeText(
    "code-multipart-body",
    "error",
    "The code sends the token request as multipart/form-data",
    "{cause} sends `multipart/form-data`. The token endpoint accepts only `application/x-www-form-urlencoded`.",
    "{how}.",
)
OBJECT_BODY = MistakeText(
    "code-object-as-body",
    "error",
    "The body is a plain object, which is sent as the text `[object Object]`",
    "{language} doesn't convert objects into a form or JSON.",
    "Pass `new URLSearchParams({…})` as the body.",
)
OPTIONS_IN_BODY = MistakeText(
    "code-options-in-body",
    "error",
    "The headers are a part of the body: axios takes them as the third argument",
    "`axios.post(url, data, options)` sends its second argument as the body. The headers in it aren't set.",
    "Pass the parameters as the second argument and `{headers: …}` as the third.",
)
SCHEME_TWICE = MistakeText(
    "code-authorization-doubled",
    "error",
    "The value of `Authorization` contains {part} twice",
    "The server reads the first word as the scheme and the rest as the credentials, so they begin with {part}.",
    "Send {part} once. Some libraries add it on their own.",
)
NOT_INSERTED = MistakeText(
    "code-variable-not-inserted",
    "error",
    "`{name}` is sent as text, because it isn't replaced by a value",
    "{cause}",
    "{how}",
)
QUESTION_MARK = MistakeText(
    "code-body-question-mark",
    "error",
    "The body starts with a question mark",
    "The server reads the name of the first parameter as `{name}`, which it doesn't know.",
    "Remove the `?`. Only the query of a URL starts with it.",
)
PASSWORD = MistakeText(
    "code-password-grant",
    "info",
    "The code uses the password grant, which SMART doesn't have",
    "With `grant_type=password`, the app handles the user's password. SMART servers offer authorization_code, "
    "client_credentials and refresh_token, and OAuth 2.1 removes the password grant.",
    "Use `grant_type=authorization_code` for apps with users, and `client_credentials` for backend services.",
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


def request_mistakes(request: CodeRequest) -> list[Mistake]:
    found = [check(request) for check in _ANYWHERE]
    if is_token_request(request):
        found += [check(request) for check in _AT_TOKEN_ENDPOINT]
    return [mistake for mistake in found if mistake]


def _lines(request: CodeRequest) -> tuple[int, int]:
    return request.first_line, request.last_line


def _how(request: CodeRequest) -> str:
    return _HOW_TO_FORM.get(request.language, "Send the parameters as a form body")


def _json(request: CodeRequest) -> Mistake | None:
    if request.body_format != "json" or _options_in_body(request):
        return None
    text = JSON_AS_FORM if "urlencoded" in request.header("content-type") else JSON_BODY
    return text.at(_lines(request), how=_how(request))


def _form_as_text(request: CodeRequest) -> Mistake | None:
    is_text = request.body_format == "form" and request.header("content-type").startswith("text/plain")
    return FORM_AS_TEXT.at(_lines(request), language=request.language, how=_how(request)) if is_text else None


def _get(request: CodeRequest) -> Mistake | None:
    is_oauth = re.search(r"oauth|openid|connect|auth", request.url.partition("?")[0], re.I) and "://" in request.url
    if request.method != "GET" or not ("grant_type=" in request.url or is_oauth):
        return None
    how = {
        "curl": "Add `-X POST`, and move the parameters from the URL to `-d`. With `-d`, curl sends a POST request.",
        "fetch": "Set `method: 'POST'`, and send the parameters as `body: new URLSearchParams({…})`.",
    }
    return GET.at(_lines(request), how=how.get(request.language, "Send a POST request with the parameters in its body."))


def _in_query(request: CodeRequest) -> Mistake | None:
    is_only_there = "grant_type=" in request.url and "grant_type" not in request.body
    return IN_QUERY.at(_lines(request)) if request.method == "POST" and is_only_there else None


def _bearer(request: CodeRequest) -> Mistake | None:
    scheme, _, value = request.header("authorization").partition(" ")
    if scheme.lower() != "bearer":
        return None
    is_pair = "base64" in value.lower() or ":" in value or ":" in _decoded(value)
    return BEARER.at(_lines(request)) if is_pair or "grant_type" in request.body else None


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _plain_basic(request: CodeRequest) -> Mistake | None:
    scheme, _, value = request.header("authorization").partition(" ")
    return NOT_ENCODED.at(_lines(request)) if scheme.lower() == "basic" and ":" in value else None


def _line_break(request: CodeRequest) -> Mistake | None:
    scheme, _, value = request.header("authorization").partition(" ")
    ends = scheme.lower() == "basic" and _decoded(value).endswith("\n")
    return LINE_BREAK.at(_lines(request)) if ends else None


def _multipart(request: CodeRequest) -> Mistake | None:
    if request.body_format != "multipart":
        return None
    causes = {"curl": "The option `-F`", "PHP curl": "An array as `CURLOPT_POSTFIELDS`", "requests": "The argument `files=`"}
    return MULTIPART.at(_lines(request), cause=causes.get(request.language, "`FormData`"), how=_how(request))


def _object_body(request: CodeRequest) -> Mistake | None:
    return OBJECT_BODY.at(_lines(request), language=request.language) if request.body == "[object Object]" else None


def _options_in_body(request: CodeRequest) -> Mistake | None:
    is_inside = request.language == "axios" and request.body_format == "json" and '"headers": {' in request.body
    return OPTIONS_IN_BODY.at(_lines(request)) if is_inside else None


def _doubled(request: CodeRequest) -> Mistake | None:
    value = request.header("authorization")
    match = re.match(r"(authorization):|(basic|bearer)\s+(?:basic|bearer)\b", value, re.I)
    if not match:
        return None
    return SCHEME_TWICE.at(_lines(request), part=f"`{match[1] or match[2]}`")


def _question_mark(request: CodeRequest) -> Mistake | None:
    name = request.body.partition("=")[0]
    return QUESTION_MARK.at(_lines(request), name=name) if name.startswith("?") else None


def _password(request: CodeRequest) -> Mistake | None:
    values = parse_qs(request.body or request.url.partition("?")[2]).get("grant_type", [])
    is_password = "password" in values or re.search(r"grant_type\W{1,6}password\b", request.body)
    return PASSWORD.at(_lines(request)) if is_password else None


def _not_inserted(request: CodeRequest) -> Mistake | None:
    for text in (request.url, request.body, *request.headers.values()):
        for match in _NOT_INSERTED.finditer(text):
            if match[0].strip("${}#%\\() ") not in request.variables:
                cause, how = _insertion(request.language, match[0])
                return NOT_INSERTED.at(_lines(request), name=match[0], cause=cause, how=how)
    return None


def _insertion(language: str, written: str) -> tuple[str, str]:
    if written.startswith("{{"):
        return (
            "Postman and template engines replace names in double braces. Your program doesn't.",
            "Replace it by the value or by a variable of your program.",
        )
    if language == "curl":
        return (
            "The shell doesn't replace variables in single quotation marks.",
            "Use double quotation marks around the text that contains the variable.",
        )
    if written.startswith("${"):
        return (
            "`${…}` is replaced only in a template string, which stands between backticks.",
            "Use backticks instead of quotes.",
        )
    return ("This language doesn't insert variables into this kind of string.", "Join the string and the variable instead.")


_Check = Callable[[CodeRequest], Mistake | None]
_ANYWHERE: tuple[_Check, ...] = (_plain_basic, _line_break, _object_body, _options_in_body, _doubled, _not_inserted, _bearer)
_AT_TOKEN_ENDPOINT: tuple[_Check, ...] = (_json, _form_as_text, _get, _in_query, _multipart, _question_mark, _password)
