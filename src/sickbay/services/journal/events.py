"""Converts a recorded exchange to an event of its launch, for the state machine in `diagnosis.silence`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from sickbay.diagnosis.silence.trail import Event, Result, StepName
from sickbay.protocol.parameters import parse
from sickbay.services.journal.outcomes import determine_outcome, get_location, get_status, stage_of, was_sent_to_app

_RESULTS: Final[Mapping[str, Result]] = {"passed": "granted", "refused": "refused", "warning": "failed"}
_STEPS: Final[Mapping[str, StepName]] = {
    "launch": "launch",
    "discovery": "discovery",
    "browser": "preflight",
    "access": "access",
    "userinfo": "access",
    "introspection": "access",
    "revocation": "end",
    "logout": "end",
}
"""Stages whose step is always the same. A token that another server introspects is used."""
AUTHORIZATION: Final = ("authorize", "login", "redirect")
EXPORT: Final = "/$export"
"""The path of an export. Below it are its status, and below that its files."""
ACCEPTED: Final = 202
MICROSECONDS: Final = 1_000_000_000_000
"""A smaller number is an arrival in seconds, as an older Sickbay stored it."""


def make_event(entry: Mapping[str, Any]) -> Event:
    """The event of an exchange with all members. Its requests and responses are redacted, but the names in them are kept."""
    step, request = _step_of_exchange(entry), entry.get("request") or {}
    headers = {name.lower(): str(value) for name, value in (request.get("headers") or {}).items()}
    result: Result = "granted" if step == "preflight" else _RESULTS[determine_outcome(entry)]
    made: dict[str, Any] = {
        "step": step,
        "at": real_time(entry.get("arrival") or 0),
        "clock": float(entry.get("at") or 0),
        "result": result,
        "exchange": str(entry.get("id") or ""),
        "status": get_status(entry),
        "probable": bool(entry.get("evidence")) or step == "discovery",
        "by_page": "origin" in headers,
        "findings": tuple(str(finding["id"]) for finding in entry.get("findings") or ()),
        "injected": bool(entry.get("injected")),
        "url": _address_of_step(entry, step),
    }
    return Event(**{**made, **_details_of_step(entry, step, headers)})


def real_time(arrival: int) -> float:
    """Converts an arrival to seconds of real time."""
    return arrival / 1e6 if arrival > MICROSECONDS else float(arrival)


def _step_of_exchange(entry: Mapping[str, Any]) -> StepName:
    stage = stage_of(entry)
    if stage in AUTHORIZATION:
        return "code" if determine_outcome(entry) == "passed" and was_sent_to_app(entry) else "authorize"
    if stage == "token":
        return "refresh" if _form_of_exchange(entry).get("grant_type") == "refresh_token" else "token"
    if stage == "access":
        return _step_of_export(entry)
    return _STEPS.get(stage, "other")


def _step_of_export(entry: Mapping[str, Any]) -> StepName:
    request = entry.get("request") or {}
    _, is_export, job = urlsplit(str(request.get("url") or "")).path.partition(EXPORT)
    if not is_export or not job:
        return "export" if is_export and get_status(entry) == ACCEPTED else "access"
    if request.get("method") == "DELETE":  # of an export that the app no longer needs
        return "end"
    return "file" if job.count("/") > 1 else "poll"


def _address_of_step(entry: Mapping[str, Any], step: StepName) -> str:
    """Returns the URL to which a launch or a code was sent, or else the requested URL, without parameters."""
    sent = get_location(entry) if step in ("launch", "code") else str((entry.get("request") or {}).get("url") or "")
    return sent.partition("#")[0].partition("?")[0]


def _form_of_exchange(entry: Mapping[str, Any]) -> Any:
    return parse(str((entry.get("request") or {}).get("body") or ""))


def _details_of_step(entry: Mapping[str, Any], step: StepName, headers: Mapping[str, str]) -> dict[str, Any]:
    if step == "preflight":
        return {"headers": headers.get("access-control-request-headers", "")}
    if step in ("authorize", "code"):
        query = parse(urlsplit(str((entry.get("request") or {}).get("url") or "")).query)
        return {"sent": tuple(dict.fromkeys((*query.names(), *_form_of_exchange(entry).names())))}
    return _token_details(entry) if step in ("token", "refresh") and determine_outcome(entry) == "passed" else {}


def _token_details(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The details of a token response for the event."""
    members = _json_members((entry.get("response") or {}).get("body"))
    lifetime = members.get("expires_in")
    seconds = float(lifetime) if isinstance(lifetime, (int, float)) else 0
    return {
        "asked": " ".join(str(row["asked"]) for row in entry.get("scopes") or ()),
        "scope": str(members.get("scope") or ""),
        "expires": float(entry.get("at") or 0) + seconds if seconds else 0,
        "is_service": _form_of_exchange(entry).get("grant_type") == "client_credentials",
        "has_refresh": bool(members.get("refresh_token")),
        "has_id_token": bool(members.get("id_token")),
        "has_patient": bool(members.get("patient")),
        "why_no_refresh": str(entry.get("refresh") or ""),
    }


def _json_members(body: Any) -> dict[str, Any]:
    try:
        members = msgspec.json.decode(body) if isinstance(body, str) else {}
    except msgspec.DecodeError:
        return {}
    return members if isinstance(members, dict) else {}
