"""$expand, $validate-code and $lookup over HTTP, with the included codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import Flow, run
from tests.flows.writing import hand, rules

from sickbay.fhir.versions import VERSIONS

GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
SYSTEM = "http://hl7.org/fhir/administrative-gender"


def parts(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return {
        parameter["name"]: next(value for key, value in parameter.items() if key != "name")
        for parameter in answer.json()["parameter"]
    }


@pytest.mark.parametrize("version", ["r4", "dstu2", "stu3", "r5"])
def test_a_value_set_is_expanded(tmp_path: Path, version: str) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/Patient.rs", fhir=version)
        own.base = f"/general/{version}"
        own.headers |= {"Accept": "application/json"}
        answer = await own.ask("GET", f"/ValueSet/$expand?url={GENDER}")
        assert answer.status_code == 200, answer.text
        expansion = answer.json()["expansion"]
        assert {(concept["system"], concept["code"]) for concept in expansion["contains"]} == {
            (SYSTEM, code) for code in ("male", "female", "other", "unknown")
        }
        assert expansion["total"] == 4
        some = await own.ask(
            "GET", f"/ValueSet/$expand?url={GENDER}|{VERSIONS[version].number[:3]}&filter=MALE&count=1&offset=1"
        )
        assert len(some.json()["expansion"]["contains"]) == 1
        assert some.json()["expansion"]["total"] == 2
        for other in (f"url={GENDER}|9", f"url={GENDER}&valueSetVersion=9"):
            assert (await own.ask("GET", f"/ValueSet/$expand?{other}")).status_code == 404
        older = await own.ask("GET", f"/ValueSet/$expand?identifier={GENDER}")
        assert older.status_code == (200 if version == "dstu2" else 400)
        none = await own.ask("GET", "/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gendr")
        assert none.status_code == 404
        assert GENDER in none.text

    run(steps, tmp_path, versions=(version,))


def test_a_code_is_in_a_value_set_or_not(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/Patient.rs")

        async def ask(query: str, path: str = f"/ValueSet/$validate-code?url={GENDER}&") -> dict[str, Any]:
            return parts(await own.ask("GET", path + query))

        assert await ask("code=male") == {"result": True, "display": "Male"}
        assert (await ask(f"code=male&system={SYSTEM}"))["result"] is True
        assert (await ask("code=male&system=urn:x"))["message"] == f"male belongs to the system {SYSTEM}."
        assert (await ask("code=m"))["result"] is False
        assert "is Male, not Man" in (await ask("code=male&display=Man"))["message"]
        coding = {"name": "codeableConcept", "valueCodeableConcept": {"coding": [{"code": "x"}, {"code": "other"}]}}
        body = {"resourceType": "Parameters", "parameter": [{"name": "url", "valueUri": GENDER}, coding]}
        assert parts(await own.ask("POST", "/ValueSet/$validate-code", body))["result"] is True
        system = "/CodeSystem/$validate-code?"
        assert (await ask(f"url={SYSTEM}&code=female", system))["result"] is True
        assert (await ask("url=http://loinc.org&code=0-0", system))["result"] is False
        lacking = await own.ask("GET", f"/ValueSet/$validate-code?url={GENDER}")
        assert (lacking.status_code, rules(lacking)) == (400, {"fhir-operation-parameter"})
        assert (await own.ask("GET", "/ValueSet/$validate-code?code=x")).status_code == 400
        assert (await own.ask("GET", "/CodeSystem/$validate-code?url=urn:x&code=x")).status_code == 404

    run(steps, tmp_path)


def test_a_code_of_the_population_is_looked_up(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/Patient.rs")
        response = await own.ask("GET", "/CodeSystem/$lookup?system=http://loinc.org&code=4548-4")
        assert parts(response)["display"].startswith("Hemoglobin A1c")
        coding = {"name": "coding", "valueCoding": {"system": SYSTEM, "code": "female"}}
        body = {"resourceType": "Parameters", "parameter": [coding]}
        assert parts(await own.ask("POST", "/CodeSystem/$lookup", body))["display"] == "Female"
        assert (await own.ask("GET", "/CodeSystem/$lookup?system=http://loinc.org&code=0-0")).status_code == 404
        assert (await own.ask("GET", "/CodeSystem/$lookup?code=4548-4")).status_code == 400
        assert (await flow.http.get("/general/r4/CodeSystem/$lookup?system=urn:x&code=x")).status_code == 401

    run(steps, tmp_path)
