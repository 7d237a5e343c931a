"""A Task or a card's link requests a launch, or a sentence says why it requests none."""

from __future__ import annotations

from typing import Any

import pytest

from sickbay.authorization.launch.task import LaunchTaskRequest, app_of, request_of_link, request_of_task
from sickbay.authorization.models import Client

APP = "https://app.example.org/launch"


def make_concept(code: Any) -> dict[str, Any]:
    return {"coding": [None, {"system": "x"}, {"code": code}]}


def task(**changed: Any) -> dict[str, Any]:
    members = {
        "code": make_concept("launch-app-ehr"),
        "input": [
            None,
            {"type": make_concept("smartonfhir-application"), "valueUrl": APP},
            {"type": make_concept("smartonfhir-appcontext"), "valueString": "{}"},
        ],
        "for": {"reference": "https://ehr.example.org/r4/Patient/p-1"},
        "encounter": {"reference": "Encounter/e-1"},
    } | changed
    return {name: value for name, value in members.items() if value is not None}


def test_a_task_names_app_context_patient_and_encounter() -> None:
    assert request_of_task(task()) == LaunchTaskRequest(APP, "{}", "p-1", "e-1", standalone=False)
    assert request_of_task(task(code=make_concept("launch-app-standalone"))) == LaunchTaskRequest(
        APP, "{}", "p-1", "e-1", standalone=True
    )


def test_other_codings_become_the_intent_and_fhir_context_has_task_and_focus() -> None:
    two_codings = {"coding": [{"code": "launch-app-ehr"}, {"system": "x"}, {"code": "phq-9"}]}
    request = request_of_task(task(code=two_codings, id="t-1", focus={"reference": "Condition/c-1"}))
    assert isinstance(request, LaunchTaskRequest)
    assert request.context() == {
        "appContext": "{}",
        "intent": "phq-9",
        "fhirContext": [{"reference": "Task/t-1"}, {"reference": "Condition/c-1"}],
    }
    assert LaunchTaskRequest(APP).context() == {}
    older = request_of_task(task(encounter=None, context={"reference": "Encounter/e-2"}))
    assert isinstance(older, LaunchTaskRequest)
    assert older.encounter == "e-2"


@pytest.mark.parametrize("focus", ["Patient/p-1", "Encounter/e-1", "https://ehr.example.org/Condition/c", "", None, 5])
def test_an_invalid_focus_is_left_out_of_fhir_context(focus: Any) -> None:
    for about in ({"reference": focus}, focus):
        request = request_of_task(task(id="t-1", focus=about))
        assert isinstance(request, LaunchTaskRequest)
        assert request.about == ({"reference": "Task/t-1"},)


@pytest.mark.parametrize("member", ["valueUrl", "valueUri"])
def test_a_task_needs_only_its_app(member: str) -> None:
    only_app = [{"type": make_concept("smartonfhir-application"), member: APP}]
    small_task = task(input=only_app, encounter=None, **{"for": None})
    assert request_of_task(small_task) == LaunchTaskRequest(APP)


@pytest.mark.parametrize("reference", [{"reference": "Group/g"}, {"reference": "p-1"}, {"reference": 5}, "Patient/p", {}, None])
def test_a_reference_that_is_not_a_patient_is_ignored(reference: Any) -> None:
    request = request_of_task(task(**{"for": reference}))
    assert isinstance(request, LaunchTaskRequest)
    assert request.patient is None


@pytest.mark.parametrize(
    "code", [None, {}, "launch-app-ehr", make_concept("other"), {"coding": 5}, {"coding": "x"}, {"coding": [5]}]
)
def test_a_task_with_another_code_requests_no_launch(code: Any) -> None:
    assert request_of_task(task(code=code)) == "Task.code has neither launch-app-ehr nor launch-app-standalone"


@pytest.mark.parametrize(
    "input",
    [
        None,
        5,
        "x",
        {},
        [],
        [5],
        [{"type": make_concept("other"), "valueUrl": APP}],
        [{"type": make_concept("smartonfhir-application")}],
    ],
)
def test_a_task_without_an_app_requests_no_launch(input: Any) -> None:
    assert request_of_task(task(input=input)) == "Task.input has no smartonfhir-application with a valueUrl"


def test_the_link_of_a_card_names_app_and_context() -> None:
    assert request_of_link({"type": "smart", "url": APP, "appContext": "{}"}) == LaunchTaskRequest(APP, "{}")
    assert request_of_link({"type": "smart", "url": APP}) == LaunchTaskRequest(APP)


@pytest.mark.parametrize("link", [{}, {"type": "absolute", "url": APP}])
def test_a_link_of_another_type_launches_nothing(link: dict[str, Any]) -> None:
    assert request_of_link(link) == "A link that launches an app must have the type smart"


@pytest.mark.parametrize("link", [{}, {"url": 5}, {"url": APP, "appContext": {}}])
def test_url_and_app_context_of_a_link_must_be_strings(link: dict[str, Any]) -> None:
    message = "A link must have a url, and its appContext must be a string"
    assert request_of_link({"type": "smart", **link}) == message


def test_the_app_is_found_by_launch_url_with_or_without_query() -> None:
    plain, with_query = Client("a", launch_uri=APP), Client("b", launch_uri=APP + "?x=1")
    other = Client("c", launch_uri="https://other.example.org/launch")
    clients = [other, plain, with_query, Client("d")]
    assert app_of(LaunchTaskRequest(APP + "?x=1"), clients) == with_query
    assert app_of(LaunchTaskRequest(APP), clients) == plain
    assert app_of(LaunchTaskRequest(APP + "?y=2"), clients) == plain
    assert app_of(LaunchTaskRequest("https://nobody.example.org/launch"), clients) is None


def test_of_several_apps_with_the_same_launch_url_the_version_decides() -> None:
    r4, dstu2 = Client("a", launch_uri=APP), Client("b", launch_uri=APP, fhir="dstu2")
    assert app_of(LaunchTaskRequest(APP), [r4, dstu2], "dstu2") == dstu2
    assert app_of(LaunchTaskRequest(APP), [dstu2, r4], "r4") == r4
    assert app_of(LaunchTaskRequest(APP), [r4, dstu2], "r5") == r4
    assert app_of(LaunchTaskRequest(APP), [dstu2, r4]) == dstu2


def test_only_the_sample_app_is_found_on_any_port() -> None:
    url = "http://localhost:7426/launch.html"
    sample = Client("s", launch_uri="https://127.0.0.1:9000/launch.html", sample=True)
    assert app_of(LaunchTaskRequest(url), [sample]) == sample
    assert app_of(LaunchTaskRequest(url), [Client("o", launch_uri="https://127.0.0.1:9000/launch.html")]) is None
    assert app_of(LaunchTaskRequest("http://localhost:7426/other.html"), [sample]) is None
    assert app_of(LaunchTaskRequest("https://app.example.org/launch.html"), [sample]) is None
    assert app_of(LaunchTaskRequest("https://app.example.org/x"), [Client("s", launch_uri=None, sample=True)]) is None
