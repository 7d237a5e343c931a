"""Every worker can answer for an export that another worker started. Each request opens its own connection."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx2
import pytest
from tests.clients.client_kit import AdminClient

from sickbay.testing.server import serving

ROUNDS = 12
"""The chance that all requests reach the same one of two workers is 1 in 2,000."""


@pytest.mark.timeout(120)
def test_every_worker_returns_the_same_status_and_files(tmp_path: Path) -> None:
    with serving("--workers", "2", "--data", str(tmp_path / "data"), "--patients", "20") as live:
        sickbay = AdminClient(live.line)
        headers = {"Authorization": f"Bearer {sickbay.token('system/*.rs')}", "Accept": "application/fhir+json"}

        def get(url: str, **more: str) -> httpx2.Response:
            return httpx2.get(url, headers=headers | more, trust_env=False, timeout=60)

        kickoff = get(f"{sickbay.fhir('r4')}/Group/panel-pr-1/$export?_type=Patient,Condition", Prefer="respond-async")
        assert kickoff.status_code == 202, kickoff.text
        status = kickoff.headers["content-location"]
        while (answer := get(status)).status_code == 202:
            time.sleep(int(answer.headers["retry-after"]))
        output = answer.json()["output"]
        assert {file["type"] for file in output} == {"Patient", "Condition"}
        assert {get(status).text for _ in range(ROUNDS)} == {answer.text}
        for file in output:
            files = {get(file["url"]).text for _ in range(ROUNDS)}
            assert len(files) == 1
            assert {json.loads(line)["resourceType"] for line in files.pop().splitlines()} == {file["type"]}
        deletion = httpx2.delete(status, headers=headers, trust_env=False, timeout=60)
        assert deletion.status_code == 202
        assert {get(status).status_code for _ in range(ROUNDS)} == {404}
