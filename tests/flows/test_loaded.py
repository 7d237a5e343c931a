"""Loaded resources can be read, changed and written back although they contain conditional references."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.writing import TokenClient, hand, observation, rules

from sickbay.fhir.loading import ParsedResource, prepare_resource
from sickbay.services.loading import Loading

SEARCH = {"reference": "Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|9999999999"}
OTHER = {"reference": "Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|9999999998"}
LOADED = observation() | {"id": "loaded", "performer": [SEARCH]}
PATH = "/Observation/loaded"
KEPT = {"status": "amended"}


async def holder(flow: Flow) -> TokenClient:
    """A client with write access, after the Observation was loaded."""
    own = await hand(flow, "system/Observation.cruds")
    await own.ask("GET", "/Observation?_id=none")  # the hospital's own patients come first
    loading = Loading(flow.sandbox.runtime, flow.sandbox.runtime.tenants["general"], "r4", "files")
    await loading.store_batch(
        [prepare_resource("r4", ParsedResource("", "Observation", "loaded", json.dumps(LOADED).encode(), LOADED), BASE)]
    )
    await loading.finish()
    return own


def patch(**more: Any) -> list[dict[str, Any]]:
    return [{"op": "add", "path": f"/{key}", "value": value} for key, value in more.items()]


def test_a_loaded_resource_can_be_written_back_unchanged_or_changed(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await holder(flow)
        read = (await own.ask("GET", PATH)).json()
        assert (await own.ask("PUT", PATH, read)).status_code == 200
        changed = await own.ask("PUT", PATH, read | KEPT)
        assert (changed.status_code, changed.json()["performer"]) == (200, [SEARCH])
        by_condition = await own.ask("PUT", "/Observation?_id=loaded", read)
        assert by_condition.status_code == 200
        entry = {"resource": read | KEPT, "request": {"method": "PUT", "url": PATH[1:]}}
        batch = await own.ask("POST", "", {"resourceType": "Bundle", "type": "batch", "entry": [entry]})
        assert batch.json()["entry"][0]["response"]["status"] == "200 OK"

    run(steps, tmp_path)


def test_a_patch_of_another_member_works(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await holder(flow)
        kind = {"Content_Type": "application/json-patch+json"}
        changed = await own.ask("PATCH", PATH, patch(**KEPT), **kind)
        assert (changed.status_code, changed.json()["performer"]) == (200, [SEARCH])
        more = await own.ask("PATCH", PATH, patch(performer=[OTHER]), **kind)
        assert (more.status_code, rules(more)) == (422, {"fhir-resource-invalid"})

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", PATH, LOADED | {"performer": [SEARCH, OTHER]}),
        ("PUT", PATH, LOADED | {"status": "nonsense"}),
        ("PUT", "/Observation/new", LOADED | {"id": "new"}),
        ("PUT", "/Observation?_id=new", {key: item for key, item in LOADED.items() if key != "id"}),
        ("PUT", "/Observation?_id=new", LOADED | {"id": "new"}),
        ("POST", "/Observation", LOADED),
    ],
)
def test_a_new_conditional_reference_is_refused(tmp_path: Path, method: str, path: str, body: dict[str, Any]) -> None:
    async def steps(flow: Flow) -> None:
        own = await holder(flow)
        answer = await own.ask(method, path, body)
        assert (answer.status_code, rules(answer)) == (422, {"fhir-resource-invalid"})
        assert (await flow.findings(answer))["fhir-resource-invalid"] == "error"
        assert (await own.ask("GET", PATH)).json() == LOADED

    run(steps, tmp_path, patients=1)


def test_a_deleted_resource_permits_no_conditional_reference(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await holder(flow)
        assert (await own.ask("DELETE", PATH)).status_code == 204
        assert (await own.ask("PUT", PATH, LOADED)).status_code == 422

    run(steps, tmp_path, patients=1)


def test_a_resource_with_many_conditional_references_is_still_validated(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await holder(flow)
        many = LOADED | {"performer": [SEARCH] * 120}
        assert (await own.ask("PUT", PATH, many)).status_code == 200
        wrong = await own.ask("PUT", PATH, many | {"valueQuantity": {"value": "x"}})
        assert (wrong.status_code, rules(wrong)) == (422, {"fhir-resource-invalid"})

    run(steps, tmp_path, patients=1)
