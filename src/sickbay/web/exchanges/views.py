"""The page of one exchange: what was sent, what was wrong with it, what to send instead.

Also authorize's error page (400). It has no form. Links: {root}/exchanges/{id}?as=json, ?as=text, {root}/timelines/{launch},
{root}/rules/{rule}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from sickbay.diagnosis import corrections
from sickbay.diagnosis.answers.values import CODES
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.stages import find_stage
from sickbay.kernel import english
from sickbay.kernel.english import join
from sickbay.services.resend.placeholders import describe_placeholders, kinds_in, values_to_type
from sickbay.services.resend.proposal import Proposal
from sickbay.web.exchanges import code_samples, scope_table
from sickbay.web.exchanges.parameter_table import Found, Row, compare_parameters
from sickbay.web.exchanges.resend_view import Comparison
from sickbay.web.exchanges.shown_bodies import ShownBody
from sickbay.web.pages import exchange_summary
from sickbay.web.pages.exchange_summary import OUTCOMES, REPAIRED, Step, count_outcomes, group_steps, steps_of
from sickbay.web.pages.parts import FindingView, Link, TextPiece, Verdict, make_finding_views

_EXPLAINS = {rule.id: rule.explains for rule in RULES}


class Other(Struct, frozen=True):
    """The response of another dialect. kind: refused, passed, or "" if it doesn't support this FHIR version."""

    title: str
    kind: str
    text: str
    urn: str = ""
    rule: str = ""


class Probably(Struct, frozen=True):
    """The app and the launch that an exchange probably belongs to, and why."""

    app: str
    app_href: str
    launch: str
    why: str


class ResendOffer(Struct, frozen=True):
    """The offer to send a request again. sends: one click is enough, because no one has to type a value. note: a sentence."""

    href: str
    corrected: bool
    sends: bool
    note: str = ""


PLACES = {
    "redirect_uri": ("Redirect URIs of this app", "h-id"),
    "client_id": ("Client ID of this app", "h-id"),
    "scope": ("Scopes of this app", "h-scopes"),
    "client_secret": ("Client secret of this app", "h-id"),
    "client_assertion": ("Keys of this app", "h-id"),
    "grant_type": ("Registration of this app", "h-id"),
}
"""Parameters that are compared with the registration, and where the app's page shows it."""


class ExchangeView(Struct, frozen=True, kw_only=True):
    id: str
    kind: Verdict | str
    verdict: str
    headline: str
    lede: str
    unexamined: str = ""
    """Says how much of the request wasn't examined; "" if all of it was."""
    changed: str = ""
    """Says what has changed since an empty search was explained; "" if nothing has."""
    stage: str
    at: str
    at_iso: str
    app: str = ""
    app_href: str = ""
    hospital: str = ""
    launch: str = ""
    is_service: bool = False
    """Whether the app is a backend service, which isn't launched."""
    probably: Probably | None = None
    """Only if the exchange names no launch."""
    rows: tuple[Row, ...] = ()
    received: str = ""
    receiver: str = "Your app received"
    received_note: str = ""
    tabs: tuple[code_samples.Tab, ...] = ()
    corrected: bool = False
    filled: str = ""
    """The placeholders that a reader has to fill in before the request works."""
    findings: tuple[FindingView, ...] = ()
    steps: tuple[Step, ...] = ()
    tally: str = ""
    support: tuple[tuple[str, str], ...] = ()
    request_line: str = ""
    negotiation: scope_table.Negotiation | None = None
    others: tuple[Other, ...] = ()
    text: str = ""
    resent_from: str = ""
    """The id of the exchange whose request Sickbay sent again; "" if a client sent it."""
    resend: ResendOffer | None = None
    """None for readers who may not send it again."""
    bodies: tuple[ShownBody, ...] = ()
    """The bodies of a FHIR request and its response; empty unless they were kept."""
    bodies_dropped: bool = False
    """Whether the bodies of this exchange were kept and have been dropped since."""
    comparison: Comparison | None = None
    """With the exchange whose request was sent again."""
    explorer: str = ""
    """The address that shows the data in the FHIR explorer; "" for other requests and other readers."""

    @property
    def title(self) -> str:
        return f"{self.verdict}: {self.findings[0].title}" if self.findings else f"{self.verdict}: {self.stage}"

    @property
    def symptom(self) -> str:
        """The error code that the app received; "" if there is none."""
        return next((word for word in re.findall(r"(?<![a-z])[a-z]++(?:_[a-z]++)++", self.received) if word in CODES), "")

    @property
    def place(self) -> Link | None:
        """Returns the part of the app's page that shows the registered value for the first wrong parameter."""
        wrong = next((row.name for row in self.rows if row.is_faulty and row.name in PLACES), None)
        return Link(PLACES[wrong][0], f"{self.app_href}#{PLACES[wrong][1]}") if wrong and self.app_href else None

    @property
    def step_groups(self) -> tuple[tuple[Step, ...], ...]:
        return group_steps(self.steps)

    @property
    def copied(self) -> code_samples.Tab | None:
        return self.tabs[0] if self.tabs and self.corrected else None


def exchange_view(
    exchange: Mapping[str, Any],
    *,
    app: str = "",
    app_href: str = "",
    hospital: str = "",
    app_id: str = "",
    is_service: bool = False,
) -> ExchangeView:
    """Build the page from the JSON of an exchange (`GET /exchanges/{id}`), with its secrets already masked.

    It may have more members than the API: milliseconds, decided (the name of the refusal that decided the response),
    code_verifier (of a new PKCE pair), in a check waits_for and note, in a finding parameter.
    """
    request = code_samples.read_request_parts(exchange.get("request") or {})
    corrected = _find_corrected_request(exchange, request)
    numbered = _order_findings(exchange)
    rows = compare_parameters(request, corrected, numbered, (exchange.get("request") or {}).get("headers") or {})
    views = make_finding_views([finding for _, finding in numbered])
    changed = {row.name: row.expected for row in rows if row.expected is not None}
    kind, verdict = exchange_summary.determine_verdict(exchange)
    checks = exchange.get("checks") or ()
    view = ExchangeView(
        id=str(exchange["id"]),
        kind=kind,
        verdict=verdict,
        headline=exchange_summary.format_headline(views, exchange),
        lede=exchange_summary.format_lede(views, corrected is not None, exchange),
        unexamined=exchange_summary.explain_unexamined_length(exchange),
        changed=exchange_summary.describe_changes(exchange),
        stage=find_stage(str(exchange.get("stage"))).title,
        at=f"{english.format_time(exchange.get('at') or 0)} UTC",
        at_iso=english.format_iso(exchange.get("at") or 0),
        app=app,
        app_href=app_href,
        hospital=hospital,
        launch=str(exchange.get("launch") or ""),
        is_service=is_service,
        resent_from=str(exchange.get("resent_from") or ""),
        rows=rows,
        received=exchange_summary.answer_lines(exchange),
        receiver=exchange_summary.name_receiver(exchange),
        received_note=exchange_summary.format_duration(exchange),
        tabs=code_samples.make_tabs(corrected or request, changed if corrected else {}),
        corrected=corrected is not None,
        filled=" ".join(filter(None, _notes_on_request(exchange, request, corrected))),
        findings=views,
        steps=steps_of(checks),
        tally=count_outcomes(checks),
        request_line=f"{request.method} {code_samples.make_url(request)}",
        negotiation=scope_table.read_negotiation(exchange) if "scopes" in exchange else None,
        others=tuple(_describe_other_hospital(dialect) for dialect in exchange.get("others") or ()),
    )
    view = replace(view, support=_support_links(view, exchange, request, app_id))
    return replace(view, text=format_as_text(view))


def _notes_on_request(
    exchange: Mapping[str, Any], request: code_samples.RequestParts, corrected: code_samples.RequestParts | None
) -> tuple[str, ...]:
    """Returns the parts of the request to replace before sending it, with reasons."""
    example = corrections.example_note(corrected.parameters) if corrected else ""
    return exchange_summary.explain_placeholders(corrected or request), corrections.verifier_note(exchange), example


def _describe_other_hospital(dialect: Mapping[str, Any]) -> Other:
    title = dialect["title"]
    if "speaks" in dialect:
        versions = join([version.upper() for version in dialect["speaks"]])
        return Other(title, "", f"doesn’t support this FHIR version, only {versions}")
    if dialect["refusal"] is None:
        return Other(title, "passed", "grants the request")
    delivered = dialect.get("delivered") and f"({dialect['delivered']})"
    parts = (str(dialect["status"]), dialect.get("error"), delivered)
    return Other(title, "refused", " ".join(part for part in parts if part), dialect.get("urn", ""), dialect["refusal"])


def _find_corrected_request(
    exchange: Mapping[str, Any], request: code_samples.RequestParts
) -> code_samples.RequestParts | None:
    """Also None if no refusal could be corrected: then only advice was applied."""
    refusals = [finding["id"] for finding in exchange.get("findings") or () if finding["severity"] == "error"]
    if not exchange.get("corrected") or (refusals and not any(id in REPAIRED for id in refusals)):
        return None
    corrected = code_samples.read_request_parts(exchange["corrected"])
    return corrected if "headers" in exchange["corrected"] else replace(corrected, headers=request.headers)


def _order_findings(exchange: Mapping[str, Any]) -> list[Found]:
    """Returns root causes first, then the finding that decided the response, then all others, most severe first."""
    decided = exchange.get("decided")
    ordered = list(exchange.get("findings") or ())
    roots = {finding.get("because") for finding in ordered}
    if decided:
        ordered.sort(
            key=lambda finding: (finding["id"] not in roots, decided not in (finding["id"], _EXPLAINS.get(finding["id"])))
        )
    return list(enumerate(ordered, 1))


def _support_links(
    view: ExchangeView, exchange: Mapping[str, Any], request: code_samples.RequestParts, app_id: str
) -> tuple[tuple[str, str], ...]:
    sent, received = dict(request.parameters), exchange_summary.outline_response(exchange)
    pairs = (
        ("App", view.app),
        ("App ID", app_id),
        ("Client ID", sent.get("client_id") or (str(exchange.get("app") or ""))),
        ("Correlation ID", view.id),
        ("Time", view.at_iso),
        ("Request", f"{request.method} {request.address}"),
        ("Response", received if len(received) <= 90 else received[:90] + "…"),
    )
    return tuple((name, value) for name, value in pairs if value)


def format_as_text(view: ExchangeView, address: str = "") -> str:
    """The exchange as plain text, for a ticket."""
    lines = [f"{view.verdict.upper()}: {view.headline}", ""]
    lines += [line for note in (view.unexamined, view.changed) if note for line in (note, "")]
    lines += [f"{name + ':':<16}{value}" for name, value in view.support]
    lines += [f"{'Page:':<16}{address}"] if address else []
    for finding in view.findings:
        caused = f" (caused by problem {finding.because})" if finding.because else ""
        lines += [
            "",
            f"{finding.number}. {finding.word}: {finding.title} [{finding.rule}]{caused}",
            f"   {finding.why}",
            f"   Fix: {finding.fix}",
        ]
        lines += [f"   {finding.spec} {finding.spec_href}".rstrip()] if finding.spec else []
    faulty = [row for row in view.rows if row.is_faulty]
    lines += ["", "Received and expected"] if faulty else []
    for row in faulty:
        lines += [f"  {row.name}", f"    sent:     {_join_pieces(row.received, 'not sent')}"]
        lines += [f"    expected: {_join_pieces(row.expected, '')}"] if row.expected else []
    if view.tabs and view.corrected:
        lines += ["", "Corrected request", *(f"  {line}" for line in view.tabs[0].text.splitlines())]
        lines += [f"  ({view.filled})"] if view.filled else []
    lines += view.negotiation.lines() if view.negotiation else []
    if view.steps:
        lines += ["", f"Checks ({view.tally})"]
        lines += [f"  {OUTCOMES[step.outcome]:<8} {step.text}" for step in view.steps if step.outcome != "gate"]
    return code_samples.show_invisible("\n".join(lines), "\n") + "\n"


def _join_pieces(pieces: Sequence[TextPiece] | None, missing: str) -> str:
    return missing if pieces is None else "".join(piece.text for piece in pieces)


def make_offer(entry: Mapping[str, Any], start: Proposal | None) -> ResendOffer | None:
    """Returns the offer for the request that would be sent; None if there is none."""
    href = f"/exchanges/{entry['id']}/resend"
    if start is None or start.origin == "original":
        return ResendOffer(href, corrected=False, sends=False) if start else None
    names = values_to_type(start.edited)
    if names:
        note = f"First type {join(names)}: the journal masks patient data and doesn’t keep bodies."
        return ResendOffer(href, corrected=True, sends=False, note=note)
    filled = list(describe_placeholders(kinds_in(start.edited)))
    if start.new_credentials:
        filled = [*dict.fromkeys((*filled, "a stand-in for the app’s credentials"))]
    sends = f"Sickbay sends it for you{', with ' + join(filled) if filled else ''}."
    writes = " This writes data." if start.edited.is_write else ""
    return ResendOffer(href, corrected=True, sends=True, note=f"{sends}{writes}")
