"""Finds the cause of a failed FHIR request: the token response that granted less than the app requested.

Only readers of all facts get it. It is never stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sickbay.authorization.models import AccessToken
from sickbay.diagnosis.stages import FHIR_STAGES
from sickbay.kernel import english
from sickbay.protocol import scopes
from sickbay.services import records
from sickbay.services.context import Runtime
from sickbay.services.journal.exchange_json import read_whole
from sickbay.storage.interface import Record

TOKEN_RESPONSES: Final = 5
"""The newest token responses of the launch before the request that are read."""
SCOPE: Final = "fhir-insufficient-scope"
EXPIRED: Final = "fhir-token-expired"
OTHER_PATIENT: Final = frozenset(("fhir-wrong-patient", "fhir-search-patient-outside-token"))
EARLIER_TOKENS: Final = 20
"""The newest tokens of the app that are searched for the patient of the request."""
UNDEFINED: Final = frozenset(("fhir-patient-undefined", "fhir-search-missing-patient"))


async def add_earlier_moment(runtime: Runtime, record: Record, entry: dict[str, Any]) -> dict[str, Any]:
    """Returns the exchange with the earlier moment in the findings that follow from it. record: that of the exchange."""
    if entry["stage"] not in FHIR_STAGES or not record.family or not any(map(_may_follow, entry["findings"])):
        return entry
    found = await runtime.store.find("exchange", family=record.family, label="token", until=record.at, limit=TOKEN_RESPONSES)
    responses = [await read_whole(runtime, other, False) for other in found]
    granted = next((response for response in responses if "scopes" in response), None)
    if granted is None:
        return entry
    earlier = await _earlier_patients(runtime, record, entry)
    return entry | {"findings": [_add_earlier_patients(finding, granted, earlier) for finding in entry["findings"]]}


async def _earlier_patients(runtime: Runtime, record: Record, entry: Mapping[str, Any]) -> frozenset[str]:
    """The patients of the app's tokens from other launches, if the request is for another patient than that of its token."""
    if not any(_refusal_of_finding(finding) in OTHER_PATIENT for finding in entry["findings"]):
        return frozenset()
    found = await runtime.store.find("token", owner=record.owner, limit=EARLIER_TOKENS)
    tokens = [records.parse(AccessToken, token.value) for token in found]
    return frozenset(token.patient for token in tokens if token.patient and token.timeline != record.family)


def _may_follow(finding: Mapping[str, Any]) -> bool:
    return _refusal_of_finding(finding) in (SCOPE, EXPIRED, *UNDEFINED, *OTHER_PATIENT)


def _refusal_of_finding(finding: Mapping[str, Any]) -> str:
    """The name of the refusal that the finding explains."""
    from sickbay.diagnosis.catalogue import BY_ID  # a server that starts needs no rules

    rule = BY_ID.get(finding["id"])
    return (rule.explains if rule is not None else None) or str(finding["id"])


def _add_earlier_patients(finding: dict[str, Any], response: Mapping[str, Any], earlier: frozenset[str]) -> dict[str, Any]:
    """earlier: the patients of the app's tokens from other launches."""
    if _refusal_of_finding(finding) in OTHER_PATIENT:
        lack = _is_remembered(str(finding["facts"].get("received")), str(finding["facts"].get("expected")), earlier)
    else:
        lack = describe_missing_grant(_refusal_of_finding(finding), finding["facts"], response)
    if not lack:
        return finding
    at = english.format_clock(english.parse_datetime(response["at"]), seconds=True)
    why = f"{finding['why']} The token response at {at} (UTC) {lack}"
    return finding | {"why": why, "see": [f"/exchanges/{response['id']}"]}


def _is_remembered(received: str, expected: str, earlier: frozenset[str]) -> str:
    id = received.rpartition("/")[2]
    return f"gave `{expected}`. The app got `{id}` in another launch, and may have kept it." if id in earlier else ""


def describe_missing_grant(kind: str, facts: Mapping[str, Any], response: Mapping[str, Any]) -> str:
    """Says what the refused request needed and this token response lacks, as half a sentence; "" if it lacks nothing."""
    if kind == SCOPE:
        return _dropped_scope(str(facts.get("type") or ""), str(facts.get("letters") or ""), response)
    if kind == EXPIRED and response.get("refresh"):
        return f"had no refresh token: {response['refresh']}"
    name = "expires_in" if kind == EXPIRED else "patient"
    reasons = [str(entry["reason"]) for entry in response.get("missing") or () if entry["name"] == name]
    return f"{'had a short lifetime' if kind == EXPIRED else 'had no patient'}: {reasons[0]}" if reasons else ""


def _dropped_scope(type: str, letters: str, response: Mapping[str, Any]) -> str:
    """The requested scopes that would have allowed this, and why they weren't granted."""
    dropped = [
        row for row in response["scopes"] if row["granted"] != row["asked"] and _allows_type(row["asked"], type, letters)
    ]
    reasons = "; ".join(f"`{row['asked']}` {row['reason']}" for row in dropped)
    return f"already lacked a scope that the app requested: {reasons}." if reasons else ""


def _allows_type(text: str, type: str, letters: str) -> bool:
    scope = scopes.parse(text)
    return isinstance(scope, scopes.ResourceScope) and scope.type in ("*", type) and set(letters) <= set(scope.letters)
