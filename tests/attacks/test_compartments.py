"""Attack 18: no resource type of the patient compartment is forgotten. The types are read from the definition."""

from __future__ import annotations

from typing import Any

import pytest
from tests.attacks.asking import Target
from tests.attacks.fixture import BASE, SPACE, Json, save

from sickbay.fhir.search.index import CROWDS, extract_entries
from sickbay.fhir.search.parameters import compartment_types, find


def member_of(version: str, type: str, id: str, patient: str) -> Json | None:
    """A resource of this type that is in the patient's compartment by one of its parameters; None if there is none."""
    for code in compartment_types(version)[type]:
        parameter = find(version, type, code)
        for path in parameter.expression.split("|") if parameter else ():
            steps = path.strip().removeprefix("(").partition(".where")[0].partition(" as ")[0].rstrip(")").split(".")[1:]
            value: Any = {"reference": f"Patient/{patient}"}
            for step in reversed(steps):
                value = {step: value}
            candidate = {"resourceType": type, "id": id, **(value if isinstance(value, dict) and steps else {})}
            if patient in extract_entries(version, candidate, BASE).patients:
                return candidate
    return None


TYPES = sorted(set(compartment_types("r4")) - CROWDS - {"Patient"})


@pytest.mark.parametrize("type", TYPES)
def test_18_every_type_is_limited_to_its_compartment(target: Target, type: str) -> None:
    own, foreign = member_of("r4", type, "of-a", "A"), member_of("r4", type, "of-b", "B")
    assert own, f"no rule puts a {type} into anybody's compartment"
    assert foreign
    store = target.desk.first.sandbox.runtime.store

    async def put(_: Any) -> None:
        await store.transaction([save(own, space=SPACE), save(foreign, space=SPACE)])

    target.desk.do(put)
    visible = target.find("TA", f"/{type}")
    assert f"{type}/of-a" in visible
    assert f"{type}/of-b" not in visible
    assert f"{type}/of-b" in target.find("TB", f"/{type}")
    assert target.ask("TA", f"/{type}/of-b").status_code == 404
