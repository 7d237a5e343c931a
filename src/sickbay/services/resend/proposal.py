"""What to send instead of a recorded request: the corrected request, or the same one with fresh values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from sickbay.authorization.models import Client
from sickbay.authorization.token.client_authentication import JWT_BEARER, registered_method
from sickbay.diagnosis.corrections import new_code, new_refresh_token, new_token, new_verifier
from sickbay.diagnosis.placeholders import PLACEHOLDER_SECRET, PLACEHOLDER_TOKEN, placeholder_for
from sickbay.protocol.parameters import parse
from sickbay.services.redaction.masking import insert_placeholders, is_masked
from sickbay.services.redaction.redaction import is_form
from sickbay.services.resend.edited import HEADERS, EditedRequest, WrongRequest, read_request
from sickbay.services.resend.placeholders import KINDS

Origin: TypeAlias = Literal["corrected", "fresh", "original"]
FORM: Final = "application/x-www-form-urlencoded"
CREDENTIAL_STAGES: Final = frozenset(("backend", "client_authentication", "clock"))
"""Stages of the rules about the app's own secret, key or assertion. A stand-in takes their place."""


FORM_VALUES: Final = ((new_code, ("code",)), (new_verifier, ("code", "code_verifier")), (new_refresh_token, ("refresh_token",)))
"""The parameters of a form that the placeholders of a rule replace."""
NOT_BEARER: Final = "fhir-token-not-bearer"
"""Its rule has no placeholder, because the header may have been meant for another endpoint. Here it was sent to FHIR."""


MASKED_CLIENT: Final = "YOUR-USER-AGENT"
"""Replaces the name of a client that the journal doesn't know."""


class Proposal(NamedTuple):
    """origin: which request it is. new_credentials: whether the app's credentials are to be replaced as a whole."""

    edited: EditedRequest
    origin: Origin
    new_credentials: bool = False


def propose_request(base: str, entry: Mapping[str, Any]) -> Proposal | None:
    """The request that solves the problems of a recorded one; None if Sickbay can't make one, or nothing has to be solved."""
    try:
        if entry.get("corrected"):
            return Proposal(_read_recorded_request(base, {**_drop_type(entry["request"]), **entry["corrected"]}), "corrected")
        if not _needs_only_fresh_values(entry):
            return None
        edited = _add_fresh_values(_read_recorded_request(base, entry["request"]), entry)
        return Proposal(edited, "fresh", new_credentials=_is_about_credentials(entry))
    except WrongRequest:
        return None


def _drop_type(request: Mapping[str, Any]) -> dict[str, Any]:
    """The recorded request without the type of its body, because the corrected one may have another type."""
    headers = {name: value for name, value in (request.get("headers") or {}).items() if name.lower() != "content-type"}
    return {**request, "headers": headers}


def read_original(base: str, entry: Mapping[str, Any]) -> EditedRequest:
    """The recorded request, with placeholders for what the journal doesn't keep. Raises WrongRequest if it can't be sent."""
    return _read_recorded_request(base, entry["request"])


def _read_recorded_request(base: str, recorded: Mapping[str, Any]) -> EditedRequest:
    """Headers that a resent request can't have are left out."""
    kept = {name: _drop_masked_types(name, str(value)) for name, value in (recorded.get("headers") or {}).items()}
    request = insert_placeholders({**recorded, "headers": kept, "body": recorded.get("body") or ""})
    headers = {name.lower(): str(value) for name, value in request["headers"].items()}
    if headers.get("user-agent") == MASKED_CLIENT:  # no response depends on it, so it needn't be typed
        del headers["user-agent"]
    body = str(request["body"])
    if body and "content-type" not in headers and is_form(body, headers):
        headers["content-type"] = FORM
    allowed = {name: value for name, value in headers.items() if name in HEADERS and "‹" not in value and "…" not in value}
    return read_request(base, str(request.get("method") or "GET"), str(request["url"]), allowed, body)


def _drop_masked_types(name: str, value: str) -> str:
    """Accept without the media types that the journal doesn't keep, if it kept others, so that nothing has to be typed."""
    kept = [part for part in value.split(",") if not is_masked(part)] if name.lower() == "accept" else []
    return ",".join(kept) or value


def _refusing_findings(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The findings that refused the request, without those that another one caused."""
    return [finding for finding in entry["findings"] if finding["severity"] == "error" and not finding.get("because")]


def _needs_only_fresh_values(entry: Mapping[str, Any]) -> bool:
    """Whether each problem is a code, a token or a credential that has to be another one."""
    refused = _refusing_findings(entry)
    return bool(refused) and all(map(_needs_fresh_value, refused))


def _needs_fresh_value(finding: Mapping[str, Any]) -> bool:
    from sickbay.diagnosis.catalogue import BY_ID  # a server that starts needs no rules

    rule = BY_ID.get(finding["id"])
    if rule is None:
        return False
    names = finding["facts"].get("names")
    is_filled_in = isinstance(names, list) and bool(names) and all(placeholder_for(str(name)) in KINDS for name in names)
    is_replaced = rule.insert_placeholder is not None or rule.id == NOT_BEARER
    return is_replaced or rule.stage in CREDENTIAL_STAGES or is_filled_in


def _add_fresh_values(edited: EditedRequest, entry: Mapping[str, Any]) -> EditedRequest:
    """The request with placeholders for the values that its refusals say have to be other ones."""
    from sickbay.diagnosis.catalogue import BY_ID

    fixes = {BY_ID[finding["id"]].insert_placeholder for finding in _refusing_findings(entry)}
    changes = [(name, placeholder_for(name)) for fix, names in FORM_VALUES if fix in fixes for name in names]
    if changes:
        edited = edited._replace(body=parse(edited.body).replace(changes).raw)
    if new_token in fixes or any(finding["id"] == NOT_BEARER for finding in _refusing_findings(entry)):
        edited = edited._replace(headers={**edited.headers, "authorization": f"Bearer {PLACEHOLDER_TOKEN}"})
    return edited


def _is_about_credentials(entry: Mapping[str, Any]) -> bool:
    from sickbay.diagnosis.catalogue import BY_ID

    return any(BY_ID[finding["id"]].stage in CREDENTIAL_STAGES for finding in _refusing_findings(entry))


def add_credentials(edited: EditedRequest, client: Client) -> EditedRequest:
    """The form with placeholders for the credentials that this app should send, instead of those that it sent."""
    method = registered_method(client)
    headers = {name: value for name, value in edited.headers.items() if name != "authorization"} | {"content-type": FORM}
    changes: dict[str, str | None] = {
        "client_secret": PLACEHOLDER_SECRET if method == "client_secret_post" else None,
        "client_assertion": placeholder_for("client_assertion") if method == "private_key_jwt" else None,
        "client_assertion_type": JWT_BEARER if method == "private_key_jwt" else None,
        "client_id": client.client_id if method in ("none", "client_secret_post") else None,
    }
    if method == "client_secret_basic":
        headers["authorization"] = f"Basic {placeholder_for('basic')}"
    form = parse(edited.body).replace([*changes.items()])
    return edited._replace(headers=headers, body=form.raw)
