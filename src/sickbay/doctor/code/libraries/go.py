"""Requests of Go: net/http."""

from __future__ import annotations

from sickbay.doctor.code.draft import RequestDraft
from sickbay.doctor.code.libraries.dotnet import method_of
from sickbay.doctor.code.libraries.support import is_address, new_draft, owner
from sickbay.doctor.code.values import CodeBody, CodeFields, CodeValue, Invocation, fields_of, text_of


def new_request(call: Invocation) -> RequestDraft | None:
    """`http.NewRequest(method, url, body)`."""
    shift = 1 if call.name == "NewRequestWithContext" else 0
    if len(call.arguments) < 2 + shift:
        return None
    text = call.text(shift)
    method = str(text) if text.is_known else method_of(text) or str(text).strip("{}").rpartition("Method")[2]
    result = new_draft(call, "net/http", method, call.text(1 + shift))
    body = call.value(2 + shift)
    result.body = None if str(text_of(body)) in ("{nil}", "nil") else body
    return result


def post_form(call: Invocation) -> RequestDraft | None:
    if call.name != "PostForm":
        return None
    result = new_draft(call, "net/http", "POST", call.text(0))
    fields = fields_of(call.value(1))
    result.body = CodeBody("form", fields) if fields else call.value(1)
    return result


def read_post(call: Invocation) -> RequestDraft | None:
    """`http.Post(url, contentType, body)`."""
    if call.name not in ("Post", "Get") or owner(call) not in ("http", "client", "httpclient") or not is_address(call.text(0)):
        return None
    result = new_draft(call, "net/http", call.name, call.text(0))
    if call.name == "Post" and len(call.arguments) > 2:
        result.headers.append(("Content-Type", call.text(1)))
        result.body = call.value(2)
    return result


def header_type(call: Invocation) -> CodeValue | None:
    return CodeFields() if call.path == "http.Header" and not call.arguments else None


CALLS = {
    "newrequest": (new_request,),
    "newrequestwithcontext": (new_request,),
    "postform": (post_form,),
    "header": (header_type,),
    "get": (read_post,),
    "post": (read_post,),
}
