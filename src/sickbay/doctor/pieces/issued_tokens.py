"""Reads what the access token of a FHIR request allows: from the token response in the same text, or from its own claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sickbay.diagnosis.placeholders import PLACEHOLDER_TOKEN
from sickbay.diagnosis.values import is_masked
from sickbay.protocol import jose, scopes

Json = Mapping[str, Any]


def insert_token(responses: Sequence[Json], request: Json) -> Json:
    """The request in place of whose token stands that of the only token response, if it was masked or cut for the paste."""
    if len(responses) != 1 or not is_shortened(_find_bearer(request)) or not responses[0].get("access_token"):
        return request
    others = {name: value for name, value in request["headers"].items() if name.lower() != "authorization"}
    return {**request, "headers": others | {"Authorization": f"Bearer {responses[0]['access_token']}"}}


def make_token_context(responses: Sequence[Json], request: Json) -> dict[str, Any]:
    """The context of a FHIR request with its token; {} if the text doesn't show what the token allows.

    A token with `patient/` scopes and no patient isn't known either, because people shorten what they paste.
    """
    sent = _find_bearer(request)
    issued = [each for each in responses if each.get("access_token") == sent] or _read_claims(sent)
    if not sent or not issued:
        return {}
    scope, patient = str(issued[0].get("scope") or ""), issued[0].get("patient")
    granted = scopes.list_resources(scope)
    if not granted or (not patient and any(each.level == "patient" for each in granted)):
        return {}
    token = {"scope": scope, "patient": patient and str(patient), "aud": _find_base(request)}
    return {"tokens": {sent: token}, "assumed": ["token_is_for_this_base"]}


def _find_bearer(request: Json) -> str:
    headers = request.get("headers") or {}
    sent = next((str(value) for name, value in headers.items() if str(name).lower() == "authorization"), "")
    scheme, _, token = sent.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _read_claims(token: str) -> list[Json]:
    jwt = jose.decode_unverified(token)
    if jwt is None:
        return []
    claim = jwt.claims.get("scope") or jwt.claims.get("scp") or ""
    scope = " ".join(map(str, claim)) if isinstance(claim, list) else claim
    return [{"scope": scope, "patient": jwt.claims.get("patient")}]


def _find_base(request: Json) -> str:
    """The base of the request itself: a server may have several names, so the token's audience isn't judged."""
    from sickbay.diagnosis.evidence import access  # few texts have such a token

    return access.read_request(request).base


def is_shortened(value: str) -> bool:
    """Whether a value was masked or cut for the paste."""
    return value == PLACEHOLDER_TOKEN or is_masked(value) or value.endswith(("...", "…"))
