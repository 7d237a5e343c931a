"""Requests of Swift: URLRequest and Alamofire."""

from __future__ import annotations

from sickbay.doctor.code.draft import RequestDraft
from sickbay.doctor.code.invocation import Invocation
from sickbay.doctor.code.libraries.support import draft, is_address, owner
from sickbay.doctor.code.values import CodeBody, CodeText, CodeValue, as_fields, as_text


def url_request(call: Invocation) -> RequestDraft | None:
    """`URLRequest(url: url)`."""
    if not call.arguments:
        return None
    result = draft(call, "URLRequest", "GET", call.text(0, "url"))
    result.string_type = "application/x-www-form-urlencoded"
    return result


def alamofire(call: Invocation) -> RequestDraft | None:
    """`AF.request(url, method: .post, parameters: …, encoding: …, headers: …)`."""
    if owner(call) not in ("af", "alamofire", "session", "sessionmanager", "manager") or not call.arguments:
        return None
    if not is_address(call.text(0)) and owner(call) not in ("af", "alamofire"):
        return None
    method = str(call.text(-1, "method")).strip("{}").rpartition(".")[2] or "get"
    result = draft(call, "Alamofire", method, call.text(0))
    result.add_headers(call.value(-1, "headers"))
    fields = as_fields(call.value(-1, "parameters"))
    encoder = _written(call, "encoding") + _written(call, "encoder")
    if fields and method == "get":
        result.query.extend(fields.pairs)
    elif fields:
        result.body = CodeBody("json" if "json" in encoder.lower() else "form", fields)
    return result


def _written(call: Invocation, key: str) -> str:
    value = call.value(-1, key)
    if isinstance(value, CodeText):
        return str(value)
    return getattr(value, "path", "") if value is not None else ""


def json_data(call: Invocation) -> CodeValue | None:
    """`JSONSerialization.data(withJSONObject: fields)`."""
    fields = call.value(-1, "withjsonobject")
    return None if fields is None else CodeBody("json", fields, is_text=True)


def set_value(result: RequestDraft, call: Invocation) -> bool:
    """`request.setValue(value, forHTTPHeaderField: name)`."""
    name = call.value(-1, "forhttpheaderfield")
    if name is None:
        return False
    result.headers.append((str(as_text(name)), call.text(0)))
    return True


CALLS = {
    "urlrequest": (url_request,),
    "nsmutableurlrequest": (url_request,),
    "request": (alamofire,),
    "data": (json_data,),
}
