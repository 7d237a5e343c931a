"""Both engines give the same responses to the same requests, including odd ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.flows.flow import Flow
from tests.flows.shared_app import open_shared_app
from tests.flows.writing import hand
from tests.postgres import Server

LONG_VALUE = "x" * 6000
ASKED = (
    "/Patient/p-0001",
    "/Patient/p-0001/_history",
    "/Patient/p-0001/_history/9223372036854775807",
    "/Patient/p-0001/_history/99999999999999999999",
    "/Patient?_count=99999999999999999999",
    "/Patient?_sort=-name,birthdate",
    "/Patient?_sort=-_id&_count=2",
    "/Patient?name=a%00b",
    "/Patient?name:contains=%00",
    f"/Patient?identifier={LONG_VALUE}",
    f"/Patient?_id={LONG_VALUE}",
    "/Patient?birthdate=lt0001-01-01",
    "/Patient?_lastUpdated=gt9999",
    "/Patient?name=%F0%9F%98%80",
    "/Patient?_has:Observation:patient:code=8867-4",
    "/Observation?code=%00|%00",
    "/Observation?code=8867-4&_sort=date&_count=5",
    "/Observation?value-quantity=gt100&_count=5&_sort=_id",
    "/Observation?value-quantity=gt1e308",
    "/Observation?value-quantity=1e400",
    "/Observation?subject:Patient.name=a&_sort=_id&_count=5",
    "/Observation?patient=p-0001&_include=*&_sort=_id&_count=5",
    "/Observation?code:not=8867-4&_summary=count",
    "/Encounter?patient=p-0002&_revinclude=*&_sort=_id&_count=1",
    "/Observation?combo-code-value-quantity=8867-4$gt1&_sort=_id&_count=2",
    "/Location?near=0|0|99999999999999|km",
    "?_type=Patient,Practitioner&_count=3",
    "/QuestionnaireResponse?_include=QuestionnaireResponse:questionnaire&_sort=_id",
    "/Questionnaire?_revinclude=QuestionnaireResponse:questionnaire&_sort=_id",
    "/Observation?subject:Patient.gender:not=male&_sort=_id&_count=5",
    "/Patient?telecom=phone|&_sort=_id",
    "/Observation?subject:Patient._lastUpdated=lt2000&_count=5",
)


def answers(folder: Path, address: str | None, scope: str) -> list[tuple[str, int, str]]:
    """The responses without values that differ each time: cursors, ids of exchanges and Bundles, times."""
    with open_shared_app(folder, address, patients=3, today="2026-03-31") as shared:

        async def steps(flow: Flow) -> list[tuple[str, int, str]]:
            asking = await hand(flow, scope)
            responses = [(path, await asking.ask("GET", path)) for path in ASKED]
            return [(path[:60], answer.status_code, without_unique_values(answer.text)) for path, answer in responses]

        return shared.do(steps)


def without_unique_values(text: str) -> str:
    text = re.sub(r'_cursor=[^&"]*', "", text)
    text = re.sub(r'^\{"resourceType":"Bundle","id":"[^"]*"', "", text)
    return re.sub(r'"meta":\{"lastUpdated":"[^"]*"\},"type"', "", re.sub(r"/exchanges/[\w-]+", "", text))


@pytest.mark.parametrize("scope", ["user/*.rs", "patient/*.rs"])
def test_both_engines_give_the_same_responses(postgres: Server, tmp_path: Path, scope: str) -> None:
    (tmp_path / "other").mkdir()
    here = answers(tmp_path, None, scope)
    on_postgres = answers(tmp_path / "other", postgres.address(), scope)
    for pair, other in zip(here, on_postgres, strict=True):
        assert pair == other
    assert sum(status == 200 for _, status, _ in here) >= len(ASKED) // 2
    assert all(status < 500 for _, status, _ in here)
