"""Methods and properties of a request that pasted code builds in steps, in all languages."""

from __future__ import annotations

from sickbay.diagnosis.lists import LISTS
from sickbay.doctor.code.draft import TYPES, RequestDraft
from sickbay.doctor.code.libraries import dotnet, java
from sickbay.doctor.code.libraries.dotnet import method_of
from sickbay.doctor.code.libraries.support import VERBS, new_draft
from sickbay.doctor.code.tokens import set_of
from sickbay.doctor.code.values import (
    CodeBody,
    CodeFields,
    CodeItems,
    CodeObject,
    CodeText,
    CodeValue,
    Invocation,
    fields_of,
    join,
    literal,
    text_of,
)

_HEADER = frozenset(LISTS["calls_that_set_a_header"])
_HEADER_PATHS = (".header.set", ".header.add", ".headers.add", ".headers.set", ".headers.tryaddwithoutvalidation", ".set")
_BODY = set_of("send body setbody addbody setentity bodyvalue write addstringbody end syncbody print writebytes append input")
_METHODS = {"get": "GET", "post": "POST", "put": "PUT", "patch": "PATCH", "delete": "DELETE"}
_PROPERTY_BODY = set_of("body content entity data")
_NOT_SENDING = frozenset(LISTS["calls_that_send_nothing"])
"""Methods that deal with the response."""
_HEADERS_OF = set_of("accept authorization content-type contenttype")
_UNKNOWN = {"setrequestheader": "XMLHttpRequest", "setrequestproperty": "HttpURLConnection", "addheader": "RestSharp"}
"""The library of a request that the paste doesn't show being made, by the method that sets a header."""


def call_method(result: RequestDraft, call: Invocation) -> CodeValue:
    """A method of a request."""
    name = call.name.lower()
    if name not in _NOT_SENDING:
        result.last = max(result.last, call.end)
    if name in _HEADER or call.path.lower().endswith(_HEADER_PATHS):
        _add_header(result, call)
    elif name in _METHODS:
        _set_verb(result, call, _METHODS[name])
    elif name in _BODY:
        _set_body(result, call, name)
    else:
        _apply_builder_call(result, call, name)
    return result


def _add_header(result: RequestDraft, call: Invocation) -> None:
    if len(call.arguments) >= 2:
        result.add_header(call.arguments[0].value, call.arguments[1].value)
    elif call.arguments:
        result.add_headers(call.arguments[0].value)


def _set_verb(result: RequestDraft, call: Invocation, verb: str) -> None:
    """`.post(body)` of OkHttp, `.POST(publisher)` of java.net.http, `.get()`."""
    result.method = verb
    if call.arguments:
        java.set_body(result, call.arguments[0].value)


def _set_body(result: RequestDraft, call: Invocation, name: str) -> None:
    if not call.arguments or (name == "end" and result.language != "https"):
        return
    value = call.arguments[0].value
    if isinstance(value, CodeObject) and not isinstance(value, RequestDraft) and value.path == "RequestBody":
        java.set_body(result, value)
    elif isinstance(value, CodeObject | CodeItems) and name in ("write", "end", "print"):
        return
    elif name == "write" and isinstance(result.body, CodeText) and isinstance(value, CodeText):
        result.body = join((result.body, value))
    elif not (isinstance(value, CodeText) and str(value) in ("{null}", "null", "{nil}")):
        _keep_body(result, value)


def _keep_body(result: RequestDraft, value: CodeValue) -> None:
    """Sets the body. XMLHttpRequest and superagent send a string and fields with different types."""
    result.body = value
    if result.language == "XMLHttpRequest":
        result.string_type = "text/plain;charset=UTF-8"
        if isinstance(value, CodeFields) and not value.encoding:
            result.body = literal("[object Object]")


def _apply_builder_call(result: RequestDraft, call: Invocation, name: str) -> None:
    match name:
        case "open":
            result.method, result.url = str(call.text(0)), call.text(1)
        case "url" | "uri" | "seturi" | "setnewurl" if call.arguments:
            result.url = call.text(0)
        case "setrequestmethod" | "method" if call.arguments:
            text = call.text(0)
            result.method = str(text) if text.is_known else method_of(text)
            if name == "method" and len(call.arguments) > 1:
                java.set_body(result, call.arguments[1].value)
        case "addparameter" | "adddataparameter" | "addqueryparameter" | "addorupdateparameter":
            dotnet.add_parameter(result, call)
        case "addjsonbody":
            result.body = CodeBody("json", call.value(0) or literal(""))
        case "setbasicauth" | "basic_auth" | "basicauth" | "auth" | "setcredentials" if len(call.arguments) >= 2:
            result.authorize(call.arguments[0].value, call.arguments[1].value)
        case "type" | "contenttype" | "set_content_type":
            result.default = "form" if "form" in str(call.text(0)) else "json"
            result.add_header(literal("Content-Type"), _short_type(call.text(0)))
        case "query" | "querystring":
            fields = fields_of(call.value(0))
            result.query.extend(fields.pairs if fields else [])
        case "set":
            result.add_headers(call.value(0))


def _short_type(text: CodeText) -> CodeText:
    return literal(TYPES[str(text)]) if str(text) in TYPES else text


def assign_property(result: RequestDraft, name: str, value: CodeValue, end: int) -> None:
    """`request.httpMethod = "POST"`, `request.Headers["X"] = …`, `request["X"] = …`."""
    result.last = max(result.last, end)
    last = name.rpartition(".")[2]
    lower = last.lower()
    if lower in ("method", "requestmethod"):
        text = text_of(value)
        result.method = str(text) if text.is_known else method_of(text) or str(text)
    elif lower in ("url", "requesturi", "uri"):
        result.url = text_of(value)
    elif lower in ("headers",):
        result.add_headers(value)
    elif lower in _HEADERS_OF or "-" in last:
        _assign_header(result, {"contenttype": "Content-Type"}.get(lower, last), value)
    elif lower in _PROPERTY_BODY:
        dotnet.set_content(result, value)


def _assign_header(result: RequestDraft, name: str, value: CodeValue) -> None:
    if isinstance(value, CodeObject) and value.path.endswith("AuthenticationHeaderValue") and value.arguments:
        pieces = [text_of(item.value) for item in value.arguments[:2]]
        result.headers.append((name, join((pieces[0], literal(" "), *pieces[1:]))))
    else:
        result.headers.append((name, text_of(value)))


def read_excerpt(call: Invocation) -> RequestDraft | None:
    """A request that the paste doesn't show being made: only a header is set."""
    name = call.name.lower()
    if name == "open" and str(call.text(0)).lower() in VERBS and len(call.arguments) > 1:
        return new_draft(call, "XMLHttpRequest", str(call.text(0)), call.text(1))
    language = _UNKNOWN.get(name) or ("net/http" if call.path.endswith((".Header.Set", ".Header.Add")) else "")
    if not language or len(call.arguments) < 2 or "." not in call.path:
        return None
    if language == "RestSharp" and call.name == "addHeader":
        language = "OkHttp"
    result = new_draft(call, language, "", CodeText(()))
    _add_header(result, call)
    return result
