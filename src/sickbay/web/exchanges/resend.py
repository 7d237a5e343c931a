"""The page that edits a recorded request and sends it again, for the administrator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from sickbay.diagnosis.stages import find_stage
from sickbay.protocol.parameters import Parameters, encode, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.journal import read as journal_reader
from sickbay.services.resend.edited import EditedRequest, WrongRequest, read_request
from sickbay.services.resend.placeholders import values_to_type
from sickbay.services.resend.proposal import Proposal
from sickbay.web import cookies, html_response, http_request
from sickbay.web.admin.session import add_retry_after
from sickbay.web.exchanges.handlers import show_exchange
from sickbay.web.exchanges.resend_view import ResendView, body_of, edit_tables, path_of
from sickbay.web.html_response import PageOptions
from sickbay.web.http_request import headers_of
from sickbay.web.pages.parts import Link
from sickbay.web.resending import BUSY_SECONDS, TOO_MANY, CannotSend, SentAgain, find_start, send_again

FORM_BYTES: Final = 3_300_000
"""The largest form. Percent-encoding makes a body of a megabyte up to three times as long."""
SHOWN_CHARACTERS: Final = 20_000
"""The maximum number of characters of the response's body that are shown."""


async def resend(request: Request, sandbox: Sandbox, id: str) -> Response:
    """GET shows the form, POST sends the request."""
    options = await html_response.page_options(request, sandbox, here="Exchanges")
    sent = parse(await http_request.read_body(request, FORM_BYTES)) if request.method == "POST" else Parameters()
    entry = await journal_reader.read_exchange(sandbox.runtime, sandbox.journal, id, full=True)
    if entry is None:
        return html_response.respond_not_found(request, sandbox, options)
    proposal = find_start(sandbox, entry, original=request.query_params.get("from") == "original")
    if request.method != "POST":
        return _show_form(request, sandbox, entry, proposal, options)
    if not cookies.is_own_form(request, options.session, sent.get("csrf")):
        return _show_form(request, sandbox, entry, proposal, options, cookies.rejection_reason(request), 403)
    if sent.get("as") == "corrected":
        if proposal is None or proposal.origin == "original":
            return _show_form(request, sandbox, entry, proposal, options, "There is no corrected request.", 422)
    else:
        try:
            proposal = Proposal(_read_form(sandbox, sent), "original")
        except WrongRequest as error:
            return _show_form(request, sandbox, entry, proposal, options, str(error), 422)
    return await _send_and_show(request, sandbox, entry, proposal, options)


def _read_form(sandbox: Sandbox, sent: Parameters) -> EditedRequest:
    """The request in the fields of the form. Raises WrongRequest."""
    headers = {name: value for name, value in _rows_with_prefix(sent, "header") if name.strip()}
    query, form = (encode([row for row in _rows_with_prefix(sent, prefix) if row[0]]) for prefix in ("query", "form"))
    path = quote(sent.get("url") or "", safe="/$&+,;=:@!*'()-._~?%")
    url = f"{path}{('&' if '?' in path else '?') + query if query else ''}"
    body = sent.get("body") or "" if "body" in sent else form
    return read_request(sandbox.runtime.base, sent.get("method") or "", url, headers, body)


def _rows_with_prefix(sent: Parameters, prefix: str) -> list[tuple[str, str]]:
    return [*zip(sent.all(f"{prefix}-name"), sent.all(f"{prefix}-value"), strict=False)]


async def _send_and_show(
    request: Request, sandbox: Sandbox, entry: dict[str, Any], proposal: Proposal, options: PageOptions
) -> Response:
    """Send the request, and show the new exchange next to the original one; the form again if it can't be sent."""
    opens = request.app.state.guard.opens_sign_in(request.scope, headers_of(request.scope))
    try:
        sent = await send_again(request.app, entry, proposal, opens=opens)
    except CannotSend as error:
        return _show_form(request, sandbox, entry, proposal, options, str(error), error.status)
    new = await journal_reader.read_exchange(sandbox.runtime, sandbox.journal, sent.exchange, full=True)
    if new is None:
        return _show_form(request, sandbox, entry, proposal, options, _explain_missing_answer(sent), 502)
    notes = [*(f"Sickbay filled in {words}." for words in sent.filled.words), *sent.filled.notes]
    return await show_exchange(request, sandbox, new, notes=notes, body=_readable_body(sent, new))


def _explain_missing_answer(sent: SentAgain) -> str:
    return f"The response has status {sent.status}, but there is no exchange with it." if sent.status else "No response came."


def _readable_body(sent: SentAgain, new: Mapping[str, Any]) -> str:
    """Returns the body for the page if it is FHIR, which the journal doesn't keep. Every other response is in the exchange."""
    media = sent.headers.get("content-type", "")
    if "fhir" not in media or (new.get("response") or {}).get("body"):
        return ""
    text = _indent_json(sent.body) if "json" in media else sent.body.decode("utf-8", "replace")
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def _indent_json(body: bytes) -> str:
    """Formats JSON on several lines. A body that was cut stays as it is."""
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


def _show_form(
    request: Request,
    sandbox: Sandbox,
    entry: Mapping[str, Any],
    proposal: Proposal | None,
    options: PageOptions,
    fault: str = "",
    status: int = 200,
) -> Response:
    edited = proposal.edited if proposal else EditedRequest("GET", "/")
    tenant = sandbox.runtime.tenants.get(entry.get("tenant") or "")
    names: Sequence[str] = values_to_type(edited)
    origin = proposal.origin if proposal else "original"
    href = f"/exchanges/{entry['id']}/resend"
    view = ResendView(
        id=str(entry["id"]),
        action=href,
        stage=find_stage(str(entry["stage"])).title,
        method=edited.method,
        url=path_of(edited),
        tables=edit_tables(edited),
        body=body_of(edited),
        body_missing="the body" in names,
        fault=fault,
        writes=edited.is_write,
        starts_with=origin,
        other=_link_to_other_start(sandbox, entry, href, origin),
        hospital=tenant.title if tenant else "",
    )
    response = html_response.render_page(request, sandbox, "resend", view, options, status)
    return add_retry_after(response, BUSY_SECONDS if status == TOO_MANY else 0)


def _link_to_other_start(sandbox: Sandbox, entry: Mapping[str, Any], href: str, origin: str) -> Link | None:
    """The link to the same form with the other request."""
    if origin != "original":
        return Link("Start with the original request instead", f"{href}?from=original")
    other = find_start(sandbox, entry)
    return Link("Start with the corrected request instead", href) if other and other.origin != "original" else None
