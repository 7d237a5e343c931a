"""Resources as labelled values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.fhir.readable.budget import PageBudget, html_bytes
from sickbay.fhir.readable.references import Target
from sickbay.fhir.readable.tree import DEEPEST, MARKUP_BYTES, ElementText, humanize_name, label_of, read_resource

LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=20)
NAMES = st.sampled_from(
    [
        "resourceType",
        "id",
        "text",
        "contained",
        "extension",
        "name",
        "valueQuantity",
        "subject",
        "_status",
        "url",
        "code",
        "coding",
        "meta",
        "x",
    ]
)
ANY_JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=40
)


def read(version: str, resource: dict[str, Any], limit: int = 60_000) -> list[tuple[str, str]]:
    text = read_resource(version, resource, ("http://b",), PageBudget(limit))
    return [(group.label, " | ".join(value.text for value in group.values)) for group in text.groups]


def test_each_element_stands_under_its_name_and_extensions_come_last() -> None:
    patient = {
        "resourceType": "Patient",
        "id": "p",
        "extension": [{"url": "http://x/us-core-race", "extension": [{"url": "text", "valueString": "White"}]}],
        "meta": {"versionId": "1"},
        "name": [{"family": "Peters"}, {"family": "Old"}],
        "birthDate": "1961-03-14",
        "_birthDate": {"extension": [{"url": "http://x/birthTime", "valueDateTime": "1961-03-14T10:00:00Z"}]},
        "deceasedBoolean": False,
        "unknownMember": {"a": 1},
    }
    assert read("r4", patient) == [
        ("Name", "Peters | Old"),
        ("Birth date", "14 Mar 1961"),
        ("Birth date", ""),
        ("Deceased", "no"),
        ("Unknown member", ""),
        ("us-core-race", ""),
    ]


@for_each(
    "version, path, key, label",
    [
        ("r4", "Observation", "valueQuantity", "Value"),
        ("r4", "Observation", "value", "Value"),
        ("r4", "Observation", "effectiveDateTime", "Effective"),
        ("r5", "MedicationRequest", "medication", "Medication"),
        ("dstu2", "MedicationOrder", "medicationReference", "Medication"),
        ("r4", "Patient", "birthDate", "Birth date"),
        ("r4", "Patient", "_birthDate", "Birth date"),
        ("r4", "", "whatEver", "What ever"),
    ],
)
def test_a_choice_has_its_bare_name(version: str, path: str, key: str, label: str) -> None:
    assert label_of(version, path, key) == label


def test_a_reference_and_a_contained_resource_have_their_targets() -> None:
    request = {
        "resourceType": "MedicationRequest",
        "medicationReference": {"reference": "#m"},
        "subject": {"reference": "http://b/Patient/1"},
        "requester": {"reference": "http://other/Practitioner/1"},
        "contained": [{"resourceType": "Medication", "id": "m", "code": {"text": "Aspirin"}}, {"contained": []}, "x"],
    }
    text = read_resource("r4", request, ("http://b",), PageBudget(60_000))
    targets = [group.values[0].target for group in text.groups]
    assert targets == [Target(contained="m"), Target("Patient", "1"), None]
    assert [inner.groups[0].values[0].text for inner in text.contained if inner.groups] == ["Aspirin"]


def _count(groups: Sequence[ElementText]) -> tuple[int, int]:
    """The bytes of all texts and their markup, and the levels."""
    size, levels = 0, 0
    for group in groups:
        size += html_bytes(group.label) + MARKUP_BYTES
        for value in group.values:
            inner, depth = _count(value.groups)
            size, levels = size + html_bytes(value.text + value.note) + MARKUP_BYTES + inner, max(levels, depth)
    return size, levels + 1


@given(st.sampled_from(("r4", "dstu2", "r5")), st.dictionaries(NAMES, ANY_JSON, max_size=8), st.integers(0, 3000))
def test_any_json_is_read_without_an_error_and_within_the_budget(version: str, members: dict[str, Any], limit: int) -> None:
    text = read_resource(version, {"resourceType": "Observation"} | members, ("http://b",), PageBudget(limit))
    size, levels = _count(text.groups)
    assert size <= limit + 4 * (2_040 * 6 + MARKUP_BYTES) + levels * MARKUP_BYTES
    assert levels <= DEEPEST + 2


def test_what_is_left_out_is_noted() -> None:
    large = {"resourceType": "Observation", "note": [{"text": "x" * 100}] * 100}
    assert read_resource("r4", large, (), PageBudget(1000)).is_cut
    assert not read_resource("r4", large, (), PageBudget(100_000)).is_cut


def test_a_name_in_camel_case_becomes_words() -> None:
    assert humanize_name("reasonReference") == "Reason reference"
    assert humanize_name("") == ""
