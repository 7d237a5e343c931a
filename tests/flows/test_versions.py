"""Every version of FHIR by HTTP: the same patients under the same ids, each seen by whoever may, and by nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run
from tests.flows.writing import Hand, hand, rules

from sickbay.fhir.versions import VERSIONS


async def own(flow: Flow, version: str, scope: str = "patient/*.cruds") -> Hand:
    found = await hand(flow, scope, fhir=version)
    found.base = f"/general/{version}"
    own_type = VERSIONS[version].json
    found.headers |= {"Accept": own_type, "Content-Type": own_type}
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_a_patient_and_its_record_are_read_searched_and_written_and_nobody_elses(version: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        mine = await own(flow, version)
        patient = await mine.ask("GET", "/Patient/p-0001")
        assert patient.status_code == 200
        assert patient.headers["content-type"] == VERSIONS[version].json + ";charset=utf-8"
        assert (await mine.ask("GET", "/Patient/p-0002")).status_code == 404
        for type in ("Observation", "Condition", "Encounter"):
            found = (await mine.ask("GET", f"/{type}")).json()
            assert found["entry"], type
            holders = {
                one["resource"].get("subject", one["resource"].get("patient"))["reference"] for one in found["entry"]
            }
            assert holders == {"Patient/p-0001"}, type
        assert not (await mine.ask("GET", "/Observation?patient=p-0002")).json().get("entry")
        made = await mine.made(_observation("p-0001"))
        assert (await mine.ask("GET", f"/Observation?_id={made['id']}&code=29463-7")).json()["total"] == 1
        other = await mine.ask("POST", "/Observation", _observation("p-0002"))
        assert other.status_code == 403
        assert (await mine.ask("GET", "/Practitioner/pr-1")).status_code == 200

    run(steps, tmp_path)


def _observation(patient: str) -> dict[str, Any]:
    code = {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]}
    subject = {"reference": f"Patient/{patient}"}
    return {"resourceType": "Observation", "status": "final", "code": code, "subject": subject}


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_version_does_not_know_is_told_with_its_place(version: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        mine = await own(flow, version)
        wrong = await mine.ask("POST", "/Observation", _observation("p-0001") | {"status": "done"})
        assert (wrong.status_code, rules(wrong)) == (422, {"fhir-resource-invalid"})
        assert "Observation.status" in wrong.text
        unknown = await mine.ask("GET", "/MedicationOrder" if version != "dstu2" else "/MedicationRequest")
        assert (unknown.status_code, rules(unknown)) == (404, {"fhir-resource-wrong-version"})

    run(steps, tmp_path)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_documents_of_a_base_speak_of_its_version(version: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        statement = (await flow.http.get(f"/general/{version}/metadata")).json()
        assert statement["fhirVersion"] == VERSIONS[version].number
        (nested,) = statement["rest"][0]["security"]["extension"]
        told = {one["url"]: one["valueUri"] for one in nested["extension"]}
        smart = (await flow.http.get(f"/general/{version}/.well-known/smart-configuration")).json()
        assert told["authorize"] == smart["authorization_endpoint"]
        assert told["token"] == smart["token_endpoint"]

    run(steps, tmp_path)
