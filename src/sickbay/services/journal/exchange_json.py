"""Builds the JSON of an exchange for its readers: with the rules' texts, and without private facts for the public.

Naming an app proves nothing, so the public sees the timeline of an exchange only if its request also proved that it came from
the app (`is_proven`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sickbay.authorization import revocation
from sickbay.authorization.access import bearer
from sickbay.authorization.authorize import launch
from sickbay.authorization.authorize.stage import GATE
from sickbay.authorization.refusals.login import COOKIE_SAMESITE_IFRAME
from sickbay.authorization.token import client_assertion, client_authentication, pkce, refresh
from sickbay.authorization.token import code as token_code
from sickbay.diagnosis.rule import fill_rule
from sickbay.diagnosis.stages import FHIR_STAGES
from sickbay.kernel.memoize import cache_results
from sickbay.services import launch as launches
from sickbay.services.context import Runtime
from sickbay.services.decision import redact_facts
from sickbay.services.journal.packing import text_of
from sickbay.services.journal.record import LETTERS
from sickbay.services.redaction import live_secrets as secrets
from sickbay.services.redaction import masking
from sickbay.services.redaction.live_secrets import LiveSecrets
from sickbay.services.redaction.redaction import RecordedRequest, RecordedResponse, Redaction
from sickbay.storage.interface import Record

MEMBERS = ("id", "at", "tenant", "app", "launch", "stage", "request", "response", "checks", "findings", "corrected", "injected")
MORE = ("scopes", "refresh", "missing", "unexamined", "changed", "milliseconds", "size", "resent_from", "pages", "bodies_kept")
"""Names of members that only some exchanges have."""
PROOFS = frozenset(
    check.name
    for check in (
        # authorization request: the response goes to the app itself, and the launch code was issued to that app
        GATE,
        launch.launch_code_was_issued_by_this_server_if_sent,
        launch.launch_code_was_issued_to_this_app_if_sent,
        # token endpoint, introspection, revocation: the client's credentials, and a grant that was issued to this client
        client_authentication.client_is_registered,
        client_authentication.credentials_are_sent_if_the_client_has_any,
        client_authentication.authentication_method_is_the_registered_one,
        client_authentication.client_secret_is_right_if_the_client_has_one,
        client_assertion.signature_is_valid,
        client_assertion.assertion_has_a_new_jti,
        token_code.code_is_known,
        token_code.code_was_issued_to_this_client,
        token_code.code_has_not_expired,
        token_code.code_was_not_used_before,
        pkce.code_verifier_is_sent_if_code_challenge_was,
        pkce.code_verifier_matches_code_challenge_if_there_is_one,
        refresh.refresh_token_is_known,
        refresh.refresh_token_was_issued_to_this_client,
        refresh.refresh_token_is_not_revoked,
        refresh.refresh_token_has_not_expired,
        refresh.refresh_token_is_the_newest,
        revocation.token_was_issued_to_this_client,
        # FHIR: the bearer of a valid token
        bearer.token_is_sent,
        bearer.token_is_a_bearer_token,
        bearer.token_is_known,
        bearer.token_is_not_revoked,
        bearer.client_and_user_of_the_token_exist,
        bearer.token_has_not_expired,
        bearer.token_was_issued_by_this_server,
    )
)
"""Checks that must have passed, if they ran, before a refused request counts as coming from the app that it names."""
_OUTCOMES = {letter: outcome for outcome, letter in LETTERS.items() if letter}
UNPROVEN = frozenset((COOKIE_SAMESITE_IFRAME.name,))
"""Refusals of requests that came without the browser's session, and so without any proof."""


def finding_json(stored_finding: Mapping[str, Any]) -> dict[str, Any]:
    """A finding with its rule's texts, filled in with its facts. If the rule no longer exists, only the facts."""
    from sickbay.diagnosis.catalogue import BY_ID  # a server that starts needs no rules

    rule = BY_ID.get(stored_finding["id"])
    if rule is None:
        texts = {"title": stored_finding["id"], "why": "", "fix": "", "spec": {"name": "", "url": ""}, "degree": "certain"}
        return {**texts, "parameter": None, **stored_finding}
    explained = fill_rule(rule, stored_finding["facts"], refused=stored_finding["refused"], ceiling=stored_finding["severity"])
    return explained.to_json() | {"degree": explained.degree, "parameter": explained.parameter} | dict(stored_finding)


def add_derived_members(stored_record: dict[str, Any]) -> dict[str, Any]:
    """Returns a stored record with everything that is derived from it."""
    if not isinstance(stored_record["checks"], str):
        return stored_record
    complete = stored_record | {
        "checks": parse_checks(stored_record["checks"]),
        "findings": [finding_json(item) for item in stored_record["findings"]],
    }
    return {"corrected": None, "others": [], "decided": None, "injected": None} | complete


async def read_whole(runtime: Runtime, record: Record, full: bool) -> dict[str, Any]:
    """A record with everything that is derived from it. Records of an older Sickbay are redacted again."""
    stored_record = msgspec.json.decode(await launches.fill_placeholders(runtime, text_of(record), full))
    if isinstance(stored_record["checks"], str):
        return add_derived_members(stored_record)
    return redact_again(stored_record, await secrets.load_strict(runtime))


async def read_fresh(runtime: Runtime, recorded: bytes, *, full: bool) -> dict[str, Any]:
    """An exchange that was just recorded, as a later reader gets it. full: for the administrator."""
    entry = add_derived_members(msgspec.json.decode(await launches.fill_placeholders(runtime, recorded.decode(), full)))
    return entry if full else hide_private(entry)


def parse_checks(text: str) -> list[dict[str, Any]]:
    """The inverse of `_checks`, with the members that the API returns and the reason for a skipped check."""
    return [*_read_checks(text)]


@cache_results(256)
def _read_checks(text: str) -> tuple[dict[str, Any], ...]:
    """Parses checks. Cached, because most exchanges of a stage have the same text."""
    return tuple(map(_read_check, text.split()))


def _read_check(word: str) -> dict[str, Any]:
    outcome = _OUTCOMES.get(word[0], "passed")
    name, _, detail = (word[1:] if word[0] in _OUTCOMES else word).partition(":")
    details = {"waits_for" if outcome == "skipped" else "refusal": detail} if detail else {}
    return {"name": name, "outcome": outcome} | details


def select_members(entry: dict[str, Any]) -> dict[str, Any]:
    """The members that the API returns. Values that weren't kept are named in the corrected request."""
    members = {name: entry[name] for name in (*MEMBERS, *MORE) if name in MEMBERS or name in entry}
    return members | ({"corrected": masking.insert_placeholders(entry["corrected"])} if entry["corrected"] else {})


def is_proven(entry: Mapping[str, Any]) -> bool:
    """Whether the request proved that it came from the app in whose timeline it is."""
    if entry.get("decided") in UNPROVEN:
        return False
    proofs = [check for check in entry.get("checks") or () if check["name"] in PROOFS]
    return all(check["outcome"] == "passed" for check in proofs)


def hide_private(entry: dict[str, Any]) -> dict[str, Any]:
    """Returns an exchange without facts that only the administrator can see. Leaves out a corrected request that would reveal
    it, and the timeline if the request didn't prove that it belongs to it.
    """
    findings = [_hide_private(finding) for finding in entry["findings"]]
    unchanged = findings == entry["findings"]
    shown = entry | {"findings": findings, "corrected": entry.get("corrected") if unchanged else None}
    shown.pop("milliseconds", None)  # the time may tell a hidden record from one that isn't there
    shown.pop("pages", None)  # they show whether the user was signed in already
    return shown if is_proven(entry) else shown | {"launch": None}


def _hide_private(finding: dict[str, Any]) -> dict[str, Any]:
    from sickbay.diagnosis.catalogue import BY_ID

    facts = redact_facts(finding["facts"], finding.get("private", ()))
    if facts == finding["facts"]:
        return finding
    rule = BY_ID.get(finding["id"])
    if rule is None:
        return finding | {"facts": facts, "why": "", "fix": ""}
    public_finding = fill_rule(rule, facts, refused=finding["refused"], ceiling=finding["severity"])
    return finding | {"title": public_finding.title, "why": public_finding.why, "fix": public_finding.fix, "facts": dict(facts)}


def redact_again(old_record: dict[str, Any], live: LiveSecrets) -> dict[str, Any]:
    """Redacts a record of an older Sickbay by today's rules."""
    old_request = old_record.get("request") or {}
    recorded_request = RecordedRequest(
        str(old_request.get("method") or ""),
        str(old_request.get("url") or ""),
        dict(old_request.get("headers") or {}),
        str(old_request.get("body") or ""),
    )
    public = (old_record.get("app") or "", old_record.get("launch") or "", old_record["tenant"], old_record["id"])
    redaction = Redaction(recorded_request, live, public, fhir=old_record.get("stage") in FHIR_STAGES)
    old_response = old_record.get("response") or {}
    recorded_response = RecordedResponse(
        int(old_response.get("status") or 0), dict(old_response.get("headers") or {}), old_response.get("body")
    )
    redacted = old_record | {"request": redaction.redact_request(recorded_request)}
    redacted["corrected"] = redaction.redact_correction(old_record["corrected"]) if old_record.get("corrected") else None
    redacted["response"] = redaction.redact_response(recorded_response)
    redacted["findings"] = [_redacted_finding(item, redaction) for item in old_record.get("findings") or ()]
    redacted.pop("again", None)
    return {"injected": None} | redacted


def _redacted_finding(old_finding: Mapping[str, Any], redaction: Redaction) -> dict[str, Any]:
    members = {name: old_finding[name] for name in ("id", "severity", "because", "private") if name in old_finding}
    facts = redaction.quoting.walk(old_finding.get("facts") or {})
    return finding_json({**members, "refused": bool(old_finding.get("refused")), "facts": facts})
