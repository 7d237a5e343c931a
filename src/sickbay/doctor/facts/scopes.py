"""Facts about scopes, and about whether a text has to do with FHIR."""

from __future__ import annotations

import re

from sickbay.doctor.evidence import Evidence
from sickbay.doctor.facts.registry import Values, as_fact, fact


@fact
def requests_offline_access(evidence: Evidence) -> Values | None:
    """A requested scope is offline_access."""
    return as_fact("offline_access" in _scopes(evidence))


@fact
def requests_no_offline_access(evidence: Evidence) -> Values | None:
    """The text has an authorization request whose scope lacks offline_access and online_access."""
    return as_fact("authorize_url" in evidence.kinds and not {"offline_access", "online_access"} & {*_scopes(evidence)})


@fact
def requests_no_openid(evidence: Evidence) -> Values | None:
    """The text has an authorization request whose scope lacks openid."""
    return as_fact("authorize_url" in evidence.kinds and "openid" not in _scopes(evidence))


@fact
def scope_is_empty(evidence: Evidence) -> Values | None:
    """The parameter scope was sent without a value."""
    return as_fact("scope" in evidence.sent and not evidence.sent["scope"].strip())


@fact
def scope_has_commas(evidence: Evidence) -> Values | None:
    """Scopes are separated by commas."""
    named = _WITH_COMMA.search(evidence.text)
    scope = evidence.sent.get("scope", "") or (named["scope"] if named else "")
    return {"scope": scope} if "," in scope else None


_WITH_COMMA = re.compile(r"\bscope=(?P<scope>[\w/.*:-]{1,200},[\w/.*:,-]{1,1000})")


def _scopes(evidence: Evidence) -> list[str]:
    return re.split(r"[\s,+]+", evidence.sent.get("scope", ""))


_SCOPE = re.compile(r"\b(?:patient|user|system)/(?:[A-Z]\w{2,40}|\*)\.(?P<letters>read\b|write\b|\*|c?r?u?d?s?\b)")


@fact
def has_version_1_scopes(evidence: Evidence) -> Values | None:
    """The text has scopes of SMART version 1, such as patient/Patient.read."""
    return as_fact(any(match["letters"] in ("read", "write", "*") for match in _SCOPE.finditer(evidence.text)))


@fact
def has_version_2_scopes(evidence: Evidence) -> Values | None:
    """The text has scopes of SMART version 2, such as patient/Patient.rs."""
    return as_fact(any(match["letters"] not in ("read", "write", "*", "") for match in _SCOPE.finditer(evidence.text)))


@fact
def is_about_fhir(evidence: Evidence) -> Values | None:
    """The text has a FHIR request, or names FHIR."""
    return as_fact("fhir_request" in evidence.kinds or "fhir" in evidence.words or '"resourceType"' in evidence.text)


@fact
def is_operation_outcome(evidence: Evidence) -> Values | None:
    """The text has an OperationOutcome."""
    return as_fact("operationoutcome" in evidence.words or ("diagnostics" in evidence.words and "severity" in evidence.words))
