"""Requests of PowerShell: Invoke-RestMethod and Invoke-WebRequest."""

from __future__ import annotations

from sickbay.doctor.code.draft import RequestDraft
from sickbay.doctor.code.invocation import Invocation
from sickbay.doctor.code.libraries.support import draft
from sickbay.doctor.code.values import CodeFields, as_fields


def invoke(call: Invocation) -> RequestDraft:
    method = str(call.text(-1, "method", "me")) or "GET"
    result = draft(call, "PowerShell", method.strip("{}"), call.text(0, "uri"))
    result.add_headers(call.value(-1, "headers"))
    if call.value(-1, "contenttype") is not None:
        result.headers.append(("Content-Type", call.text(-1, "contenttype")))
    body = call.value(-1, "body")
    fields = as_fields(body)
    if fields is not None and result.method.upper() == "GET":
        result.query = CodeFields([*result.query.pairs, *fields.pairs])
    else:
        result.body = body
    result.string_type = "application/x-www-form-urlencoded"
    return result


CALLS = {"invoke-restmethod": (invoke,), "invoke-webrequest": (invoke,)}
