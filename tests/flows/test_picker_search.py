"""The patient picker: its search, and the number of patients it doesn't show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.flows.flow import Flow, run
from tests.flows.test_ehr_by_http import HTML, sign_in

TIMOTHY = "p-0017"


async def picker(flow: Flow, query: str = "", version: str = "r4") -> str:
    """The picker of a standalone app."""
    await sign_in(flow)
    app = await flow.register(auto_approve=None, fhir=version)
    aud = f"http://localhost:7425/general/{version}"
    answer = await flow.authorize(app, scope="launch/patient patient/Patient.rs", aud=aud)
    return (await flow.http.get(f"{answer.headers['location']}&q={query}", headers=HTML)).text


def offer(page: str) -> list[str]:
    return re.findall(r'name="patient" value="([^"]+)"', page)


@pytest.mark.parametrize("version", ["r4", "dstu2"])
@pytest.mark.parametrize("query", ["Peters", " peters ", "4002-1187", "1961-03-14"])
def test_a_patient_is_found_by_name_record_number_and_birth_date(tmp_path: Path, query: str, version: str) -> None:
    async def steps(flow: Flow) -> None:
        assert TIMOTHY in offer(await picker(flow, query, version))

    run(steps, tmp_path, versions=(version,))


def test_a_long_list_shows_the_first_patients_by_name_and_the_total(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        page = await picker(flow)
        families = re.findall(r'<span class="strong">([^,<]+),', page)
        assert len(offer(page)) == 50
        assert "of 60" in page
        assert "Search to find the others." in page
        patient_list = (await flow.http.get("/general/ehr/patients", headers=HTML)).text
        first = re.findall(r'class="name" href="[^"]+">([^,<]+),', patient_list)
        assert families[: len(first)] == first

    run(steps, tmp_path, patients=60)


def test_a_search_result_is_not_described_as_the_start_of_a_list(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        page = await picker(flow, "Peters")
        assert 1 <= len(offer(page)) < 20
        assert "first by name" not in page

    run(steps, tmp_path)


def test_a_complete_list_mentions_no_other_patients(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        page = await picker(flow)
        assert len(offer(page)) == 20
        assert "Search to find the others." not in page

    run(steps, tmp_path)
