"""An export that one worker began is answered by the others: each request opens a connection of its own."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx2
import pytest
from tests.clients.client_kit import Desk

from sickbay.testing.server import serving

ROUNDS = 12
"""With two workers, all on one of them would be chance of 1 in 2,000."""


@pytest.mark.timeout(120)
def test_status_and_files_are_the_same_on_every_worker(tmp_path: Path) -> None:
    with serving("--workers", "2", "--data", str(tmp_path / "data"), "--patients", "20") as live:
        desk = Desk(live.line)
        headers = {"Authorization": f"Bearer {desk.token('system/*.rs')}", "Accept": "application/fhir+json"}

        def get(url: str, **more: str) -> httpx2.Response:
            return httpx2.get(url, headers=headers | more, trust_env=False, timeout=20)

        begun = get(f"{desk.fhir('r4')}/Group/panel-pr-1/$export?_type=Patient,Condition", Prefer="respond-async")
        assert begun.status_code == 202, begun.text
        status = begun.headers["content-location"]
        while (answer := get(status)).status_code == 202:
            time.sleep(int(answer.headers["retry-after"]))
        output = answer.json()["output"]
        assert {one["type"] for one in output} == {"Patient", "Condition"}
        assert {get(status).text for _ in range(ROUNDS)} == {answer.text}
        for one in output:
            files = {get(one["url"]).text for _ in range(ROUNDS)}
            assert len(files) == 1
            assert {json.loads(line)["resourceType"] for line in files.pop().splitlines()} == {one["type"]}
        gone = httpx2.delete(status, headers=headers, trust_env=False, timeout=20)
        assert gone.status_code == 202
        assert {get(status).status_code for _ in range(ROUNDS)} == {404}
