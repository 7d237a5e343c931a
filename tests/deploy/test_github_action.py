"""The GitHub actions: their shell steps, run here with this checkout as the version, and their metadata."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from tests.deploy.composite_action import Job
from tools.checks.files import ROOT

pytestmark = pytest.mark.timeout(300)  # pip installs Sickbay
ACTIONS = ("action.yml", "report/action.yml")
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


@pytest.fixture
def job(tmp_path: Path, offline: dict[str, str]) -> Iterator[Job]:
    job = Job(tmp_path, offline)
    yield job
    if (pid := job.temp / "sickbay" / "pid").is_file():
        subprocess.run(["kill", pid.read_text().strip()], check=False, capture_output=True)


def refuse(base: str) -> None:
    """A request that is refused: the client is unknown."""
    httpx2.get(f"{base}/general/oauth/authorize?client_id=a|b", trust_env=False, timeout=60)


def test_the_action_installs_itself_starts_and_reports_what_was_refused(checkout: Path, job: Job) -> None:
    outputs = job.run(checkout / "action.yml", port="0", options="--patients 2")
    assert json.loads(Path(outputs["ready"]).read_text())["base"] == outputs["base"] == job.environment["SICKBAY_BASE"]
    assert outputs["admin"] == job.environment["SICKBAY_ADMIN"] == f"{outputs['base']}/admin"
    assert job.environment["SICKBAY_URL"] == outputs["base"]
    assert "/runner-temp/sickbay/venv/bin/sickbay" in job.shell("command -v sickbay")
    assert httpx2.get(outputs["admin"] + "/apps", trust_env=False).status_code == 200

    refuse(outputs["base"])
    (folder,) = job.run(checkout / "report" / "action.yml", status="failure").values()
    summary = job.summary.read_text()
    assert "1 exchange, 1 of them refused." in summary
    assert re.search(r"^\| `GET http://localhost:\d+/general/oauth/authorize` \| .+ \(`client-\S+`\) \| .+ \|$", summary, re.M)
    assert {path.suffix for path in Path(folder).iterdir()} == {".har", ".html", ".txt"}
    assert job.used == [{"name": "sickbay-exchanges", "path": folder, "retention-days": "7"}]
    with pytest.raises(httpx2.TransportError):
        httpx2.get(outputs["base"], trust_env=False)


def test_a_version_that_is_a_folder_is_installed_and_nothing_is_uploaded_after_success(checkout: Path, job: Job) -> None:
    job.run(checkout / "action.yml", version=str(checkout), port="0", options="--patients 2")
    job.run(checkout / "report" / "action.yml", status="success")
    assert "0 exchanges, 0 of them refused." in job.summary.read_text()
    assert job.used == []


def test_a_sickbay_that_cannot_start_fails_the_job_with_its_error(checkout: Path, job: Job) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        job.run(checkout / "action.yml", port="0", options="--pateints 2")
    assert "::error::Sickbay didn't start" in failed.value.output
    assert "--pateints" in failed.value.output


@pytest.mark.parametrize("name", ACTIONS)
def test_metadata_has_what_github_requires(name: str) -> None:
    document: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    assert document["name"]
    assert document["runs"]["using"] == "composite"
    assert all("${{" not in field["description"] for field in document["inputs"].values())
    assert all("default" in field for field in document["inputs"].values())
    for step in document["runs"]["steps"]:
        assert step["name"]
        assert ("run" in step) == ("shell" in step)
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "owner/name@v1"))


@pytest.mark.parametrize("name", ACTIONS)
def test_the_page_describes_every_input(name: str) -> None:
    document = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    assert set(document["inputs"]) <= set(re.findall(r"^\| `([\w-]+)` \|", PAGE, re.M))


def test_the_workflow_of_the_page_uses_the_actions_with_known_inputs() -> None:
    (workflow,) = (yaml.safe_load(block) for block in re.findall(r"^```yaml\n(jobs:.*?)^```$", PAGE, re.M | re.S))
    steps = workflow["jobs"]["test"]["steps"]
    used = {step["uses"].partition("@")[0]: step for step in steps if "uses" in step}
    for name, path in zip(ACTIONS, ("OWNER/sickbay", "OWNER/sickbay/report"), strict=True):
        document = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
        assert set(used[path]["with"]) <= set(document["inputs"])
    assert used["OWNER/sickbay/report"]["if"] == "always()"
