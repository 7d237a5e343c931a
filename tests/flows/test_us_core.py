"""US Core 6.1 over HTTP: its search parameters and combinations, and Provenance."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flows.flow import Flow, run
from tests.flows.writing import hand

TIMOTHY = "patient=p-0017"
FOUND = (
    "Patient?race=2106-3&name=Peters",
    "Patient?ethnicity=urn:oid:2.16.840.1.113883.6.238|2186-5&name=Peters",
    f"CareTeam?{TIMOTHY}&role=446050000",
    f"CareTeam?{TIMOTHY}&status=active&_include=CareTeam:participant",
    f"Condition?{TIMOTHY}&asserted-date=ge2017-01-01",
    f"Condition?{TIMOTHY}&category=problem-list-item&clinical-status=active",
    f"Goal?{TIMOTHY}&description:text=HbA1c",
    f"MedicationDispense?{TIMOTHY}&status=completed&type=RF",
    f"Specimen?{TIMOTHY}",
    f"Observation?{TIMOTHY}&specimen.type=122555007&code=4548-4",
    "Questionnaire?url=http://hospital.sickbay.example/questionnaires/phq-9",
)
NOTHING = (
    "Patient?race=2028-9&name=Timothy",
    f"CareTeam?{TIMOTHY}&role=1",
    f"Condition?{TIMOTHY}&asserted-date=lt2010",
    f"Encounter?{TIMOTHY}&discharge-disposition=home",
    f"Goal?{TIMOTHY}&description=1",
    "Patient?gender-identity=1",
)


def test_us_core_search_parameters_find_exactly_the_matching_resources(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        client = await hand(flow, "user/*.rs")
        for search in FOUND:
            answer = await client.ask("GET", f"/{search}")
            assert answer.status_code == 200, answer.text
            assert answer.json()["total"] > 0, search
        for search in NOTHING:
            assert (await client.ask("GET", f"/{search}")).json()["total"] == 0, search

    run(steps, tmp_path)


@pytest.mark.parametrize(
    "type",
    [
        "AllergyIntolerance",
        "CarePlan",
        "CareTeam",
        "Condition",
        "Coverage",
        "DiagnosticReport",
        "DocumentReference",
        "Encounter",
        "Goal",
        "MedicationRequest",
        "Observation",
        "Patient",
    ],
)
def test_provenance_is_included_with_patient_scopes(type: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        client = await hand(flow, "patient/*.rs", "p-0017")
        whose = "_id=p-0017" if type == "Patient" else TIMOTHY
        answer = (await client.ask("GET", f"/{type}?{whose}&_revinclude=Provenance:target&_count=250")).json()
        assert "Provenance" in {entry["resource"]["resourceType"] for entry in answer["entry"]}

    run(steps, tmp_path)


def test_a_patient_can_read_the_questionnaire_of_a_response(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        user_client, scores = await hand(flow, "user/*.rs"), "Observation?code=88124-3&patient=p-0001"
        page = (await user_client.ask("GET", f"/{scores}&_include=Observation:derived-from")).json()["entry"]
        response = next(entry["resource"] for entry in page if entry["resource"]["resourceType"] != "Observation")
        own = await hand(flow, "patient/*.rs", "p-0001")
        assert (await own.ask("GET", f"/QuestionnaireResponse/{response['id']}")).status_code == 200
        form = (await own.ask("GET", f"/Questionnaire?url={response['questionnaire']}")).json()["entry"][0]["resource"]
        assert [item["linkId"] for item in form["item"]] == [item["linkId"] for item in response["item"]]

    run(steps, tmp_path)
