"""Searches by _lastUpdated with a list of times."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.flows.flow import PATIENTS, Flow, run
from tests.flows.writing import hand, observation

EVER = "_lastUpdated=lt2001,ge2002"
NEVER = "_lastUpdated=lt2001,lt2002"


def test_a_list_of_times_matches_any_of_them(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        created = await own.create(observation())
        for path in (
            f"/Observation?_id={created['id']}",
            "/Patient?name=peters",
            "/Patient/p-0001/Observation?code=29463-7",
            "/Patient/p-0001/*?",
            "/?_type=Patient,Observation",
            "/?_id=p-0001",
            "/Observation?patient=p-0001&code=29463-7",
            "/Observation?patient=p-0001&_sort=-date",
            "/Patient?_has:Observation:patient:code=29463-7",
        ):
            bare, ever, never = [
                await own.ask("GET", f"{path}&_total=accurate&_count=1&{more}") for more in ("_sort=_id", EVER, NEVER)
            ]
            assert ever.status_code == 200, ever.text
            assert ever.json()["total"] == bare.json()["total"] > 0, path
            assert never.json()["total"] == 0, path
            assert f"{EVER.replace(',', '%2C')}" in ever.text or EVER in ever.text
        chained = await own.ask("GET", f"/Observation?_id={created['id']}&patient.{EVER}")
        assert chained.json()["total"] == 1

    run(steps, tmp_path, data=engine() or str(tmp_path), patients=PATIENTS)
