"""What may be kept of a FHIR search: its names, and values that reveal nothing about a patient."""

from __future__ import annotations

import re
from typing import Protocol

from sickbay.services.redaction import vocabulary as known
from sickbay.services.redaction.masking import describe_length

PERSONAL = frozenset(
    """
    name family given phonetic birthdate death-date address address-city address-country address-postalcode address-state
    address-use phone email telecom identifier _text _content _filter mothersMaidenName near value-string policy-id
    subject-identifier agent-name
    """.split()
)
"""Parameters that search for a person. No part of their values is kept."""
CODES = frozenset(
    """
    vital-signs laboratory social-history imaging survey exam procedure therapy activity encounter-diagnosis
    problem-list-item health-concern active recurrence relapse inactive remission resolved unconfirmed provisional
    differential confirmed refuted entered-in-error planned arrived triaged in-progress onleave finished cancelled unknown
    completed stopped on-hold draft suspended registered preliminary final amended corrected not-done aborted preparation
    order plan proposal routine urgent asap stat food medication environment biologic allergy intolerance assess-plan
    clinical-note male female other community outpatient inpatient discharge proposed booked pending fulfilled noshow
    checked-in waitlist current superseded true false AMB IMP EMER HH VR LAB RAD json xml count accurate none estimate
    data text summary html ttl only and or
    """.split()
)
"""Codes that are common in searches."""
FORMATS = re.compile(r"(?:application/|text/)?(?:fhir[+ ]?)?(?:json|xml|ndjson|html|turtle|plain)(?:[+ ]fhir)?", re.I)
_LOINC = re.compile(r"\d{1,5}-\d")
_SYSTEMS = (
    "http://loinc.org",
    "http://snomed.info/sct",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
    "http://hl7.org/fhir/sid/cvx",
    "http://hl7.org/fhir/sid/icd-10-cm",
    "http://unitsofmeasure.org",
)
_HL7 = re.compile(r"http://(?:terminology\.)?hl7\.org/[A-Za-z0-9./-]{1,80}")
_CODE = re.compile(r"\d{1,18}(?:-\d)?|[A-Z]\d\d(?:\.\w{1,4})?")
_MEASURE = re.compile(r"[a-z]{0,3}[-+]?[\d.,:TZ+/ -]{1,40}[a-z]{0,2}", re.A)
_CONTROLS = frozenset(("_count", "_offset", "_page", "_maxresults", "max", "count", "offset", "start", "end"))
_NAMES = frozenset(("_sort", "_include", "_revinclude", "_elements", "_type", "_has", "_contained", "_containedType"))
_CHOICES = frozenset(("_summary", "_total", "_pretty", "_format", "_outputFormat", "active", "mode"))


class ValueReader(Protocol):
    """Shows a value, or only its length if it may be secret. `safe_values.SafeValues` implements it."""

    def is_public(self, value: str) -> bool: ...

    def is_plain(self, text: str) -> bool: ...

    def redact_number(self, value: str) -> str: ...

    def redact_id(self, value: str) -> str: ...

    def redact_search_name(self, name: str) -> str: ...

    def redact_url(self, value: str, *, free: bool = True) -> str: ...


def redact_value(harmless: ValueReader, name: str, text: str) -> str:
    """Returns what is shown of the value of this parameter: the value itself if it is harmless."""
    if not text or harmless.is_public(text):
        return text
    own = name.rpartition(".")[2] if "." in name else name.split(":")[-1] if name.startswith("_has") else name
    own, _, modifier = own.partition(":")
    if own in ("birthdate", "death-date") and not modifier:
        return _replace_digits(text)
    if own in PERSONAL or modifier in ("identifier", "text", "contains", "exact", "of-type") or len(text) > 500:
        return describe_length(text)
    kinds = known.list_kinds().get(own, frozenset())
    if modifier == "missing":
        return text if text in ("true", "false") else describe_length(text)
    if own in _CONTROLS:
        return harmless.redact_number(text)
    if own in _NAMES:
        return text if all(_is_name(harmless, part) for part in text.split(",")) else describe_length(text)
    if own in _CHOICES:
        return text if text in CODES or FORMATS.fullmatch(text) else describe_length(text)
    if "reference" in kinds or own == "_id":
        return ",".join(_safe_reference(harmless, part) for part in text.split(","))
    if kinds & {"date", "number", "quantity"} or own in ("_since", "_until", "_at", "_lastUpdated"):
        return _replace_digits(text)
    if "token" in kinds or own in ("_tag", "_security", "_profile", "_language"):
        return ",".join(code if _is_code(harmless, code) else describe_length(code) for code in text.split(","))
    return describe_length(text)


def _is_name(harmless: ValueReader, text: str) -> bool:
    return (
        bool(text) and harmless.redact_search_name(text.removeprefix("-")) == text.removeprefix("-")
    ) or text in known.ELEMENTS


def _safe_reference(harmless: ValueReader, text: str) -> str:
    """A reference: Type/id, an id, or a URL on this server that ends with one."""
    base, slash, id = text.rpartition("/")
    home, _, type = base.rpartition("/")
    if slash and type not in known.TYPES:
        return harmless.redact_url(text, free=False)
    shown = harmless.redact_url(home + "/", free=False) if home else ""
    return f"{shown}{type}{slash}{harmless.redact_id(id)}"


def _replace_digits(text: str) -> str:
    """A date or number with its digits replaced by 9, which shows its format but not its value."""
    return re.sub(r"\d", "9", text) if _MEASURE.fullmatch(text) else describe_length(text)


def _is_code(harmless: ValueReader, text: str) -> bool:
    system, _bar, code = text.rpartition("|")
    is_known_system = not system or system in _SYSTEMS or _HL7.fullmatch(system) is not None
    pattern = _CODE if system in _SYSTEMS else _LOINC
    return is_known_system and (not code or code in CODES or pattern.fullmatch(code) is not None) and harmless.is_plain(text)
