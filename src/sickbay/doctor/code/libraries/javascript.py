"""Requests of JavaScript: fetch, axios, jQuery, XMLHttpRequest, request, superagent, got, node:https and Angular."""

from __future__ import annotations

from sickbay.doctor.code.draft import RequestDraft
from sickbay.doctor.code.libraries.support import VERBS, configure, is_address, maker, new_draft, owner
from sickbay.doctor.code.values import CodeBody, CodeFields, CodeText, CodeValue, Invocation, fields_of, join, literal, text_of

_REQUEST = ("request", "rp", "requestpromise", "req")
_PLAIN, _FORM = "text/plain;charset=UTF-8", "application/x-www-form-urlencoded"


def read_fetch(call: Invocation) -> RequestDraft | None:
    if not call.arguments or owner(call) not in ("", "window", "global", "globalthis", "$", "urlfetchapp", "http"):
        return None
    if isinstance(request := call.value(0), RequestDraft):
        request.last = max(request.last, call.end)
        return request
    options = fields_of(call.value(1)) or CodeFields()
    result = configure(new_draft(call, "fetch", "GET", call.text(0)), options)
    result.body = options.get("body", "payload")
    if isinstance(result.body, CodeFields) and not result.body.encoding and options.get("payload") is None:
        result.body = literal("[object Object]")
    result.string_type = _PLAIN
    return result


def fetch_request(call: Invocation) -> RequestDraft | None:
    """`new Request(url, options)` of fetch."""
    return read_fetch(call) if call.path == "Request" and fields_of(call.value(1)) else None


def read_axios(call: Invocation) -> RequestDraft | None:
    name = call.name.lower()
    if not ("axios" in owner(call) or name == "axios" or maker(call).startswith("axios")):
        return None
    return _axios_draft(call, name)


def axios_config(call: Invocation) -> RequestDraft | None:
    """`http({method, url, data})`, where http is an instance of axios."""
    options = fields_of(call.value(0))
    return (
        _axios_draft(call, "axios")
        if options and options.get("url") is not None and options.get("method") is not None
        else None
    )


def _axios_draft(call: Invocation, name: str) -> RequestDraft | None:
    if name in VERBS:
        has_body = name not in ("get", "delete", "head", "options")
        options = fields_of(call.value(2 if has_body else 1))
        result = configure(new_draft(call, "axios", name, call.text(0), default="either"), options)
        result.body = call.value(1) if has_body else None
        result.string_type = _FORM
        return result
    first = fields_of(call.value(0))
    options = first or fields_of(call.value(1))
    if options is None and name not in ("axios", "request"):
        return None
    url = CodeText(()) if first else call.text(0)
    result = configure(new_draft(call, "axios", "GET", url, default="either"), options)
    result.body = options.get("data") if options else None
    result.string_type = _FORM
    return result


def read_jquery(call: Invocation) -> RequestDraft | None:
    if owner(call) not in ("$", "jquery", ""):
        return None
    if call.name == "ajax":
        first = fields_of(call.value(0))
        options = first or fields_of(call.value(1)) or CodeFields()
        result = configure(new_draft(call, "jQuery", "GET", CodeText(()) if first else call.text(0)), options)
        return _add_data(result, options.get("data"))
    if owner(call) == "" or not call.arguments:
        return None
    return _add_data(new_draft(call, "jQuery", call.name, call.text(0)), call.value(1))


def _add_data(result: RequestDraft, data: CodeValue | None) -> RequestDraft:
    """jQuery puts data into the query of a GET request."""
    fields = fields_of(data)
    if result.method.upper() == "GET" and fields:
        result.query.extend(fields.pairs)
    else:
        result.body = data
        result.string_type = "application/x-www-form-urlencoded; charset=UTF-8"
    return result


def xml_http_request(call: Invocation) -> RequestDraft:
    return new_draft(call, "XMLHttpRequest", "", CodeText(()))


def read_request(call: Invocation) -> RequestDraft | None:
    """The packages request and superagent: `request(options)`, `request.post(url, options)`, `superagent.post(url)`."""
    name = call.name.lower()
    where = owner(call)
    is_request = (where in _REQUEST and name in VERBS) or (where == "" and call.name in _REQUEST)
    if not call.arguments or not (is_request or (where in ("superagent", "agent") and name in VERBS)):
        return None
    first = fields_of(call.value(0))
    has_url = first.get("url", "uri") is not None if first else is_address(call.text(0))
    if where not in ("superagent", "agent") and not has_url:
        return None
    options = first or fields_of(call.value(1))
    language = "superagent" if where in ("superagent", "agent") or not options else "request"
    method = name if name in VERBS else "GET"
    result = configure(new_draft(call, language, method, CodeText(()) if first else call.text(0), default="json"), options)
    return _add_form(result, options)


def read_got(call: Invocation) -> RequestDraft | None:
    where = owner(call)
    if not call.arguments or not (where in ("got", "needle", "ky") or (where == "" and call.name in ("got", "ky"))):
        return None
    options = fields_of(call.value(1)) or CodeFields()
    method = call.name if call.name in VERBS else "GET"
    result = configure(new_draft(call, where or call.name, method, call.text(0)), options)
    return _add_form(result, options)


def _add_form(result: RequestDraft, options: CodeFields | None) -> RequestDraft:
    if options is None:
        return result
    form, data = options.get("form"), options.get("json")
    multipart = fields_of(options.get("formdata"))
    if form is not None:
        fields = fields_of(form)
        result.body = CodeBody("form", fields) if fields else form
    elif multipart is not None:
        result.body = CodeBody("multipart", multipart)
    elif isinstance(data, CodeFields):
        result.body = CodeBody("json", data)
    else:
        result.body = options.get("body")
    return result


def node_request(call: Invocation) -> RequestDraft | None:
    """`https.request(options)` of Node.js. The body is written later."""
    if owner(call) not in ("https", "http") or call.name not in ("request", "get"):
        return None
    first = fields_of(call.value(0))
    options = first or fields_of(call.value(1))
    if options is None and not is_address(call.text(0)):
        return None
    result = configure(new_draft(call, "https", "GET", CodeText(()) if first else call.text(0)), options)
    if first:
        result.url = _node_url(first, owner(call))
    result.body = options.get("body") if options else None
    return result


def _node_url(options: CodeFields, scheme: str) -> CodeText:
    host = text_of(options.get("hostname", "host"))
    port = text_of(options.get("port"))
    shown = () if str(port) in ("", "443", "80") else (literal(":"), port)
    return join((literal(f"{scheme}://"), host, *shown, text_of(options.get("path"))))


CALLS = {
    "fetch": (read_fetch,),
    **dict.fromkeys(("http", "$http", "service", "instance", "client", "api"), (axios_config,)),
    "axios": (read_axios,),
    "ajax": (read_jquery,),
    "xmlhttprequest": (xml_http_request,),
    "request": (fetch_request, read_axios, node_request, read_request),
    "rp": (read_request,),
    "got": (read_got,),
    **dict.fromkeys(("get", "post", "put", "patch", "delete"), (read_axios, read_jquery, read_got, read_request, node_request)),
}
