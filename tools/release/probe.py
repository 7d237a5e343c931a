"""Uses an installed Sickbay: each command, each kind of page, a launch and data. Runs with the Python that it is installed for.

Uses no file of the repository, because it also runs where the repository can't be seen. Its argument is a folder to write to.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2

from sickbay.testing.server import Live, serving

PAGES = (
    "/",
    "/rules",
    "/rules/state-missing",
    "/doctor",
    "/developer",
    "/exchanges",
    "/metrics",
    "/admin/openapi.json",
    "/docs/",
    "/docs/reference/settings.html",
    "/docs/search-index.js",
)
DATA = tuple(f"/general/{version}/metadata" for version in ("dstu2", "stu3", "r4", "r4b", "r5"))
APP = {
    "name": "Probe",
    "type": "provider",
    "client": "public",
    "launch_uri": "http://localhost:8100/launch",
    "redirect_uris": ["http://localhost:8100/callback"],
    "scope": "launch user/Patient.rs",
}


def probe_commands(folder: Path) -> None:
    """The commands that need no server."""
    _run_sickbay("--version")
    _run_sickbay("--help")
    _run_sickbay("rules", "state-missing")
    _run_sickbay("doctor", "https://ehr.example.org/authorize?response_type=code&client_id=a", code=1)
    _run_sickbay("population", "--patients", "1", "--fhir", "r4", "--out", str(folder / "people"))
    _run_sickbay("load", str(folder / "people"), "--data", str(folder / "loaded"))
    _run_sickbay("export", str(folder / "exported"), "--data", str(folder / "loaded"))


def probe_server(live: Live) -> None:
    """The pages, the files that they need, and a launch."""
    with httpx2.Client(base_url=live.base, trust_env=False, timeout=60) as http:
        for path in (*PAGES, *DATA):
            _fetch_path(http, path)
        home = http.get("/", headers={"Accept": "text/html"}).text
        for path in _static_files(home):
            _fetch_path(http, path)
        app = http.post("/admin/apps", json=APP).raise_for_status().json()
        launch = {"app": app["app_id"], "patient": "p-0001", "user": "okafor"}
        assert "launch=" in http.post("/admin/launches", json=launch).raise_for_status().json()["url"]
        ask = {"app": app["app_id"], "scope": "user/Patient.rs", "user": "okafor"}
        token = http.post("/admin/tokens", json=ask).raise_for_status().json()["access_token"]
        _fetch_path(http, "/general/r4/Patient/p-0001", Authorization=f"Bearer {token}")


def _static_files(page: str) -> list[str]:
    return [part.partition('"')[0] for part in page.split('="') if part.startswith("/static/")]


def _fetch_path(http: Any, path: str, **headers: str) -> None:
    response = http.get(path, headers=headers)
    assert response.status_code == 200, f"{path}: {response.status_code}"


def _run_sickbay(*arguments: str, code: int = 0) -> None:
    done = subprocess.run([sys.executable, "-m", "sickbay", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == code, f"sickbay {' '.join(arguments)} ended with {done.returncode}: {done.stderr}"


def main(folder: Path) -> None:
    probe_commands(folder)
    with serving("--data", str(folder / "data"), "--patients", "2") as live:
        probe_server(live)
    print("The installed Sickbay works.")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
