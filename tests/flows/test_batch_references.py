"""References between the entries of a batch, which nothing would resolve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run
from tests.flows.test_bundles import ALL, PATIENT, URN, bundle, entry
from tests.flows.writing import hand


def referring(**elements: Any) -> dict[str, Any]:
    document = {"resourceType": "DocumentReference", "status": "current", "content": [{"attachment": {"title": "x"}}]}
    return document | elements


@pytest.mark.parametrize(
    "document",
    [
        referring(subject={"reference": URN}),
        referring(context={"related": [{"reference": URN}]}),
        referring(content=[{"attachment": {"url": URN}}]),
        referring(
            text={"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{URN}">x</a></div>'}
        ),
    ],
)
def test_an_entry_of_a_batch_that_refers_to_another_one_is_refused_by_name(tmp_path: Path, document: dict[str, Any]) -> None:
    """The entries of a batch are independent, so nothing would ever replace the URN."""

    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        requests = (entry("POST", "Patient", PATIENT, URN), entry("POST", "DocumentReference", document))
        for ordered in (requests, requests[::-1]):
            answer = await own.ask("POST", "", bundle("batch", *ordered))
            statuses = {
                item["request"]["url"]: reply["response"] for item, reply in zip(ordered, answer.json()["entry"], strict=True)
            }
            assert statuses["Patient"]["status"] == "201 Created"
            assert statuses["DocumentReference"]["status"] == "400 Bad Request"
            text = str(statuses["DocumentReference"]["outcome"])
            at = ordered.index(requests[1])
            assert f"Bundle.entry[{at}] refers to {URN}, the fullUrl of Bundle.entry[{1 - at}]" in text
        assert (await own.ask("POST", "", bundle("transaction", *requests))).status_code == 200

    run(steps, tmp_path)


def test_a_urn_that_no_entry_of_a_batch_has_is_no_reference_between_entries(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        other = {**PATIENT, "identifier": [{"system": "urn:ietf:rfc:3986", "value": URN}]}
        document = referring(identifier=[{"system": "urn:ietf:rfc:3986", "value": URN}])
        requests = (entry("POST", "Patient", other, URN), entry("POST", "DocumentReference", document))
        answer = await own.ask("POST", "", bundle("batch", *requests))
        assert [item["response"]["status"] for item in answer.json()["entry"]] == ["201 Created"] * 2

    run(steps, tmp_path)
