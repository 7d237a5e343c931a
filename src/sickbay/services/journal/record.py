"""The record of an exchange: a request and its response, redacted and compressed.

A record stores only facts. `exchange_json` adds the texts and specifications of its findings when it is read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, structs

from sickbay.authorization.models import AuthorizationCode, Client, Launch, Server
from sickbay.authorization.requests import AccessRequest, AuthorizeRequest, TokenRequest
from sickbay.authorization.scopes.negotiation import TokenSummary
from sickbay.diagnosis.corrections import set_parameters
from sickbay.diagnosis.explain import Explanation
from sickbay.diagnosis.rule import Finding, is_severity
from sickbay.diagnosis.silence.trail import ShownPage
from sickbay.diagnosis.stages import FHIR_STAGES, REGISTRATION
from sickbay.kernel.checks import Checked, Examination
from sickbay.kernel.memoize import cache_results
from sickbay.protocol import pkce
from sickbay.protocol.parameters import parse
from sickbay.services.context import Runtime
from sickbay.services.decision import Decision
from sickbay.services.given_advice import GivenAdvice
from sickbay.services.injection.choose import Injected
from sickbay.services.journal import metrics as journal_metrics
from sickbay.services.journal.compare import compare_dialects
from sickbay.services.journal.outcomes import format_line
from sickbay.services.journal.packing import FHIR_MARK, MARK, OAUTH_MARK, pack
from sickbay.services.launch import placeholder_of
from sickbay.services.redaction import live_secrets as secrets
from sickbay.services.redaction.excerpt import make_excerpt
from sickbay.services.redaction.live_secrets import LiveSecrets
from sickbay.services.redaction.masking import describe_length
from sickbay.services.redaction.redaction import RecordedRequest, RecordedResponse, Redaction
from sickbay.storage.interface import Record

LOG = logging.getLogger("sickbay")
REFUSED_FOR = 7 * 86400
GRANTED_FOR = 86400
GRANTS = {"refresh_token": "refresh", "client_credentials": "backend"}
"""Maps grant types to the stages of their token requests."""
SHORTEST_MILLISECONDS = 0.1
"""The duration that is recorded for any shorter response."""
LETTERS = {"passed": "", "refused": "!", "skipped": "-"}
"""The prefix of a check's name in a record, by its outcome."""
OAUTH_STAGES = frozenset(("authorize", "token", "introspection", "revocation"))
"""Stages whose granted requests have their own dictionary."""


class Exchange(Struct, frozen=True, gc=False):
    """A request and its response before redaction. Cheap to create; all other work happens when it is stored."""

    id: str
    at: float
    tenant: str
    stage: str
    client_id: str
    timeline: str
    request: RecordedRequest
    response: RecordedResponse
    decision: Decision[Any, Any] | None = None
    explanation: Explanation | None = None
    unexamined: int = 0
    """The number of characters that were cut from `request` because it is long."""
    injected: Injected | None = None
    seconds: float = 0.0
    """The time from the beginning of the request until the response was ready; 0 if it isn't known."""
    resent_from: str = ""
    """The id of the exchange whose request Sickbay sent again; "" if a client sent it."""
    pages: tuple[ShownPage, ...] = ()
    """The pages that the user saw before the response."""
    student: str = ""
    """In class mode, the student whose browser sent the request; once stored, the student to whom the exchange belongs."""

    @property
    def refused(self) -> bool:
        return self.decision is not None and self.decision.refusal is not None

    @property
    def is_refused_by_fault(self) -> bool:
        """Whether an injected fault is the reason for the refusal, so that nothing is explained as a mistake of the app."""
        refusal = self.decision.refusal.name if self.decision and self.decision.refusal else ""
        return self.injected is not None and self.injected.is_reason_for(refusal)

    @property
    def fault(self) -> Injected | None:
        """Returns the fault of this exchange. Excludes a fault that affects only other requests."""
        is_unrelated = self.injected is not None and self.injected.causes and not self.is_refused_by_fault
        return None if is_unrelated else self.injected


class Redacted(NamedTuple):
    """The record of an exchange. text: its JSON. line: the text that filters search (`outcomes.py`)."""

    text: bytes
    line: str


async def redact_refusal(runtime: Runtime, exchange: Exchange) -> Redacted:
    """Builds the record of a refusal. Values that may be live secrets are looked up first."""
    return build_record(exchange, await _load_live_secrets(runtime, exchange), runtime.given_advice)


async def _load_live_secrets(runtime: Runtime, exchange: Exchange) -> LiveSecrets:
    if not exchange.refused:
        return await secrets.load_strict(runtime)
    sent = (parse(exchange.request.url.partition("?")[2]), parse(exchange.request.body))
    opaque = {value for parameters in sent for name in ("code_challenge", "client_id") for value in parameters.all(name)}
    return await secrets.load_live_secrets(runtime, opaque | {*_challenges_of_exchange(exchange)})


def _challenges_of_exchange(exchange: Exchange) -> Iterator[str]:
    """PKCE challenges: the one that the code was bound to, and the one that the sent verifier has."""
    if exchange.decision is None or not isinstance(exchange.decision.request, TokenRequest):
        return
    verifier, code = exchange.decision.request.parameters.get("code_verifier"), getattr(exchange.decision.context, "code", None)
    if verifier:
        yield pkce.make_challenge(verifier)
    if isinstance(code, AuthorizationCode) and code.code_challenge and code.code_challenge_method == "S256":
        yield code.code_challenge


def make_record(exchange: Exchange, arrival: int, redacted: Redacted) -> Record:
    """Makes the record of an exchange. It is deleted according to real time, not Sickbay's clock."""
    until = arrival // 1_000_000 + (REFUSED_FOR if exchange.refused else GRANTED_FOR)
    return Record(
        "exchange",
        exchange.id,
        pack(redacted.text, _dictionary_mark(exchange)),
        exchange.tenant,
        exchange.client_id,
        exchange.timeline,
        exchange.stage,
        at=arrival,
        expires_at=until,
        line=redacted.line,
    )


def _dictionary_mark(exchange: Exchange) -> bytes:
    """The mark of the dictionary that makes the record of an exchange shortest."""
    if exchange.refused:
        return MARK
    return FHIR_MARK if exchange.stage in FHIR_STAGES else OAUTH_MARK if exchange.stage in OAUTH_STAGES else MARK


def build_record(exchange: Exchange, live: LiveSecrets, given: GivenAdvice | None = None, *, compare: bool = True) -> Redacted:
    """Builds the record. If redaction fails, no part of the request is kept, so that the request itself doesn't fail.

    given: the advice that apps got before, which is left out. compare: whether to add what other dialects would answer.
    """
    try:
        entry = _build_entry(exchange, live, compare, given)
        return Redacted(msgspec.json.encode(entry), format_line(entry, _exact_stage(exchange)))
    except Exception as error:
        journal_metrics.UNREDACTED.inc()
        LOG.error("exchange %s can't be redacted (%s): no part of its request is kept", exchange.id, type(error).__name__)
        entry = make_minimal(exchange)
        return Redacted(msgspec.json.encode(entry), format_line(entry))


def _exact_stage(exchange: Exchange) -> str:
    """Returns the more exact stage of a request: refresh, backend or search; "" for others."""
    request = exchange.decision.request if exchange.decision else None
    if isinstance(request, AccessRequest):
        return "search" if request.interaction.startswith("search") else ""
    return GRANTS.get(request.parameters.get("grant_type") or "", "") if isinstance(request, TokenRequest) else ""


def make_minimal(exchange: Exchange) -> dict[str, Any]:
    """Returns a record with only Sickbay's own facts about an exchange: no URL, headers, bodies or findings."""
    return {
        "id": exchange.id,
        "at": exchange.at,
        "tenant": exchange.tenant,
        "app": None,
        "launch": None,
        "stage": exchange.stage,
        "request": {
            "method": describe_length(exchange.request.method),
            "url": describe_length(exchange.request.url),
            "headers": {},
            "body": None,
        },
        "corrected": None,
        "response": {"status": exchange.response.status, "headers": {}, "body": None},
        "checks": _encode_checks(exchange.decision.examination) if exchange.decision else "",
        "findings": [],
        **({"resent_from": exchange.resent_from} if exchange.resent_from else {}),
        **({"student": exchange.student} if exchange.student else {}),
        **_deciding_refusal(exchange),
    }


def _build_entry(exchange: Exchange, live: LiveSecrets, compare: bool, given: GivenAdvice | None) -> dict[str, Any]:
    """The redacted facts of an exchange, without anything that can be derived from them."""
    live.begin()
    explanation = _explain_exchange(exchange)
    if given is not None:
        explanation = given.drop_repeated_advice(explanation, exchange.tenant, exchange.client_id, exchange.id)
    exchange = _excerpt_of_exchange(exchange)
    corrected = None if exchange.unexamined else _describe_correction(explanation, exchange)
    request = exchange.decision.request if exchange.decision else None
    parsed_body = str(getattr(request, "body", "") or "")
    redaction = Redaction(
        exchange.request,
        live,
        _list_public(exchange),
        _list_ids(exchange),
        fhir=exchange.stage in FHIR_STAGES,
        more="" if parsed_body == exchange.request.body else parsed_body,
        base=request.base if isinstance(request, AccessRequest) else "",
        whole=not exchange.unexamined,
    )
    if challenges := [*_challenges_of_exchange(exchange)]:
        redaction.allow_quotes(challenges)
    facts: dict[str, Any] = {
        "id": exchange.id,
        "at": exchange.at,
        "tenant": exchange.tenant,
        "app": exchange.client_id or None,
        "launch": exchange.timeline or None,
        "stage": exchange.stage,
        "client": exchange.request.client,
        "request": redaction.redact_request(exchange.request),
        "corrected": redaction.redact_correction(corrected) if corrected else None,
        "response": redaction.redact_response(exchange.response),
        "checks": _encode_checks(exchange.decision.examination) if exchange.decision else "",
        "findings": [_redact_finding(finding, redaction) for finding in explanation.findings],
        **_negotiation_results(exchange.decision.given if exchange.decision else None, redaction),
    }
    fault = exchange.fault
    if fault and fault.changed:
        facts["response"] = fault.changed.replace_response(facts["response"])
    compared = compare_dialects(exchange.decision, exchange.tenant) if compare else []
    facts.update(_optional_facts(exchange, fault, compared))
    return facts


def _optional_facts(exchange: Exchange, fault: Injected | None, compared: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The facts that only some exchanges have."""
    if compared:
        yield "others", compared
    if exchange.unexamined:
        yield "unexamined", exchange.unexamined
    if fault:
        yield "injected", fault.to_json()
    if exchange.seconds:
        yield "milliseconds", max(SHORTEST_MILLISECONDS, round(exchange.seconds * 1000, 1))
    if exchange.resent_from:
        yield "resent_from", exchange.resent_from
    if exchange.pages:
        yield "pages", [structs.asdict(page) for page in exchange.pages]
    if exchange.student:
        yield "student", exchange.student
    if exchange.response.size is not None:
        yield "size", exchange.response.size
    yield from _deciding_refusal(exchange).items()


def _explain_exchange(exchange: Exchange) -> Explanation:
    """Nothing is explained as a mistake of the app if an injected fault is the reason for the refusal."""
    if exchange.decision is None or exchange.is_refused_by_fault:
        return exchange.explanation if exchange.explanation and not exchange.fault else Explanation((), None)
    return exchange.explanation or exchange.decision.explain()


def _excerpt_of_exchange(exchange: Exchange) -> Exchange:
    """The exchange with the part of its request that is recorded."""
    request, left_out = make_excerpt(exchange.request)
    return structs.replace(exchange, request=request, unexamined=exchange.unexamined + left_out) if left_out else exchange


def _deciding_refusal(exchange: Exchange) -> dict[str, str]:
    if exchange.is_refused_by_fault:
        return {}
    return {"decided": exchange.decision.refusal.name} if exchange.decision and exchange.decision.refusal else {}


def _list_public(exchange: Exchange) -> list[str | None]:
    """Returns values that findings may contain because they are registered, or are addresses of this server."""
    values: list[str | None] = [exchange.tenant, exchange.client_id]
    context = exchange.decision.context if exchange.decision else None
    for client in (getattr(context, "client", None), getattr(context, "owner", None), getattr(context, "hinted", None)):
        if isinstance(client, Client) and exchange.stage != "registration":  # there the client is what the request sends
            values += (client.client_id, client.app_id, client.tenant, client.launch_uri, client.jwks_uri, client.auth_method)
            values += (*client.redirect_uris, *client.post_logout_redirect_uris, *client.scope.split())
    server = getattr(context, "server", None)
    if isinstance(server, Server):
        values += (server.issuer, server.authorization_endpoint, server.token_endpoint)
        values += (*server.fhir_bases, *server.also, *server.tenants)
    for other in getattr(context, "newest_clients", ()):
        values += (other.client_id, *other.redirect_uris)
    values += getattr(context, "others", ())
    values.append(getattr(getattr(context, "code", None), "redirect_uri", None))
    return values


def _list_ids(exchange: Exchange) -> list[str]:
    """Returns the public values that are unique to this exchange or its launch."""
    values = [exchange.timeline, exchange.id]
    context = exchange.decision.context if exchange.decision else None
    for launch in (getattr(context, "launch", None), getattr(context, "live", None)):
        if isinstance(launch, Launch):
            values += (launch.timeline, placeholder_of(launch.timeline))
    return values


def _encode_checks(examination: Examination) -> str:
    """The names in order: `!name:refusal` for a refused check, `-name:reason` for a skipped one."""
    if examination.granted and not examination.relaxed:
        return _join_names(examination.checked)
    return " ".join(
        [
            f"{LETTERS[check.outcome]}{check.name}"
            + (f":{check.refusal.name}" if check.refusal else f":{check.waits_for}" if check.waits_for else "")
            for check in examination.checked
        ]
    )


@cache_results(256)
def _join_names(passed: tuple[Checked, ...]) -> str:
    return " ".join([check.name for check in passed])


def _redact_finding(finding: Finding, redaction: Redaction) -> dict[str, Any]:
    severities = {name: value for name, value in finding.facts.items() if is_severity(name, value)}
    facts = redaction.quoting.walk(dict(finding.facts)) | severities
    stored_finding = {"id": finding.id, "severity": finding.severity, "facts": facts, "refused": finding.refused}
    optional = {"because": finding.because, "private": list(finding.private)}
    return stored_finding | {name: value for name, value in optional.items() if value}


def _negotiation_results(summary: TokenSummary | None, redaction: Redaction) -> dict[str, Any]:
    """Returns the result for each scope, the reason for a missing refresh token (or null), and other missing members."""
    if summary is None:
        return {}
    scope = redaction.harmless.redact_scope
    scopes = [row._asdict() | {"asked": scope(row.asked), "granted": scope(row.granted)} for row in summary.scopes]
    missing = {"missing": [entry._asdict() for entry in summary.missing]} if summary.missing else {}
    return {"scopes": scopes, "refresh": summary.refresh or None} | missing


def _describe_correction(explanation: Explanation, exchange: Exchange) -> dict[str, Any] | None:
    if explanation.corrected is None or exchange.decision is None:
        return None
    if exchange.stage == "registration":
        return _corrected_metadata(explanation.corrected, exchange)
    return exchange.decision.stage.examiner.to_evidence(_add_launch_placeholder(explanation.corrected, exchange.decision))


def _corrected_metadata(corrected: Any, exchange: Exchange) -> dict[str, Any] | None:
    """Returns the request to send instead: the original with corrections; None if its source wasn't kept."""
    if not corrected.source:
        return None
    app = REGISTRATION.examiner.to_evidence(corrected)["app"]
    body, headers = msgspec.json.encode(app).decode(), {"Content-Type": "application/json"}
    return {"method": exchange.request.method, "url": exchange.request.url, "headers": headers, "body": body}


def _add_launch_placeholder(corrected: Any, decision: Decision[Any, Any]) -> Any:
    """Replaces the launch code in a corrected request, because records never contain it (`launch.fill_placeholders`)."""
    launch = getattr(decision.context, "launch", None)
    if not isinstance(launch, Launch) or not isinstance(corrected, AuthorizeRequest):
        return corrected
    if corrected.parameters.get("launch") != decision.request.parameters.get("launch"):
        return corrected
    return set_parameters(corrected, ("launch", placeholder_of(launch.timeline)))
