"""Two launches of an app: which of their requests belong together, and the sentence that names the first difference."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.services import launch_comparison
from sickbay.services.launch_comparison import align_steps, compare_launches, describe_first_difference, find_first_difference

BASE = "http://localhost:7425"
ASKED = {
    "client_id": "a",
    "redirect_uri": "http://localhost:8100/callback",
    "scope": "launch openid",
    "state": "x1",
    "aud": f"{BASE}/general/r4",
}


def exchange(stage: str, path: str, status: int = 200, **more: Any) -> dict[str, Any]:
    request = {"method": more.pop("method", "GET"), "url": f"{BASE}{path}", "headers": more.pop("headers", {})} | more.pop(
        "request", {}
    )
    return {"id": stage, "stage": stage, "request": request, "response": {"status": status}, "findings": [], **more}


def authorize(status: int = 302, **more: str | None) -> dict[str, Any]:
    parameters = {name: value for name, value in (ASKED | more).items() if value is not None}
    query = "&".join(f"{name}={value.replace(' ', '+')}" for name, value in parameters.items())
    return exchange("authorize", f"/general/oauth/authorize?{query}", status)


def token(status: int = 200, **more: Any) -> dict[str, Any]:
    request = {"method": "POST", "body": "grant_type=authorization_code&code=abcd…(43)"}
    return exchange("token", "/general/oauth/token", status, request=request, **more)


def read(path: str = "Patient/p-0001", status: int = 200, **more: Any) -> dict[str, Any]:
    return exchange("access", f"/general/r4/{path}", status, **more)


def differ(here: list[dict[str, Any]], there: list[dict[str, Any]], *patients: str) -> str:
    steps = compare_launches(here, there, patients or ("", ""))  # type: ignore[arg-type]
    return describe_first_difference(steps, patients or ("", ""))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"redirect_uri": "http://localhost:8100/callback/"},
            f"`redirect_uri` is `{ASKED['redirect_uri']}/` here and `{ASKED['redirect_uri']}` in the other launch.",
        ),
        ({"scope": "launch"}, "`scope` lacks `openid`."),
        ({"scope": "launch openid fhirUser"}, "`scope` has `fhirUser`, which the other launch doesn’t have."),
        ({"scope": "openid launch"}, "`scope` is `openid launch` here and `launch openid` in the other launch."),
        ({"aud": None}, f"`aud` is missing. In the other launch, it is `{BASE}/general/r4`."),
        ({"prompt": "none"}, "only this launch has `prompt`: `none`."),
        ({"aud": ""}, f"`aud` is empty here and `{BASE}/general/r4` in the other launch."),
    ],
)
def test_the_sentence_names_the_first_parameter_that_differs(changed: dict[str, str | None], sentence: str) -> None:
    here, there = [read("metadata"), authorize(400, **changed)], [read("metadata"), authorize(), token(), read()]
    assert differ(here, there) == f"The first difference is in the authorization request (step 2): {sentence}"


def test_values_that_are_new_in_each_launch_are_no_difference() -> None:
    assert differ([authorize(state="one")], [authorize(state="two")]) == "The 1 recorded request of both launches is the same."
    lost = describe_first_difference(compare_launches([authorize(state=None)], [authorize()]))
    assert lost.endswith("`state` is missing. In the other launch, it is `x1`.")


def test_a_code_in_a_search_is_not_the_code_of_a_launch() -> None:
    assert "`code` is `1` here" in differ([read("Observation?code=1")], [read("Observation?code=2")])


def test_a_step_that_only_one_launch_has_is_named_with_its_number() -> None:
    assert differ([authorize()], [authorize(), token()]) == (
        "The first difference: this launch lacks the token request that is step 2 of the other one."
    )
    assert differ([authorize(), token()], [authorize()]) == (
        "The first difference: step 2 of this launch, the token request, isn’t in the other one."
    )
    assert "the FHIR request" in differ([authorize(), read()], [authorize()])


def test_a_missing_step_that_only_probably_belongs_to_a_launch_is_named_last() -> None:
    guessed = exchange("discovery", "/general/r4/.well-known/smart-configuration", evidence="origin")
    here, there = [guessed, authorize(prompt="none")], [authorize()]
    assert "`prompt`" in differ(here, there)
    assert "(step 2, step 1 of the other launch)" in differ(here, there)
    assert "discovery" in differ([guessed, authorize()], there)


def test_only_the_response_may_differ() -> None:
    refusal = [{"id": "x", "severity": "error", "title": "The code has expired"}]
    said = differ([token(400, findings=refusal)], [token()])
    assert said.endswith(
        "the recorded parts of the requests are the same, but the status is 400 here and 200 in the other launch "
        "(The code has expired)."
    )
    granted = [{"asked": "openid", "granted": "openid"}, {"asked": "launch", "granted": ""}]
    assert "the granted scope lacks `launch`" in differ(
        [token(scopes=granted)], [token(scopes=[*granted, {"granted": "launch"}])]
    )
    assert "injected fault" in differ([token(injected={"fault": "f", "kind": "delay"})], [token()])


def test_the_patient_of_each_launch_is_no_difference() -> None:
    here, there = [read("Patient/p-1"), read("Observation?patient=p-1")], [read("Patient/p-2"), read("Observation?patient=p-2")]
    assert differ(here, there, "p-1", "p-2") == "The 2 recorded requests of both launches are the same, for different patients."
    assert "FHIR request (step 1): " in differ(here, there)


def test_equal_masks_are_not_called_equal() -> None:
    (step,) = compare_launches([read("Patient?name=‹5 characters›")], [read("Patient?name=‹5 characters›")])
    assert [value.agreement for value in step.values if value.name == "name"] == ["masked"]
    assert find_first_difference(compare_launches([read("Patient?name=‹5 characters›")], [read("Patient?name=‹6 characters›")]))


def test_a_name_that_is_not_recorded_is_described_in_words() -> None:
    said = differ([authorize(302, **{"‹name of 4 characters›": "‹9 characters›"})], [authorize()])
    assert said.endswith("only this launch has a parameter whose name isn’t recorded (4 characters): `‹9 characters›`.")


def test_a_long_value_is_quoted_around_its_first_difference() -> None:
    long = "s" * 500
    said = differ([authorize(login_hint=f"{long}a{long}")], [authorize(login_hint=f"{long}b{long}")])
    assert "`…ssssssssssssssssssssas" in said
    assert len(said) < 400


keys = st.lists(
    st.tuples(st.sampled_from(["authorize", "token", "access"]), st.just("GET"), st.sampled_from("abc")), max_size=12
)


@given(keys, keys)
def test_each_request_of_both_launches_is_in_one_step_and_in_order(here: Any, there: Any) -> None:
    pairs = list(align_steps(here, there))
    assert [left for left, _ in pairs if left is not None] == [*range(len(here))]
    assert [right for _, right in pairs if right is not None] == [*range(len(there))]
    assert all(here[left][0] == there[right][0] for left, right in pairs if left is not None and right is not None)


@given(keys)
def test_a_launch_is_the_same_as_itself(here: Any) -> None:
    assert list(align_steps(here, here)) == [(place, place) for place in range(len(here))]


exchanges = st.lists(
    st.builds(
        lambda stage, path, status: exchange(stage, path, status),
        st.sampled_from(["authorize", "token", "access", "new"]),
        st.text(max_size=30).map("/{}".format),
        st.sampled_from([200, 404]),
    ),
    max_size=5,
)


@given(exchanges, exchanges)
def test_any_two_launches_have_a_sentence(here: list[dict[str, Any]], there: list[dict[str, Any]]) -> None:
    steps = compare_launches(here, there)
    assert describe_first_difference(steps).startswith("The ")
    assert (find_first_difference(steps) is None) == all(step.here and step.there and not step.differing for step in steps)
    assert launch_comparison.describe_first_difference(compare_launches(here, here)).endswith("the same.")
