"""Requests of PHP: curl and Guzzle."""

from __future__ import annotations

from sickbay.doctor.code.draft import RequestDraft, basic_header
from sickbay.doctor.code.libraries.support import VERBS, configure, is_address, maker, new_draft, owner
from sickbay.doctor.code.values import CodeBody, CodeText, CodeValue, Invocation, fields_of, literal, text_of

_GUZZLE = {"form_params": "form", "json": "json", "multipart": "multipart"}


def curl_init(call: Invocation) -> RequestDraft:
    return new_draft(call, "PHP curl", "GET", call.text(0), default="multipart")


def curl_option(call: Invocation, started: RequestDraft | None) -> RequestDraft:
    """`curl_setopt($ch, CURLOPT_…, value)`. A pasted excerpt can lack curl_init()."""
    target = call.value(0)
    new = started or new_draft(call, "PHP curl", "GET", CodeText(()), default="multipart")
    result = target if isinstance(target, RequestDraft) else new
    result.last = max(result.last, call.end)
    if call.name == "curl_setopt_array":
        options = fields_of(call.value(1))
        for name, value in options.pairs if options else ():
            _set_option(result, name, value)
    elif len(call.arguments) >= 3:
        _set_option(result, str(call.text(1)).strip("{}"), call.arguments[2].value)
    return result


def _set_option(result: RequestDraft, name: str, value: CodeValue) -> None:
    match name.upper():
        case "CURLOPT_URL":
            result.url = text_of(value)
        case "CURLOPT_POST" if str(text_of(value)).strip("{}").lower() not in ("0", "false"):
            result.method = "POST"
        case "CURLOPT_CUSTOMREQUEST":
            result.method = str(text_of(value))
        case "CURLOPT_POSTFIELDS":
            result.body, result.string_type = value, "application/x-www-form-urlencoded"
            result.method = "POST" if result.method == "GET" else result.method
        case "CURLOPT_HTTPHEADER":
            result.add_headers(value)
        case "CURLOPT_USERPWD":
            result.headers.append(("Authorization", basic_header(text_of(value))))


def curl_exec(call: Invocation) -> CodeValue | None:
    target = call.value(0)
    if isinstance(target, RequestDraft):
        target.last = max(target.last, call.end)
    return literal("")


def read_guzzle(call: Invocation) -> RequestDraft | None:
    """`$client->post($url, ['form_params' => …])` and `$client->request('POST', $url, …)`."""
    name = call.name.lower()
    shift = 1 if name == "request" else 0
    options = fields_of(call.value(1 + shift))
    keys = {key for key, _ in options.pairs} if options else set()
    is_guzzle = "guzzle" in maker(call) or bool(keys & {"form_params", "multipart", "json", "headers", "auth", "query", "body"})
    if not options or not is_guzzle or name not in VERBS | {"request"} or not _is_target(call, shift):
        return None
    result = configure(new_draft(call, "Guzzle", str(call.text(0)) if shift else name, call.text(shift)), options)
    for key, encoding in _GUZZLE.items():
        if (value := options.get(key)) is not None:
            result.body = CodeBody(encoding, value)
    result.body = options.get("body") if result.body is None else result.body
    return result


def _is_target(call: Invocation, position: int) -> bool:
    return is_address(call.text(position)) or "client" in owner(call) or "http" in owner(call) or "guzzle" in maker(call)


CALLS = {
    "curl_init": (curl_init,),
    "curl_exec": (curl_exec,),
    "request": (read_guzzle,),
    **dict.fromkeys(("get", "post", "put", "patch", "delete"), (read_guzzle,)),
}
