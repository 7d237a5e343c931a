"""Values of FHIR datatypes as one line of text."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.fhir.readable.values import DESCRIBE, describe_codes, describe_value, name_system

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
MEMBERS = [
    "text",
    "coding",
    "given",
    "family",
    "line",
    "value",
    "unit",
    "code",
    "system",
    "start",
    "end",
    "low",
    "numerator",
    "reference",
    "identifier",
    "repeat",
    "event",
    "time",
    "authorReference",
    "size",
    "data",
    "concept",
    "valueCodeableConcept",
    "display",
]

DESCRIBED: list[tuple[str, Any, str]] = [
    ("HumanName", {"given": ["Timothy", "J."], "family": "Peters", "prefix": ["Mr"]}, "Mr Timothy J. Peters"),
    ("HumanName", {"family": ["van", "Dijk"]}, "van Dijk"),
    ("HumanName", {"text": "Timothy Peters"}, "Timothy Peters"),
    (
        "Address",
        {"line": ["1 Main St", "Apt 2"], "city": "Boston", "state": "MA", "postalCode": "02115"},
        "1 Main St, Apt 2, Boston, MA 02115",
    ),
    ("CodeableConcept", {"coding": [{"code": "a"}, {"display": "Asthma"}]}, "a"),
    ("CodeableConcept", {"text": "Asthma", "coding": [{"display": "other"}]}, "Asthma"),
    ("CodeableReference", {"concept": {"text": "Aspirin"}}, "Aspirin"),
    ("CodeableReference", {"reference": {"reference": "Medication/1"}}, "Medication/1"),
    ("Coding", {"code": "male"}, "male"),
    ("Quantity", {"value": 7.4, "unit": "%"}, "7.4%"),
    ("Quantity", {"value": 120, "unit": "mmHg", "comparator": "<"}, "<120 mmHg"),
    ("Quantity", {"unit": "mg"}, "mg"),
    ("Money", {"value": 10, "currency": "USD"}, "10 USD"),
    ("Range", {"low": {"value": 1, "unit": "m"}, "high": {"value": 2, "unit": "m"}}, "1 m to 2 m"),
    ("Range", {"high": {"value": 2}}, "at most 2"),
    ("Range", {}, ""),
    ("Ratio", {"numerator": {"value": 1, "unit": "mg"}, "denominator": {"value": 2, "unit": "mL"}}, "1 mg per 2 mL"),
    ("Period", {"start": "2026-01-01", "end": "2026-01-31"}, "1 Jan 2026 to 31 Jan 2026"),
    ("Period", {"end": "2026"}, "until 2026"),
    ("Reference", {"reference": "Patient/1", "display": "Timothy Peters"}, "Timothy Peters"),
    ("Reference", {"identifier": {"value": "4002"}}, "4002"),
    ("Identifier", {"system": "urn:x"}, "urn:x"),
    ("ContactPoint", {"value": "555"}, "555"),
    ("Attachment", {"contentType": "image/png", "data": "AAAA" * 1000}, "image/png, 3 KB"),
    ("Attachment", {"title": "Scan", "contentType": "image/png", "size": 2_000_000}, "Scan, image/png, 2.0 MB"),
    ("Annotation", {"text": "Well.", "authorString": "Ann", "time": "2026-01-01"}, "Well. (Ann, 1 Jan 2026)"),
    ("Timing", {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}, "2 times every 1 d"),
    ("Timing", {"repeat": {"period": 8, "periodUnit": "h"}}, "1 time every 8 h"),
    ("Timing", {"code": {"text": "BID"}}, "BID"),
    ("Timing", {"event": ["2026-01-01", "2026-01-02"]}, "1 Jan 2026, 2 Jan 2026"),
    ("UsageContext", {"code": {"code": "age"}, "valueCodeableConcept": {"text": "adult"}}, "age: adult"),
    ("boolean", True, "yes"),
    ("date", "1969-03-12", "12 Mar 1969"),
    ("string", "1969-03-12", "1969-03-12"),
    ("Dosage", {"text": "a"}, ""),
]


@for_each("type, value, text", DESCRIBED)
def test_a_value_is_described_in_one_line(type: str, value: Any, text: str) -> None:
    assert describe_value(type, value) == text


@for_each(
    "type, value, codes",
    [
        ("CodeableConcept", {"coding": [{"system": "http://snomed.info/sct", "code": "1"}, {"code": "2"}]}, "SNOMED CT 1, 2"),
        ("CodeableConcept", {"coding": [{"code": str(number)} for number in range(10)]}, "0, 1, 2, 3, 4, 5, 6, 7, 2 more"),
        ("Coding", {"system": "http://loinc.org", "code": "8867-4"}, "LOINC 8867-4"),
        ("CodeableReference", {"concept": {"coding": [{"code": "x"}]}}, "x"),
        ("Identifier", {"type": {"text": "MRN"}, "system": "urn:x"}, "MRN, urn:x"),
        ("ContactPoint", {"system": "phone", "use": "home"}, "phone, home"),
        ("HumanName", {"use": "official"}, "official"),
        ("Reference", {"reference": "Patient/1", "display": "Ann"}, "Patient/1"),
        ("Reference", {"reference": "Patient/1"}, ""),
        ("Attachment", {"url": "Binary/1"}, "Binary/1"),
        ("string", "x", ""),
    ],
)
def test_codes_and_other_details_are_named_next_to_the_text(type: str, value: Any, codes: str) -> None:
    assert describe_codes(type, value) == codes


@given(st.sampled_from(sorted(DESCRIBE)), st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=4) | JSON)
def test_any_json_is_described_without_an_error(type: str, value: Any) -> None:
    assert isinstance(describe_value(type, value), str)
    assert isinstance(describe_codes(type, value), str)


def test_an_unknown_system_is_named_by_its_url_and_one_of_hl7_by_its_last_part() -> None:
    assert name_system("http://x.example/a/b") == "http://x.example/a/b"
    assert name_system("http://terminology.hl7.org/CodeSystem/v3-ActCode") == "v3-ActCode"
