"""Requests of Java and Kotlin: OkHttp, HttpURLConnection, RestTemplate, WebClient and java.net.http."""

from __future__ import annotations

from sickbay.doctor.code.draft import RequestDraft
from sickbay.doctor.code.libraries.dotnet import method_of
from sickbay.doctor.code.libraries.support import VERBS, is_address, maker, new_draft, owner
from sickbay.doctor.code.values import (
    CodeBody,
    CodeFields,
    CodeObject,
    CodeText,
    CodeValue,
    Invocation,
    fields_of,
    literal,
    text_of,
)

_TEMPLATE = {"postforentity": "POST", "postforobject": "POST", "getforobject": "GET", "getforentity": "GET", "exchange": ""}
_CLIENTS = ("webclient", "restclient", "given", "restassured")


def read_builder(call: Invocation) -> CodeValue | None:
    """`new Request.Builder()` of OkHttp, `FormBody.Builder()` and `HttpRequest.newBuilder()` of java.net.http."""
    path = call.path.lower()
    if path in ("request.builder", "httprequest.newbuilder"):
        return new_draft(call, "OkHttp" if path == "request.builder" else "java.net.http", "GET", call.text(0))
    if path == "formbody.builder":
        return CodeFields([], "form")
    if path == "multipartbody.builder":
        return CodeFields([], "multipart")
    return None


def request_body(call: Invocation) -> CodeValue | None:
    """`RequestBody.create(mediaType, content)` of OkHttp, and `content.toRequestBody(mediaType)` of Kotlin."""
    name = call.name.lower()
    if name == "torequestbody":
        return _make_body(call.base, call.text(0))
    if not owner(call).endswith("requestbody") or len(call.arguments) < 2:
        return None
    values = [item.value for item in call.arguments]
    texts = [str(text_of(value)) for value in values]
    first_is_type = "/" in texts[0] and "=" not in texts[0].split(";")[0] and "{" not in texts[0][:1]
    first_is_type = first_is_type or "type" in texts[0].lower() or texts[0].strip("{}").lower() in ("json", "form")
    media, content = (values[0], values[1]) if first_is_type else (values[1], values[0])
    return _make_body(content, text_of(media))


def _make_body(content: CodeValue | None, media: CodeText) -> CodeValue:
    return CodeObject("RequestBody", [], None, {"value": content or literal(""), "type": media})


def set_body(result: RequestDraft, content: CodeValue | None) -> None:
    """Sets the body. OkHttp adds the media type of the body."""
    if isinstance(content, CodeObject) and content.path == "RequestBody":
        result.body = content.properties.get("value")
        media = text_of(content.properties.get("type"))
        if media.is_known and str(media):
            result.headers.append(("Content-Type", media))
    else:
        result.body = content


def url_connection(call: Invocation) -> RequestDraft | None:
    """`url.openConnection()`."""
    if call.base is not None and not isinstance(call.base, CodeText):
        return None
    return new_draft(call, "HttpURLConnection", "GET", text_of(call.base) if call.base is not None else CodeText(()))


def http_entity(call: Invocation) -> CodeValue | None:
    """`new HttpEntity<>(body, headers)` of Spring."""
    if not call.arguments:
        return None
    values = [item.value for item in call.arguments]
    first = fields_of(values[0])
    only_headers = (
        len(values) == 1 and first is not None and any("-" in name or name == "Authorization" for name, _ in first.pairs)
    )
    body, headers = (None, values[0]) if only_headers else (values[0], values[1] if len(values) > 1 else None)
    result = CodeObject("HttpEntity")
    result.properties = {name: value for name, value in (("body", body), ("headers", headers)) if value is not None}
    return result


def rest_template(call: Invocation) -> RequestDraft | None:
    method = _TEMPLATE[call.name.lower()]
    position = 1 if method else 2
    if len(call.arguments) < 2 or not (is_address(call.text(0)) or "template" in owner(call)):
        return None
    result = new_draft(call, "RestTemplate", method or method_of(call.text(1)), call.text(0), default="json")
    entity = call.value(position) if result.method != "GET" or not method else None
    if isinstance(entity, CodeObject) and entity.path == "HttpEntity":
        result.add_headers(entity.properties.get("headers"))
        result.body = entity.properties.get("body")
    elif isinstance(entity, CodeFields | CodeBody | CodeText):
        result.body = entity
    return result


def web_client(call: Invocation) -> RequestDraft | None:
    """`webClient.post().uri(url)…` of Spring."""
    name, where = call.name.lower(), owner(call)
    is_client = where.endswith(_CLIENTS) or maker(call).startswith(_CLIENTS)
    if name not in VERBS or not (is_client or (where.endswith("client") and not call.arguments)):
        return None
    return new_draft(call, "WebClient", name, call.text(0), default="json")


CALLS = {
    "builder": (read_builder,),
    "newbuilder": (read_builder,),
    "create": (request_body, read_builder),
    "torequestbody": (request_body,),
    "openconnection": (url_connection,),
    "httpentity": (http_entity,),
    "requestentity": (http_entity,),
    **dict.fromkeys(_TEMPLATE, (rest_template,)),
    **dict.fromkeys(("get", "post", "put", "patch", "delete"), (web_client,)),
}
