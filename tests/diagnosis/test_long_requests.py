"""Of a long live request only the refusals are explained, with their facts cut, so that explaining stops soon."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from tests.abuse.counted_steps import counting

from sickbay.diagnosis.case import list_paths, load
from sickbay.diagnosis.catalogue import BY_ID, INDEX
from sickbay.diagnosis.explain import EXPLAINED, LISTED, QUOTED, explain, shorten_facts, size_of
from sickbay.diagnosis.kinds import KINDS
from sickbay.protocol.parameters import Parameters

STEPS = 20_000


def _cases() -> list[Any]:
    """Each case of the catalogue whose request has parameters."""
    cases = []
    for name, path in list_paths().items():
        kind = KINDS.get(load(path).refused.get("kind", ""))
        if kind is not None and kind.own_checks is None:
            request = kind.request(load(path).refused)
            if isinstance(getattr(request, "parameters", None), Parameters):
                cases.append(pytest.param(kind, request, kind.context(load(path).refused, request), id=name))
    return cases


@pytest.mark.parametrize(("kind", "request_", "context"), _cases())
def test_only_the_refusals_of_a_long_request_are_explained_and_in_few_steps(kind: Any, request_: Any, context: Any) -> None:
    examination = kind.examine(request_, context)
    whole = explain(INDEX, kind.stage.name, request_, context, examination, live=True)
    filler = "&".join(f"other{number}={'a' * 40}" for number in range(1_000))
    long = structs.replace(request_, parameters=Parameters(request_.parameters.pairs, f"{request_.parameters.raw}&{filler}"))
    with counting() as steps:
        explained = explain(INDEX, kind.stage.name, long, context, examination, live=True)
    names = {refusal.name for refusal in (*examination.refusals, *examination.relaxed)}
    assert {BY_ID[finding.id].explains for finding in explained.findings} == names
    assert {finding.id for finding in explained.findings} <= {finding.id for finding in whole.findings}
    assert explained.corrected is None
    assert steps.count <= STEPS


def test_long_facts_are_cut_and_say_so() -> None:
    facts = shorten_facts(
        {"received": "a" * 10_000, "names": [f"n{number}" for number in range(5_000)], "late": 3, "none": None}
    )
    assert facts["received"] == "a" * QUOTED + "…"
    assert facts["names"] == [*(f"n{number}" for number in range(LISTED)), f"(and {5_000 - LISTED:,} more)"]
    assert (facts["late"], facts["none"]) == (3, None)


@pytest.mark.parametrize("value", ["a" * QUOTED, ["a"] * LISTED, ("a", "b"), 5, None, {"a": "b"}])
def test_usual_facts_are_unchanged(value: Any) -> None:
    assert shorten_facts({"name": value}) == {"name": value}


def test_the_size_of_a_request_is_that_of_its_url_and_form() -> None:
    assert size_of(object()) == 0
    assert EXPLAINED > 8_000
