"""The GitHub actions: their shell steps, run here with this checkout as the version, and their metadata."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from tests.deploy.composite_action import ARTIFACT, Job
from tools.checks.files import ROOT

pytestmark = pytest.mark.timeout(300)  # pip installs Sickbay
ACTIONS = ("action.yml", "report/action.yml")
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


@pytest.fixture
def job(tmp_path: Path, offline: dict[str, str]) -> Iterator[Job]:
    yield from running(Job(tmp_path, offline))


@pytest.fixture
def quick_job(tmp_path: Path, quick: dict[str, str]) -> Iterator[Job]:
    yield from running(Job(tmp_path, quick))


def running(job: Job) -> Iterator[Job]:
    """The job. Afterwards Sickbay is stopped if it still runs."""
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
    refused = re.search(
        r"^\| `GET http://localhost:\d+/general/oauth/authorize` 400 \| ✗ .+ \(`client-\S+`\) \| .+ \| (\S+\.html) \|$",
        summary,
        re.M,
    )
    assert refused is not None, summary
    assert (Path(folder) / refused[1]).is_file()
    assert summary.count("| ✗ ") > 1, "every finding has a row"
    for rule in re.findall(r"\(`([\w-]+)`\)", summary):
        assert (Path(folder) / "rules" / f"{rule}.html").is_file()
    assert summary.endswith(f"are in the artifact [sickbay-exchanges]({ARTIFACT}).\n")
    assert {path.suffix for path in Path(folder).iterdir()} == {"", ".har", ".html", ".txt"}
    cache, artifact = job.used
    assert artifact == {"name": "sickbay-exchanges", "path": folder, "retention-days": "7"}
    assert cache["path"] == str(job.temp / "sickbay" / "pip")
    assert re.fullmatch(r"sickbay-3\.\d+\.\d+-linux-\w+-[0-9a-f]{16}", cache["key"])
    with pytest.raises(httpx2.TransportError):
        httpx2.get(outputs["base"], trust_env=False)


def test_a_version_that_is_a_folder_is_installed_and_nothing_is_uploaded_after_success(checkout: Path, quick_job: Job) -> None:
    quick_job.run(checkout / "action.yml", version=str(checkout), port="0", options="--patients 2", cache="false")
    quick_job.run(checkout / "report" / "action.yml", status="success")
    assert quick_job.summary.read_text().endswith("0 exchanges, 0 of them refused.\n")
    assert quick_job.used == []


def test_a_sickbay_that_cannot_start_fails_the_job_at_once_with_its_exit_code_and_its_error(
    checkout: Path, quick_job: Job, wheel: str
) -> None:
    started = time.monotonic()
    with pytest.raises(subprocess.CalledProcessError) as failed:
        quick_job.run(checkout / "action.yml", version=wheel, cache="false", port="0", options="--pateints 2", wait="600")
    error = "The last line of its log: sickbay: Unknown option: --pateints. Did you mean --patients?"
    assert f"::error::Sickbay exited with 2. {error}" in failed.value.output
    assert time.monotonic() - started < 300


def test_a_sickbay_that_is_not_ready_in_time_is_ended(checkout: Path, quick_job: Job, wheel: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        quick_job.run(checkout / "action.yml", version=wheel, cache="false", port="0", wait="0")
    assert "::error::Sickbay wasn't ready within 0 seconds" in failed.value.output
    assert not is_running(int((quick_job.temp / "sickbay" / "pid").read_text()))


def test_a_sickbay_that_exits_during_the_job_is_reported_with_its_exit_code(checkout: Path, quick_job: Job, wheel: str) -> None:
    quick_job.run(checkout / "action.yml", version=wheel, cache="false", port="0", options="--patients 2")
    home = quick_job.temp / "sickbay"
    with (home / "log.txt").open("a") as log:
        log.write("last line\n")
    os.kill(int((home / "pid").read_text()), signal.SIGKILL)
    quick_job.shell(f"timeout 20 sh -c 'until [ -s {home}/code ]; do sleep 0.1; done'")
    quick_job.run(checkout / "report" / "action.yml", status="failure")
    code = "137 (it was killed, perhaps because the machine ran out of memory)"
    why = f"Sickbay exited with {code} before the end of the job. The last line of its log: last line"
    assert quick_job.summary.read_text().startswith(f"### Sickbay\n\n{why}\n")


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"version": "0.2.0"}, "::error::Sickbay isn't in the package index yet."),
        ({"python": "false"}, "::error::Sickbay needs Python 3.11 or newer, and false isn't that."),
    ],
)
def test_an_input_that_cannot_work_is_named(inputs: dict[str, str], message: str, checkout: Path, quick_job: Job) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        quick_job.run(checkout / "action.yml", **inputs)
    assert message in failed.value.output


def is_running(pid: int) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.1)
    return True


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
