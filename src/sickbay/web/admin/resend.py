"""Sends a recorded request again: POST /admin/exchanges/{id}/resend."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sickbay.protocol.parameters import parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.journal import exchange_json
from sickbay.services.journal import read as journal_reader
from sickbay.services.resend.edited import EditedRequest, WrongRequest, read_request
from sickbay.services.resend.proposal import FORM, Proposal, propose_request, read_original
from sickbay.web.admin import schemas as admin_schemas
from sickbay.web.admin.lookup import json_response, parse_body
from sickbay.web.admin.session import add_retry_after
from sickbay.web.admin.wrong import Wrong
from sickbay.web.http_request import headers_of
from sickbay.web.resending import BUSY_SECONDS, TOO_MANY, CannotSend, send_again


async def resend(request: Request, sandbox: Sandbox) -> Response:
    """Send the corrected request, or the original one, with the changes in the body."""
    id = request.path_params["id"]
    wanted: admin_schemas.Resend = await parse_body(request, admin_schemas.Resend)
    entry = await journal_reader.read_exchange(sandbox.runtime, sandbox.journal, id, full=True)
    if entry is None:
        raise Wrong(404, f"There is no exchange {id}")
    guard = request.app.state.guard
    try:
        proposal = _choose_proposal(sandbox.runtime.base, entry, wanted)
        proposal = proposal._replace(edited=apply_changes(sandbox.runtime.base, proposal.edited, wanted))
        opens = guard.opens_sign_in(request.scope, headers_of(request.scope))
        sent = await send_again(request.app, entry, proposal, opens=opens)
    except WrongRequest as error:
        raise Wrong(422, str(error)) from None
    except CannotSend as error:
        wrong = Wrong(error.status, str(error))
        add_retry_after(wrong.response, BUSY_SECONDS if error.status == TOO_MANY else 0)
        raise wrong from None
    new = await journal_reader.read_exchange(sandbox.runtime, sandbox.journal, sent.exchange, full=True)
    members = exchange_json.select_members(new) if new else None
    filled = sent.filled
    return json_response(
        admin_schemas.ResentExchange(sent.exchange, id, sent.status, members, list(filled.words), list(filled.notes))
    )


def _choose_proposal(base: str, entry: dict[str, Any], wanted: admin_schemas.Resend) -> Proposal:
    proposal = None if wanted.corrected is False else propose_request(base, entry)
    if proposal is not None:
        return proposal
    if wanted.corrected:
        raise WrongRequest("There is no corrected request for this exchange.")
    return Proposal(read_original(base, entry), "original")


def apply_changes(base: str, edited: EditedRequest, wanted: admin_schemas.Resend) -> EditedRequest:
    """The request with the changes. Raises WrongRequest."""
    headers = {**edited.headers, **{name.lower(): value or "" for name, value in (wanted.headers or {}).items()}}
    body = edited.body if wanted.body is None else wanted.body
    changed = read_request(base, wanted.method or edited.method, wanted.url or edited.target, headers, body)
    if not wanted.parameters:
        return changed
    if changed.method == "POST" and changed.headers.get("content-type", "").startswith(FORM):
        return changed._replace(body=parse(changed.body).replace([*wanted.parameters.items()]).raw)
    return changed._replace(query=parse(changed.query).replace([*wanted.parameters.items()]).raw)
