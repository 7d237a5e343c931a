"""An app's launch context depends on the SMART release that it is registered for."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.authorization import samples

from sickbay.authorization.launch import style as launch_style
from sickbay.authorization.launch.context import add_choices, fhir_context, find_problems, list_members

STUDY = {"reference": "ImagingStudy/i-1", "role": "https://example.org/roles/current"}
CANONICAL = {"canonical": "http://example.org/Questionnaire/q", "type": "Questionnaire"}
CONTEXT = {
    "need_patient_banner": False,
    "intent": "reconcile",
    "smart_style_url": "http://x/style.json",
    "appContext": "a",
    "tenant": "general",
    "fhirContext": [STUDY, CANONICAL, "Task/t-1"],
    "left_out": None,
}


def test_an_app_of_2_2_gets_all_members_and_references_as_objects() -> None:
    context = list_members(CONTEXT, samples.CLIENT)
    assert context["fhirContext"] == [STUDY, CANONICAL, {"reference": "Task/t-1"}]
    assert set(context) == set(CONTEXT) - {"left_out"}


def test_an_app_of_2_0_gets_only_references_as_strings() -> None:
    context = list_members(CONTEXT, structs.replace(samples.CLIENT, smart_release="2.0"))
    assert context["fhirContext"] == ["ImagingStudy/i-1", "Task/t-1"]


def test_an_app_of_1_0_gets_neither_tenant_nor_fhir_context() -> None:
    context = list_members(CONTEXT, structs.replace(samples.CLIENT, smart_version=1))
    assert set(context) == {"need_patient_banner", "intent", "smart_style_url", "appContext"}


def test_a_missing_fhir_context_is_not_added() -> None:
    assert "fhirContext" not in list_members({"intent": "x"}, samples.CLIENT)


@pytest.mark.parametrize(
    "item",
    [
        STUDY,
        CANONICAL,
        "Task/t-1",
        {"identifier": {"value": "1"}},
        {"reference": "Patient/p-2", "role": "http://x/mother"},
    ],
)
def test_an_item_that_smart_allows_has_no_fault(item: object) -> None:
    assert find_problems([item]) == []


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (7, "must be an object or a reference"),
        ({"type": "Task"}, "needs reference, canonical or identifier"),
        ({"reference": "Task/t", "role": ""}, "empty role"),
        ("http://elsewhere/Task/t", "must be relative"),
        ({"reference": 7}, "must be relative"),
        ("Patient/p-1", "names a Patient with the role launch"),
        ({"reference": "Encounter/e", "role": "launch"}, "names a Encounter"),
    ],
)
def test_an_item_that_smart_forbids_gets_a_message(item: object, message: str) -> None:
    assert [message in fault for fault in find_problems(["Task/t", item])] == [True]
    assert find_problems(["Task/t", item])[0].startswith("fhirContext[1]")


def test_a_string_counts_as_a_reference() -> None:
    assert fhir_context(["Task/t"]) == [{"reference": "Task/t"}]
    assert fhir_context([CANONICAL], "2.0") == []


def test_the_style_has_all_eleven_members_of_smart() -> None:
    assert len(launch_style.STYLE) == 11
    assert launch_style.PATH.startswith("/smart-style/")


def test_chosen_items_follow_those_of_the_launch() -> None:
    context = {"intent": "x", "fhirContext": [{"reference": "Task/1"}]}
    added = add_choices(context, [("ImagingStudy/2", "y"), ("Group/3", None)])
    assert added == {
        "intent": "x",
        "fhirContext": [
            {"reference": "Task/1"},
            {"reference": "ImagingStudy/2", "role": "y"},
            {"reference": "Group/3"},
        ],
    }
    assert add_choices(context, []) == context
    assert add_choices({}, [("Group/3", None)]) == {"fhirContext": [{"reference": "Group/3"}]}


def test_without_chosen_items_the_context_is_unchanged() -> None:
    assert add_choices({"intent": "x"}, []) == {"intent": "x"}
    assert add_choices({"fhirContext": [STUDY]}, []) == {"fhirContext": [STUDY]}
