"""Requests of .NET: HttpClient, RestSharp and HttpWebRequest."""

from __future__ import annotations

from sickbay.doctor.code.draft import RequestDraft
from sickbay.doctor.code.libraries.support import apply_client_defaults, new_draft, owner, resolve_url
from sickbay.doctor.code.values import CodeFields, CodeObject, CodeText, CodeValue, Invocation, join, literal, text_of

_ASYNC = {"postasync": "POST", "getasync": "GET", "putasync": "PUT", "patchasync": "PATCH", "deleteasync": "DELETE"}


def string_content(call: Invocation) -> CodeValue | None:
    """`new StringContent(text, encoding, mediaType)`: a body with its media type."""
    if not call.arguments:
        return None
    media_type = str(call.text(2)) or str(call.text(1, "mediatype"))
    value = call.value(0)
    encoding = "json" if "json" in media_type else "form" if "urlencoded" in media_type else "text"
    return CodeObject("StringContent", [call.arguments[0]], None, {"value": value or literal(""), "type": literal(encoding)})


def http_message(call: Invocation) -> RequestDraft:
    return new_draft(call, "HttpClient", method_of(call.text(0)), call.text(1))


def method_of(text: CodeText) -> str:
    """The method that an expression such as HttpMethod.Post names."""
    name = str(text).strip("{}").rpartition(".")[2].lower()
    return name if name in ("get", "post", "put", "patch", "delete", "head") else ""


def http_client(call: Invocation) -> CodeValue | None:
    name = call.name.lower()
    if name in ("sendasync", "send") and isinstance(message := call.value(0), RequestDraft):
        message.last = max(message.last, call.end)
        return apply_client_defaults(message, call.base)
    if name not in _ASYNC or not call.arguments:
        return None
    if isinstance(target := call.value(0), RequestDraft):
        return _finish_restsharp(target, call, _ASYNC[name])
    result = new_draft(call, "HttpClient", _ASYNC[name], call.text(0))
    set_content(result, call.value(1))
    return result


def set_content(result: RequestDraft, content: CodeValue | None) -> None:
    if isinstance(content, CodeObject) and content.path == "StringContent":
        kind = str(text_of(content.properties.get("type")))
        value = content.properties.get("value")
        result.body = value
        types = {"json": "application/json; charset=utf-8", "form": "application/x-www-form-urlencoded"}
        result.string_type = types.get(kind, "text/plain; charset=utf-8")
        result.headers += (
            [] if any(name == "Content-Type" for name, _ in result.headers) else [("Content-Type", literal(result.string_type))]
        )
    else:
        result.body = content


def rest_request(call: Invocation) -> RequestDraft:
    """`new RestRequest(resource, Method.POST)`."""
    first, second = call.text(0), call.text(1)
    method = method_of(first) or method_of(second) or ""
    return new_draft(call, "RestSharp", method, CodeText(()) if method_of(first) else first)


def read_execute(call: Invocation) -> CodeValue | None:
    """`client.Execute(request)` of RestSharp."""
    target = call.value(0)
    return _finish_restsharp(target, call, "") if isinstance(target, RequestDraft) and target.language == "RestSharp" else None


def _finish_restsharp(result: RequestDraft, call: Invocation, method: str) -> RequestDraft:
    result.last = max(result.last, call.end)
    result.method = method or result.method or method_of(call.text(1)) or "GET"
    client = call.base
    if isinstance(client, CodeObject) and client.arguments:
        first = client.arguments[0].value
        base = text_of(first.arguments[0].value if isinstance(first, CodeObject) and first.arguments else first)
        separator = literal("/" if result.url.parts and not str(base).endswith("/") and str(result.url)[0] != "/" else "")
        result.url = resolve_url(join((base, separator)), result.url)
        authenticator = client.properties.get("Authenticator")
        if isinstance(authenticator, CodeObject) and len(authenticator.arguments) == 2:
            result.authorize(authenticator.arguments[0].value, authenticator.arguments[1].value)
    return result


def add_parameter(result: RequestDraft, call: Invocation) -> None:
    """`AddParameter(name, value, type)` of RestSharp: a form field, or the whole body with its media type as the name."""
    kind = str(call.text(2)).lower()
    if "requestbody" in kind or "/" in str(call.text(0)):
        set_content(result, call.value(1))
        if not any(name.lower() == "content-type" for name, _ in result.headers):
            result.headers.append(("Content-Type", call.text(0)))
    elif "httpheader" in kind:
        result.headers.append((str(call.text(0)), call.text(1)))
    elif "querystring" in kind:
        result.query.add(str(call.text(0)), call.value(1) or literal(""))
    else:
        if not isinstance(result.body, CodeFields):
            result.body = CodeFields([], "form")
        result.body.add(str(call.text(0)), call.value(1) or literal(""))


def web_request(call: Invocation) -> RequestDraft | None:
    """`WebRequest.Create(url)`."""
    if not owner(call).endswith("webrequest"):
        return None
    return new_draft(call, "HttpWebRequest", "GET", call.text(0))


CALLS = {
    "stringcontent": (string_content,),
    "httprequestmessage": (http_message,),
    "restrequest": (rest_request,),
    "sendasync": (http_client,),
    "send": (http_client,),
    **dict.fromkeys(_ASYNC, (http_client,)),
    **dict.fromkeys(("execute", "executeasync", "executetaskasync", "executeasyncpost", "executepostasync"), (read_execute,)),
    "create": (web_request,),
    "createhttp": (web_request,),
}
