"""What a search matches, and its warnings: for developers who know other servers."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from tests.flows.flow import Flow, run
from tests.flows.writing import hand

PERSON = {
    "resourceType": "Patient",
    "id": "found",
    "name": [{"family": "Łęcki", "given": ["Zoë"]}],
    "telecom": [{"system": "phone", "value": "555-0199", "use": "home"}, {"system": "email", "value": "Zoe@Example.org"}],
}


def matched_ids(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [entry["resource"]["id"] for entry in answer.json().get("entry", []) if entry["search"]["mode"] == "match"]


@pytest.mark.parametrize(
    ("search", "is_found"),
    [
        ("telecom=555-0199", True),
        ("telecom=phone|555-0199", True),
        ("telecom=email|555-0199", False),
        ("telecom=|555-0199", True),
        ("phone=phone|555-0199", True),
        ("phone=phone|", True),
        ("telecom=fax|", False),
        ("email=zoe@example.ORG", True),
        ("email:not=zoe@example.org", False),
        ("name=lecki", True),
        ("given=ZOE", True),
        ("family:exact=Lecki", False),
    ],
)
def test_a_person_matches_by_contact_and_by_name(tmp_path: Path, search: str, is_found: bool) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/Patient.cruds")
        assert (await own.ask("PUT", "/Patient/found", PERSON)).status_code == 201
        answer = await own.ask("GET", f"/Patient?_id=found&{quote(search, safe='=:')}")
        assert matched_ids(answer) == (["found"] if is_found else [])

    run(steps, tmp_path, patients=1)


def test_an_impossible_code_gets_a_warning(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/Patient.rs")
        answer = await own.ask("GET", "/Patient?gender=Male")
        assert matched_ids(answer) == []
        assert answer.json()["total"] == 0
        (entry,) = answer.json()["entry"]
        assert entry["search"]["mode"] == "outcome"
        (issue,) = entry["resource"]["issue"]
        assert (issue["severity"], issue["code"]) == ("warning", "code-invalid")
        assert issue["diagnostics"].startswith("gender can't be Male")
        assert issue["diagnostics"].endswith("Use male.")
        assert "entry" not in (await own.ask("GET", "/Patient?gender=other&name=zzzz")).json()

    run(steps, tmp_path, patients=1)
