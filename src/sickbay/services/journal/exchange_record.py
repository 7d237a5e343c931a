"""The record of an exchange: redacted when it is written, and completed when someone reads it.

Stored are facts. The texts of findings, their specifications, and the titles of other dialects follow from the catalogue and
are filled in on reading. The JSON is compressed with a fixed dictionary (`packing`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from sickbay.authorization.models import AuthorizationCode, Client, Launch, Server
from sickbay.authorization.requests import AuthorizeRequest, TokenRequest
from sickbay.authorization.scope_negotiation import TokenSummary
from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.corrections import with_parameters
from sickbay.diagnosis.explain import Explanation
from sickbay.diagnosis.rule import Finding, find
from sickbay.diagnosis.stages import REGISTRATION
from sickbay.kernel.checks import Examination
from sickbay.protocol import pkce
from sickbay.protocol.parameters import parse
from sickbay.services import launch as launches
from sickbay.services.context import Runtime
from sickbay.services.decision import Decision
from sickbay.services.journal import live_secrets as secrets
from sickbay.services.journal import metrics as journal_metrics
from sickbay.services.journal.compression import pack, unpack
from sickbay.services.journal.dialect_comparison import others
from sickbay.services.journal.exchange import Exchange, RecordedRequest, RecordedResponse
from sickbay.services.journal.live_secrets import LiveSecrets
from sickbay.services.journal.masking import length
from sickbay.services.journal.redaction import Redaction
from sickbay.services.launch import place_of
from sickbay.storage.interface import Record

LOG = logging.getLogger("sickbay")
FHIR = ("access", "search", "app_state")
"""Stages whose requests are FHIR."""
REFUSED_FOR = 7 * 86400
GRANTED_FOR = 86400
LETTERS = {"passed": "", "refused": "!", "skipped": "-"}
"""What is written before the name of a check that has another outcome than passed."""
_ADDRESSES = ("issuer", "authorization_endpoint", "token_endpoint")
_REGISTERED = ("client_id", "app_id", "tenant", "launch_uri", "jwks_uri", "auth_method")


class Masked(NamedTuple):
    """What is kept of an exchange, and the same as JSON. redaction: what masked it; None if that failed."""

    entry: dict[str, Any]
    text: bytes
    redaction: Redaction | None


async def stored(runtime: Runtime, one: Exchange, shown: Masked | None = None) -> Record:
    """As it is stored. shown: the exchange if it was masked for its own response, where only the response was missing.

    Of a refused one, what may be a live secret is looked up first.
    """
    if shown is None:
        return record(one, await _live(runtime, one))
    response = shown.redaction.response(one.answer) if shown.redaction else minimal(one)["response"]
    return _record(one, msgspec.json.encode(shown.entry | {"at": one.at, "response": response}))


async def masked(runtime: Runtime, one: Exchange) -> Masked:
    """An exchange that is shown in its own response."""
    return _masked(one, await _live(runtime, one))


async def shown(runtime: Runtime, masked: Masked, full: bool) -> dict[str, Any]:
    """The same, as it is read later. full: for the administrator."""
    return filled(msgspec.json.decode(await launches.shown(runtime, masked.text.decode(), full)))


async def _live(runtime: Runtime, one: Exchange) -> LiveSecrets:
    if not one.refused:
        return LiveSecrets(await secrets.hashes(runtime), strict=True)
    sent = (parse(one.wire.url.partition("?")[2]), parse(one.wire.body))
    opaque = {value for every in sent for name in ("code_challenge", "client_id") for value in every.all(name)}
    return await secrets.load(runtime, opaque | {*_challenges(one)})


def _challenges(one: Exchange) -> Iterator[str]:
    """Hashes of verifiers: the one that the code was bound to, and the one of the verifier that was sent."""
    if one.decision is None or not isinstance(one.decision.request, TokenRequest):
        return
    verifier, code = one.decision.request.parameters.get("code_verifier"), getattr(one.decision.known, "code", None)
    if verifier:
        yield pkce.challenge(verifier)
    if isinstance(code, AuthorizationCode) and code.code_challenge and code.code_challenge_method == "S256":
        yield code.code_challenge


def record(one: Exchange, live: LiveSecrets, *, compare: bool = True) -> Record:
    """compare: whether to find out what the other dialects would answer."""
    return _record(one, _masked(one, live, compare).text)


def _record(one: Exchange, text: bytes) -> Record:
    until = int(one.at) + (REFUSED_FOR if one.refused else GRANTED_FOR)
    return Record(
        "exchange",
        one.id,
        pack(text),
        one.tenant,
        one.client_id,
        one.timeline,
        one.stage,
        at=int(one.at),
        expires_at=until,
    )


def _masked(one: Exchange, live: LiveSecrets, compare: bool = True) -> Masked:
    """If redaction fails, nothing of the request is kept: a request must not fail because of its record."""
    try:
        made, redaction = _entry(one, live, compare)
        return Masked(made, msgspec.json.encode(made), redaction)
    except Exception as error:
        journal_metrics.UNREDACTED.inc()
        LOG.error("exchange %s cannot be redacted (%s): nothing of its request is kept", one.id, type(error).__name__)
        kept = minimal(one)
        return Masked(kept, msgspec.json.encode(kept), None)


def minimal(one: Exchange) -> dict[str, Any]:
    """Only what Sickbay itself knows of an exchange: no URL, no headers, no bodies, no findings."""
    return {
        "id": one.id,
        "at": one.at,
        "tenant": one.tenant,
        "app": None,
        "launch": None,
        "stage": one.stage,
        "request": {"method": length(one.wire.method), "url": length(one.wire.url), "headers": {}, "body": None},
        "corrected": None,
        "response": {"status": one.answer.status, "headers": {}, "body": None},
        "checks": _checks(one.decision.examination) if one.decision else "",
        "findings": [],
        **_decided(one),
    }


def entry(one: Exchange, live: LiveSecrets, *, compare: bool = True) -> dict[str, Any]:
    """The redacted facts of an exchange, without what can be derived."""
    return _entry(one, live, compare)[0]


def _entry(one: Exchange, live: LiveSecrets, compare: bool) -> tuple[dict[str, Any], Redaction]:
    live.begin()
    explanation = one.explanation or (one.decision.explained() if one.decision else Explanation((), None))
    corrected = _unread(explanation, one)
    request = one.decision.request if one.decision else None
    more = str(getattr(request, "body", "") or "")
    redaction = Redaction(one.wire, live, _public(one), fhir=one.stage in FHIR, more="" if more == one.wire.body else more)
    redaction.quotes(_challenges(one))
    made: dict[str, Any] = {
        "id": one.id,
        "at": one.at,
        "tenant": one.tenant,
        "app": one.client_id or None,
        "launch": one.timeline or None,
        "stage": one.stage,
        "request": redaction.request(one.wire),
        "corrected": redaction.corrected(corrected) if corrected else None,
        "response": redaction.response(one.answer),
        "checks": _checks(one.decision.examination) if one.decision else "",
        "findings": [_finding(each, redaction) for each in explanation.findings],
        **_negotiation(one.decision.given if one.decision else None, redaction),
    }
    compared = others(one.decision, one.tenant) if compare else []
    return made | ({"others": compared} if compared else {}) | _decided(one), redaction


def _decided(one: Exchange) -> dict[str, str]:
    return {"decided": one.decision.refusal.name} if one.decision and one.decision.refusal else {}


def _public(one: Exchange) -> Iterator[str]:
    """What the findings may say because it is registered, or an address of this server."""
    yield from (one.tenant, one.timeline, one.id, one.client_id)
    known = one.decision.known if one.decision else None
    for client in (getattr(known, "client", None), getattr(known, "owner", None), getattr(known, "hinted", None)):
        if isinstance(client, Client) and one.stage != "registration":  # there it is what the request asks for
            yield from (value for name in _REGISTERED if isinstance(value := getattr(client, name), str))
            yield from (*client.redirect_uris, *client.post_logout_redirect_uris, *client.scope.split())
    server = getattr(known, "server", None)
    if isinstance(server, Server):
        yield from (getattr(server, name) for name in _ADDRESSES)
        yield from (*server.fhir_bases, *server.also, *server.tenants)
    for launch in (getattr(known, "launch", None), getattr(known, "live", None)):
        if isinstance(launch, Launch):
            yield from (launch.timeline, place_of(launch.timeline))
    for other in getattr(known, "neighbours", ()):
        yield from (other.client_id, *other.redirect_uris)
    yield from getattr(known, "others", ())
    code = getattr(known, "code", None)
    yield from (value for name in ("redirect_uri",) if (value := getattr(code, name, None)))


def _checks(examination: Examination) -> str:
    """The names in order; `!name:refusal` of one that refused, `-name:reason` of one that was skipped."""
    return " ".join(
        f"{LETTERS[one.outcome]}{one.name}"
        + (f":{one.refusal.name}" if one.refusal else f":{one.waits_for}" if one.waits_for else "")
        for one in examination.checked
    )


def checks(text: str) -> list[dict[str, Any]]:
    """The inverse of `_checks`, in the shape of the outside contract and a little more."""
    outcomes = {letter: outcome for outcome, letter in LETTERS.items() if letter}
    found = []
    for one in text.split():
        outcome = outcomes.get(one[0], "passed")
        name, _, why = (one[1:] if one[0] in outcomes else one).partition(":")
        more = {"waits_for" if outcome == "skipped" else "refusal": why} if why else {}
        found.append({"name": name, "outcome": outcome} | more)
    return found


def _finding(one: Finding, redaction: Redaction) -> dict[str, Any]:
    facts = redaction.quoting.walk(dict(one.facts))
    made = {"id": one.id, "severity": one.severity, "facts": facts, "refused": one.refused}
    more = {"because": one.because, "private": list(one.private)}
    return made | {name: value for name, value in more.items() if value}


def finding(given: Mapping[str, Any]) -> dict[str, Any]:
    """With the words of its rule, filled with its facts. Of a rule that no longer exists, only the facts."""
    rule = BY_ID.get(given["id"])
    if rule is None:
        texts = {"title": given["id"], "why": "", "fix": "", "spec": {"name": "", "url": ""}, "degree": "certain"}
        return {**texts, "parameter": None, **given}
    said = find(rule, given["facts"], refused=given["refused"], ceiling=given["severity"])
    return said.to_json() | {"degree": said.degree, "parameter": said.parameter} | dict(given)


def filled(given: dict[str, Any]) -> dict[str, Any]:
    """A record as it was read, with all that was derived."""
    if not isinstance(given["checks"], str):
        return given
    made = given | {"checks": checks(given["checks"]), "findings": [finding(one) for one in given["findings"]]}
    return {"corrected": None, "others": [], "decided": None} | made


def text_of(record: Record) -> str:
    """The JSON of a record, as it was written."""
    return unpack(record.value).decode()


async def whole(runtime: Runtime, record: Record, full: bool) -> dict[str, Any]:
    """A record with everything that is derived. A record that an older Sickbay stored is redacted again."""
    given = msgspec.json.decode(await launches.shown(runtime, text_of(record), full))
    if isinstance(given["checks"], str):
        return filled(given)
    return again(given, LiveSecrets(await secrets.hashes(runtime), strict=True))


def _negotiation(given: TokenSummary | None, redaction: Redaction) -> dict[str, Any]:
    """Of a token response: what became of each scope, and why no refresh token came; null where one did."""
    if given is None:
        return {}
    scope = redaction.harmless.scope
    scopes = [one._asdict() | {"asked": scope(one.asked), "granted": scope(one.granted)} for one in given.scopes]
    return {"scopes": scopes, "refresh": given.refresh or None}


def _unread(explanation: Explanation, one: Exchange) -> dict[str, Any] | None:
    if explanation.corrected is None or one.decision is None:
        return None
    if one.stage == "registration":
        return _metadata(explanation.corrected, one)
    return one.decision.stage.to_evidence(_placed(explanation.corrected, one.decision))


def _metadata(corrected: Any, one: Exchange) -> dict[str, Any] | None:
    """The request to send instead: what was sent, with the corrections; None if it was not kept."""
    if not corrected.source:
        return None
    app = REGISTRATION.to_evidence(corrected)["app"]
    body, headers = msgspec.json.encode(app).decode(), {"Content-Type": "application/json"}
    return {"method": one.wire.method, "url": one.wire.url, "headers": headers, "body": body}


def _placed(corrected: Any, decision: Decision[Any, Any]) -> Any:
    """The code of a launch is in no record: in the corrected request its place is, and `launch.shown` fills it."""
    launch = getattr(decision.known, "launch", None)
    if not isinstance(launch, Launch) or not isinstance(corrected, AuthorizeRequest):
        return corrected
    if corrected.parameters.get("launch") != decision.request.parameters.get("launch"):
        return corrected
    return with_parameters(corrected, ("launch", place_of(launch.timeline)))


def again(given: dict[str, Any], live: LiveSecrets) -> dict[str, Any]:
    """A record that an older Sickbay wrote, redacted as one of today is."""
    sent = given.get("request") or {}
    wire = RecordedRequest(
        str(sent.get("method") or ""),
        str(sent.get("url") or ""),
        dict(sent.get("headers") or {}),
        str(sent.get("body") or ""),
    )
    public = (given.get("app") or "", given.get("launch") or "", given["tenant"], given["id"])
    redaction = Redaction(wire, live, public, fhir=given.get("stage") in FHIR)
    answer = given.get("response") or {}
    answered = RecordedResponse(int(answer.get("status") or 0), dict(answer.get("headers") or {}), answer.get("body"))
    made = given | {"request": redaction.request(wire)}
    made["corrected"] = redaction.corrected(given["corrected"]) if given.get("corrected") else None
    made["response"] = redaction.response(answered)
    made["findings"] = [_again(one, redaction) for one in given.get("findings") or ()]
    made.pop("again", None)
    return made


def _again(one: Mapping[str, Any], redaction: Redaction) -> dict[str, Any]:
    kept = {name: one[name] for name in ("id", "severity", "because", "private") if name in one}
    facts = redaction.quoting.walk(one.get("facts") or {})
    return finding({**kept, "refused": bool(one.get("refused")), "facts": facts})
