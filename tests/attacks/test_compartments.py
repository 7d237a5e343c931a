"""Attack 18: one type whose rule was forgotten would show everybody's; the types are read from the definition."""

from __future__ import annotations

from typing import Any

import pytest
from tests.attacks.asking import Target
from tests.attacks.fixture import BASE, SPACE, Json, save

from sickbay.fhir.search.index import CROWDS, extract
from sickbay.fhir.search.parameters import compartment_types, find


def made(version: str, type: str, id: str, patient: str) -> Json | None:
    """A resource of this type that some parameter of its compartment puts into the patient's; None where none can."""
    for code in compartment_types(version)[type]:
        parameter = find(version, type, code)
        for path in parameter.expression.split("|") if parameter else ():
            steps = path.strip().removeprefix("(").partition(".where")[0].partition(" as ")[0].rstrip(")").split(".")[1:]
            value: Any = {"reference": f"Patient/{patient}"}
            for step in reversed(steps):
                value = {step: value}
            found = {"resourceType": type, "id": id, **(value if isinstance(value, dict) and steps else {})}
            if patient in extract(version, found, BASE).patients:
                return found
    return None


TYPES = sorted(set(compartment_types("r4")) - CROWDS - {"Patient"})


@pytest.mark.parametrize("type", TYPES)
def test_18_every_type_of_the_compartment_is_held_to_it(target: Target, type: str) -> None:
    mine, theirs = made("r4", type, "of-a", "A"), made("r4", type, "of-b", "B")
    assert mine, f"no rule puts a {type} into anybody's compartment"
    assert theirs
    store = target.desk.first.sandbox.runtime.store

    async def put(_: Any) -> None:
        await store.transaction([save(mine, space=SPACE), save(theirs, space=SPACE)])

    target.desk.do(put)
    found = target.found("TA", f"/{type}")
    assert f"{type}/of-a" in found
    assert f"{type}/of-b" not in found
    assert f"{type}/of-b" in target.found("TB", f"/{type}")
    assert target.ask("TA", f"/{type}/of-b").status_code == 404
