"""Conditional delete: one match, or all matches if the hospital's policy allows it, never beyond the token's access."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run
from tests.flows.writing import hand, observation, rules

TWO = "patient/Observation.cruds patient/Patient.rs"
MARKED: dict[str, Any] = {"identifier": [{"system": "urn:d", "value": "1"}]}


@pytest.mark.parametrize("several", [False, True])
def test_several_matches_are_deleted_if_the_policy_allows_it(tmp_path: Path, several: bool) -> None:
    async def steps(flow: Flow) -> None:
        own, other = await hand(flow, TWO), await hand(flow, TWO, "p-0002")
        own_ids = [(await own.create(observation(**MARKED)))["id"] for _ in range(3)]
        other_id = (await other.create(observation("p-0002", **MARKED)))["id"]
        reader = await hand(flow, "patient/Observation.rs")
        assert (await reader.ask("DELETE", "/Observation?identifier=urn:d|1")).status_code == 403
        answer = await own.ask("DELETE", "/Observation?identifier=urn:d|1")
        if several:
            assert answer.status_code == 204
        else:
            assert (answer.status_code, rules(answer)) == (412, {"fhir-condition-ambiguous"})
        for id in own_ids:
            assert (await own.ask("GET", f"/Observation/{id}")).status_code == (410 if several else 200)
        assert (await other.ask("GET", f"/Observation/{other_id}")).status_code == 200
        assert (await own.ask("DELETE", "/Observation?identifier=urn:d|none")).status_code == 204
        assert (await own.ask("DELETE", "/Observation?bogus=1")).status_code == 400
        statement = (await flow.http.get("/general/r4/metadata")).json()["rest"][0]["resource"][0]["conditionalDelete"]
        assert statement == ("multiple" if several else "single")

    run(steps, tmp_path, policies={"general": {"multiple_deletes": several}})
