"""The response to a FHIR request without a valid token names the same problems as the page of its exchange."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.flows.flow import Flow
from tests.flows.shared_app import SharedApp, open_shared_app
from tests.laws import examples, for_each

PLACEHOLDERS = ("YOUR_TOKEN", "undefined", "null", "${ACCESS_TOKEN}", "<token>", "[object Object]", "xxxxxxxx")
TOKENS = (*PLACEHOLDERS, "Bearer", "a" * 43, "a", "", "with space", '"quoted"', "Bearer b1")
SCHEMES = ("Bearer ", "bearer  ", "Bearer: ", "Bearer Bearer ", "Bearer bearer: ", "Basic ", "")
JSON = {"accept": "application/json"}
PLACEHOLDER, PATH = "value-is-placeholder", "/general/r4/Patient"


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    with open_shared_app(tmp_path_factory.mktemp("agree"), patients=1) as opened:
        yield opened


async def name_problems(flow: Flow, header: str, query: str = "") -> tuple[list[str], list[str]]:
    """The problems that the response names, and those that the exchange names as errors."""
    answer = await flow.http.get(f"{PATH}?{query}", headers={"Authorization": header})
    assert (answer.status_code in (400, 401), "www-authenticate" in answer.headers) == (True, True)
    exchange = (await flow.http.get(f"/exchanges/{answer.headers['x-correlation-id']}", headers=JSON)).json()
    assert exchange["response"]["status"] == answer.status_code
    told = [issue["details"]["coding"][0]["code"] for issue in answer.json()["issue"] if issue["severity"] == "error"]
    return told, [finding["id"] for finding in exchange["findings"] if finding["severity"] == "error"]


@settings(max_examples=examples(500))
@given(st.sampled_from(SCHEMES), st.sampled_from(TOKENS), st.sampled_from(("", "access_token=b1", "name=" + "a" * 9000)))
def test_the_response_names_each_problem_that_the_page_names(
    shared_app: SharedApp, scheme: str, token: str, query: str
) -> None:
    told, shown = shared_app.do(lambda flow: name_problems(flow, f"{scheme}{token}".strip(), query))
    assert sorted(told) == sorted(shown)


@for_each("scheme, token", [(scheme, token) for scheme in SCHEMES for token in PLACEHOLDERS])
def test_a_placeholder_is_named_whatever_word_is_before_it(shared_app: SharedApp, scheme: str, token: str) -> None:
    told, shown = shared_app.do(lambda flow: name_problems(flow, f"{scheme}{token}"))
    assert PLACEHOLDER in told
    assert shown[0] == PLACEHOLDER


def test_the_word_bearer_is_no_token(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get(PATH, headers={"Authorization": "Bearer Bearer"})
        (issue,) = answer.json()["issue"]
        assert issue["details"]["text"] == "The access token is the word Bearer itself"

    shared_app.do(steps)
