"""What is said of more resources than are looked at: no number is too small, no list is called complete, no value is missed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from tests.postgres import ENGINES
from tests.services.empty_searches.hidden_data import BASE, observation, patient, save_step
from tests.services.empty_searches.test_includes_and_values import query_of
from tests.storage.engines import open_engine
from tests.storage.making import limit_lists

from sickbay.diagnosis.rules.search.nothing_found import COUNTED, FUNCTIONS
from sickbay.fhir.visibility import EVERYTHING, Clause, Visibility
from sickbay.services.empty_searches.examine import Cause, examine_empty_search
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.sqlite.store import find_published_parameter

SPACE = ResourceSpace("general", "r4")
ROWS = 10_000_000
MORE_THAN_COUNTED = COUNTED + 40
PATIENTS = 8
SEEN, HIDDEN = [f"seen-{number}" for number in range(PATIENTS)], "hidden"
SOME_PATIENTS = Visibility((Clause("*", "rs", frozenset(SEEN)),))
VISIBILITIES = pytest.mark.parametrize("visibility", [EVERYTHING, SOME_PATIENTS], ids=["everything", "some patients"])


def resources() -> Iterator[dict[str, Any]]:
    """Many observations of one category, and after them a few of another, the last of them with values that no other has.

    As many of a hidden patient have what the visible ones don't.
    """
    for number, id in enumerate((*SEEN, HIDDEN)):
        yield patient(id, f"Family{id}", "1980-02-03", str(number))
    for number in range(MORE_THAN_COUNTED):
        yield observation(f"a{number}", SEEN[number % PATIENTS], "8867-4", "vital-signs", "2024-02-01", 70)
        yield observation(f"h{number}", HIDDEN, "8867-4", "imaging", "2024-02-01", 70, status="amended")
    for number in range(30):
        yield observation(f"b{number}", SEEN[number % PATIENTS], "2093-3", "laboratory", "2024-02-01", 5)
    method = {"coding": [{"system": "urn:m", "code": "palpation"}]}
    yield observation("last", SEEN[-1], "rare", "survey", "2024-02-01", 5, method=method)


@pytest.fixture(scope="module", params=ENGINES)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, Any]]:
    with asyncio.Runner() as runner:
        (store,) = runner.run(open_engine(request, tmp_path_factory.mktemp("many"), find=find_published_parameter))
        steps = [save_step(resource, SPACE) for resource in resources()]
        for start in range(0, len(steps), 500):
            runner.run(store.transaction(steps[start : start + 500]))
        yield runner, store
        runner.run(store.close())


@pytest.fixture(autouse=True)
def _sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hospital is as large for the limits as one with a million resources."""
    limit_lists(monkeypatch, COUNTED)


def explain(opened: tuple[asyncio.Runner, Any], search: str, visibility: Visibility) -> Cause:
    runner, store = opened
    query = query_of("Observation", search)
    answer = runner.run(
        store.probe(SPACE, visibility, lambda probe: examine_empty_search(probe, query, BASE, visibility), ROWS)
    )
    (cause,) = answer.causes
    return cause  # type: ignore[no-any-return]


def count(opened: tuple[asyncio.Runner, Any], search: str, visibility: Visibility) -> int:
    runner, store = opened
    return int(runner.run(store.count(SPACE, query_of("Observation", search), visibility)))


@VISIBILITIES
@pytest.mark.parametrize(
    ("search", "suggestion"),
    [
        ("category=lab", "category=laboratory"),
        ("category=Survey", "category=survey"),
        ("code=Rare", "code=rare"),
        ("code=urn:x|rare", "code=http://loinc.org|rare"),
        ("code=rare&category=laboratory", "code=2093-3"),
        ("status=Final", "status=final"),
        ("method=zq&category=survey", "method=palpation"),
    ],
)
def test_a_value_that_only_few_of_many_have_is_suggested(
    search: str, suggestion: str, visibility: Visibility, opened: tuple[asyncio.Runner, Any]
) -> None:
    _, facts = explain(opened, search, visibility)
    assert facts["suggestion"] == suggestion
    rest = [part for part in search.split("&") if part.partition("=")[0] != suggestion.partition("=")[0]]
    assert facts["finds"] == min(COUNTED, count(opened, "&".join([suggestion, *rest]), visibility)) > 0


@VISIBILITIES
@pytest.mark.parametrize(
    "search", ["category=lab", "status=zq", "code=zq", "category=survey&code=8867-4", "subject=Group/seen-0"]
)
def test_each_number_is_that_of_all_and_the_list_is_not_called_complete(
    search: str, visibility: Visibility, opened: tuple[asyncio.Runner, Any]
) -> None:
    rule, facts = explain(opened, search, visibility)
    rest = [part for part in search.split("&") if part.partition("=")[0] != facts["parameter"]]
    assert facts["partial"] or len(rest) == 1
    for value, number in facts["occurring"]:
        found = count(opened, "&".join([f"{facts['parameter']}={value}", *rest]), visibility)
        assert number in (None, min(found, COUNTED)), value
    text = sentences(rule, facts)["values"]
    assert text.startswith(" Values that occur include " if facts["partial"] else " Values that occur: ")


def sentences(rule: str, facts: Any) -> Any:
    """What the texts of the rule are filled in with."""
    request = SimpleNamespace(parameters=SimpleNamespace(pairs=[(facts["parameter"], facts["received"])]))
    advises: Any = FUNCTIONS[rule]["advises"]
    return advises(request, SimpleNamespace(empty=((rule, facts),)))


@VISIBILITIES
def test_a_parameter_without_any_value_is_called_so_and_one_with_a_late_value_is_not(
    visibility: Visibility, opened: tuple[asyncio.Runner, Any]
) -> None:
    rule, facts = explain(opened, "data-absent-reason=zq", visibility)
    unused = " No Observation that the token may see has a value for `data-absent-reason`."
    assert sentences(rule, facts)["values"] == (unused if visibility is EVERYTHING else "")  # only a sample was looked at
    assert not explain(opened, "method=zq", visibility)[1]["unused"]


def test_a_value_outside_the_sample_is_suggested_only_if_everything_is_visible(opened: tuple[asyncio.Runner, Any]) -> None:
    """The index that leads to it also has what is hidden."""
    assert explain(opened, "method=palpate", EVERYTHING)[1]["suggestion"] == "method=palpation"
    facts = explain(opened, "method=palpate", SOME_PATIENTS)[1]
    assert (facts["suggestion"], facts["occurring"], facts["partial"]) == ("", [], True)
