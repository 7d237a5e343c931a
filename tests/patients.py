"""Creates the sample patients before a test, because a browser doesn't wait for them as long as a busy machine takes."""

from __future__ import annotations

import time

import httpx2

APP, USER, SCOPE = "sample-app-general", "okafor", "user/Patient.rs"
SEARCH = "/general/r4/Patient?gender=female,male&_count=1"
POLL_SECONDS, TIMEOUT_SECONDS = 0.2, 110


def create_patients(base: str) -> None:
    """Requests the R4 patients of the general hospital until they exist. base: of a running server."""
    end = time.monotonic() + TIMEOUT_SECONDS
    with httpx2.Client(base_url=base, trust_env=False, timeout=TIMEOUT_SECONDS) as http:
        token = http.post("/admin/tokens", json={"tenant": "general", "app": APP, "scope": SCOPE, "user": USER})
        headers = {"Authorization": f"Bearer {token.raise_for_status().json()['access_token']}"}
        while (answer := http.get(SEARCH, headers=headers)).status_code == 503 and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
        answer.raise_for_status()
