"""Patches over HTTP: FHIRPath Patch, merge patch, and values that are nested too deeply."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run
from tests.flows.writing import hand, observation, rules

ALL = "patient/Observation.cruds patient/Patient.rs"


def test_fhirpath_patch_and_merge_patch_are_supported(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        path = f"/Observation/{(await own.create(observation()))['id']}"
        parts = [
            {"name": "type", "valueCode": "replace"},
            {"name": "path", "valueString": "Observation.status"},
            {"name": "value", "valueCode": "amended"},
        ]
        body = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
        changed = await own.ask("PATCH", path, body)
        assert (changed.status_code, changed.json()["status"]) == (200, "amended")
        request = {"method": "PATCH", "url": path[1:]}
        parts[2]["valueCode"] = "corrected"
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": body, "request": request}]}
        assert (await own.ask("POST", "", bundle)).json()["entry"][0]["response"]["status"] == "200 OK"
        merged = await own.ask("PATCH", path, {"note": [{"text": "x"}]}, Content_Type="application/merge-patch+json")
        assert merged.json()["note"] == [{"text": "x"}]
        assert merged.json()["status"] == "corrected"
        assert merged.json()["meta"]["versionId"] == "4"
        away = await own.ask("PATCH", path, {"subject": {"reference": "Patient/p-0002"}}, Content_Type="application/json")
        assert (away.status_code, rules(away)) == (403, {"fhir-write-outside-scope"})

    run(steps, tmp_path)


@pytest.mark.parametrize("scopes", ["user/*.cruds", "user/*.u"])
def test_a_patch_that_nests_a_value_too_deeply_is_refused(scopes: str, tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    half: dict[str, Any] = {"url": "a", "valueString": "x"}
    for _ in range(60):
        half = {"url": "a", "extension": [half]}
    inside = "/extension/0" * 61

    async def steps(flow: Flow) -> None:
        own = await hand(flow, scopes)
        refused = [
            [{"op": "add", "path": "/x", "value": deep}],
            [
                {"op": "add", "path": "/extension", "value": [half]},
                {"op": "copy", "from": "/extension", "path": f"{inside}/extension"},
                {"op": "copy", "from": "/extension", "path": f"{inside}/extension"},
            ],
        ]
        for operations in refused:
            answer = await own.ask("PATCH", "/Patient/p-0001", operations, Content_Type="application/json-patch+json")
            assert answer.status_code in (400, 403, 422), answer.text
        answer = await own.ask("PATCH", "/Patient/p-0001", {"x": deep}, Content_Type="application/merge-patch+json")
        assert answer.status_code in (400, 403, 422), answer.text

    run(steps, tmp_path)
