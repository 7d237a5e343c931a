"""A Task or the link of a card asks for a launch, or a sentence says why it asks for none."""

from __future__ import annotations

from typing import Any

import pytest

from sickbay.authorization.launch_task import LaunchTaskRequest, app_of, of_link, of_task
from sickbay.authorization.models import Client

APP = "https://app.example.org/launch"


def coded(code: Any) -> dict[str, Any]:
    return {"coding": [None, {"system": "x"}, {"code": code}]}


def task(**changed: Any) -> dict[str, Any]:
    whole = {
        "code": coded("launch-app-ehr"),
        "input": [
            None,
            {"type": coded("smartonfhir-application"), "valueUrl": APP},
            {"type": coded("smartonfhir-appcontext"), "valueString": "{}"},
        ],
        "for": {"reference": "https://ehr.example.org/r4/Patient/p-1"},
        "encounter": {"reference": "Encounter/e-1"},
    } | changed
    return {name: value for name, value in whole.items() if value is not None}


def test_a_task_names_app_context_patient_and_visit() -> None:
    assert of_task(task()) == LaunchTaskRequest(APP, "{}", "p-1", "e-1", standalone=False)
    assert of_task(task(code=coded("launch-app-standalone"))) == LaunchTaskRequest(APP, "{}", "p-1", "e-1", standalone=True)


def test_what_else_the_code_says_is_the_intent_and_the_task_is_told_with_what_it_is_about() -> None:
    named = {"coding": [{"code": "launch-app-ehr"}, {"system": "x"}, {"code": "phq-9"}]}
    whole = of_task(task(code=named, id="t-1", focus={"reference": "Condition/c-1"}))
    assert isinstance(whole, LaunchTaskRequest)
    assert whole.context() == {
        "appContext": "{}",
        "intent": "phq-9",
        "fhirContext": [{"reference": "Task/t-1"}, {"reference": "Condition/c-1"}],
    }
    assert LaunchTaskRequest(APP).context() == {}
    before = of_task(task(encounter=None, context={"reference": "Encounter/e-2"}))
    assert isinstance(before, LaunchTaskRequest)
    assert before.encounter == "e-2"


@pytest.mark.parametrize("focus", ["Patient/p-1", "Encounter/e-1", "https://ehr.example.org/Condition/c", "", None, 5])
def test_what_no_fhir_context_may_hold_is_left_out(focus: Any) -> None:
    for about in ({"reference": focus}, focus):
        wanted = of_task(task(id="t-1", focus=about))
        assert isinstance(wanted, LaunchTaskRequest)
        assert wanted.about == ({"reference": "Task/t-1"},)


@pytest.mark.parametrize("member", ["valueUrl", "valueUri"])
def test_a_task_need_not_say_more_than_its_app(member: str) -> None:
    alone = [{"type": coded("smartonfhir-application"), member: APP}]
    wanted = task(input=alone, encounter=None, **{"for": None})
    assert of_task(wanted) == LaunchTaskRequest(APP)


@pytest.mark.parametrize("reference", [{"reference": "Group/g"}, {"reference": "p-1"}, {"reference": 5}, "Patient/p", {}, None])
def test_who_is_no_patient_is_not_taken_for_one(reference: Any) -> None:
    asked = of_task(task(**{"for": reference}))
    assert isinstance(asked, LaunchTaskRequest)
    assert asked.patient is None


@pytest.mark.parametrize("code", [None, {}, "launch-app-ehr", coded("other"), {"coding": 5}, {"coding": "x"}, {"coding": [5]}])
def test_a_task_of_another_code_asks_for_no_launch(code: Any) -> None:
    assert of_task(task(code=code)) == "Task.code has neither launch-app-ehr nor launch-app-standalone"


@pytest.mark.parametrize(
    "input",
    [
        None,
        5,
        "x",
        {},
        [],
        [5],
        [{"type": coded("other"), "valueUrl": APP}],
        [{"type": coded("smartonfhir-application")}],
    ],
)
def test_a_task_without_an_app_asks_for_no_launch(input: Any) -> None:
    assert of_task(task(input=input)) == "Task.input has no smartonfhir-application with a valueUrl"


def test_the_link_of_a_card_names_app_and_context() -> None:
    assert of_link({"type": "smart", "url": APP, "appContext": "{}"}) == LaunchTaskRequest(APP, "{}")
    assert of_link({"type": "smart", "url": APP}) == LaunchTaskRequest(APP)


@pytest.mark.parametrize("link", [{}, {"type": "absolute", "url": APP}])
def test_another_link_launches_nothing(link: dict[str, Any]) -> None:
    assert of_link(link) == "A link that launches an app must have the type smart"


@pytest.mark.parametrize("link", [{}, {"url": 5}, {"url": APP, "appContext": {}}])
def test_a_link_is_made_of_text(link: dict[str, Any]) -> None:
    told = "A link must have a url, and its appContext must be a string"
    assert of_link({"type": "smart", **link}) == told


def test_the_app_is_the_one_of_that_launch_url_or_of_its_path() -> None:
    plain, asking = Client("a", launch_uri=APP), Client("b", launch_uri=APP + "?x=1")
    other = Client("c", launch_uri="https://other.example.org/launch")
    every = [other, plain, asking, Client("d")]
    assert app_of(LaunchTaskRequest(APP + "?x=1"), every) == asking
    assert app_of(LaunchTaskRequest(APP), every) == plain
    assert app_of(LaunchTaskRequest(APP + "?y=2"), every) == plain
    assert app_of(LaunchTaskRequest("https://nobody.example.org/launch"), every) is None


def test_of_several_apps_of_one_launch_url_the_one_of_that_version_is_meant() -> None:
    r4, dstu2 = Client("a", launch_uri=APP), Client("b", launch_uri=APP, fhir="dstu2")
    assert app_of(LaunchTaskRequest(APP), [r4, dstu2], "dstu2") == dstu2
    assert app_of(LaunchTaskRequest(APP), [dstu2, r4], "r4") == r4
    assert app_of(LaunchTaskRequest(APP), [r4, dstu2], "r5") == r4
    assert app_of(LaunchTaskRequest(APP), [dstu2, r4]) == dstu2


def test_the_sample_app_is_known_on_whichever_port_it_is_served_and_no_other_is() -> None:
    there = "http://localhost:7426/launch.html"
    sample = Client("s", launch_uri="https://127.0.0.1:9000/launch.html", sample=True)
    assert app_of(LaunchTaskRequest(there), [sample]) == sample
    assert app_of(LaunchTaskRequest(there), [Client("o", launch_uri="https://127.0.0.1:9000/launch.html")]) is None
    assert app_of(LaunchTaskRequest("http://localhost:7426/other.html"), [sample]) is None
    assert app_of(LaunchTaskRequest("https://app.example.org/launch.html"), [sample]) is None
    assert app_of(LaunchTaskRequest("https://app.example.org/x"), [Client("s", launch_uri=None, sample=True)]) is None
