"""Search pages that have nothing, or less than was requested: noted for the journal, and kept so that they can be explained."""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization.models import AccessToken
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.rule import Finding
from sickbay.fhir.bundle import BundleEntry
from sickbay.fhir.outcome import Issue, make_outcome
from sickbay.fhir.search.query import Query
from sickbay.fhir.search.result_parameters import RESULTS
from sickbay.services import records
from sickbay.services.access import AccessResult
from sickbay.services.empty_searches.examine import Cause
from sickbay.services.empty_searches.explain import explain_in_response
from sickbay.services.empty_searches.memory import EmptySearch, holder_of
from sickbay.storage.answers import Page
from sickbay.web.fhir.context import FhirContext

INCLUDES = ("_include", "_revinclude")
EXAMINED_MATCHES = 250
"""Maximum number of matches on a page whose includes are explained from the data. Their ids are kept in memory."""


def cause_of(query: Query, page: Page) -> Cause:
    """Return the rule and facts that explain a page without reading further data."""
    if not page.matches and query.cursor is not None:
        return "fhir-page-short", {"type": query.type, "cause": "last"}
    if not page.matches:
        names = [name for name, _ in query.applied if name.partition(":")[0] not in RESULTS]
        return "fhir-search-empty", {"type": query.type, "names": names}
    if page.next is not None and len(page.matches) < query.count:
        return "fhir-page-short", {"type": query.type, "cause": "size"}
    name, text = next(((name, text) for name, text in query.applied if name.partition(":")[0] in INCLUDES), INCLUDES)
    return "fhir-include-adds-nothing", {"type": query.type, "parameter": name, "received": text, "cause": ""}


def access_with(access: AccessResult, cause: Cause) -> AccessResult:
    """Return the decision to record, with the cause of the page."""
    decision = access.decision
    context = structs.replace(decision.context, empty=(cause,))
    return structs.replace(access, decision=structs.replace(decision, context=context))


def search_of(context: FhirContext, request: AccessRequest, query: Query, page: Page) -> EmptySearch | None:
    """Return the search to keep for an explanation. None if the data need not be examined."""
    token = context.access.decision.context.token
    if not isinstance(token, AccessToken) or not query.type or query.cursor is not None or len(page.matches) > EXAMINED_MATCHES:
        return None
    bearer = request.headers.get("authorization", "").rpartition(" ")[2]
    return EmptySearch(
        "",
        context.runtime.effects.now(),
        context.space,
        context.base.url,
        structs.replace(query, ids=tuple(match.id for match in page.matches)) if page.matches else query,
        structs.replace(request, headers={}, body=""),
        context.visibility,
        holder_of(token),
        records.digest(bearer),
        bool(page.matches),
    )


async def outcome_of(context: FhirContext, search: EmptySearch, cause: Cause) -> list[BundleEntry]:
    """Return the explanation as an entry of the Bundle, where the hospital's policy adds it."""
    findings = await explain_in_response(context.runtime, search, cause)
    issues = [_issue_of_finding(finding) for finding in findings]
    return [BundleEntry("OperationOutcome", "", make_outcome(context.version, issues))] if issues else []


def _issue_of_finding(finding: Finding) -> Issue:
    severity = "warning" if finding.severity == "warning" else "information"
    text = f"{finding.title}. {finding.why} {finding.fix}"
    return Issue("informational", text, severity, finding.id, finding.title)  # type: ignore[arg-type]
