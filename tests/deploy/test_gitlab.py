"""The GitLab template: its scripts, run as a job that fails and as a job that succeeds."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools.checks.files import ROOT

pytestmark = pytest.mark.timeout(300)  # pip installs Sickbay
FILE = ROOT / "deploy" / "gitlab" / ".gitlab-ci.sickbay.yml"
TEMPLATE: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))[".sickbay"]
JOB = "https://gitlab.example/-/jobs/1"
REFUSED = """python3 -c 'import os, urllib.request
urllib.request.urlopen(os.environ["SICKBAY_BASE"] + "/general/oauth/authorize?client_id=a")'"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    if (pid := tmp_path / ".sickbay" / "pid").is_file():
        subprocess.run(["kill", pid.read_text().strip()], check=False, capture_output=True)


def run(project: Path, environment: dict[str, str], script: str, survives: bool) -> int:
    """A job as the runner runs it: before_script and script in one shell, after_script in another.

    survives: whether processes in the background live on until the after_script, as with the shell executor.
    """
    given = environment | TEMPLATE["variables"] | {"CI_PROJECT_DIR": str(project), "CI_JOB_URL": JOB, **environment}
    code = shell(project, given, [*TEMPLATE["before_script"], script])
    if not survives and (pid := project / ".sickbay" / "pid").is_file():
        os.kill(int(pid.read_text()), signal.SIGKILL)
    status = {"CI_JOB_STATUS": "failed" if code else "success"}
    shell(project, given | status, TEMPLATE["after_script"])
    return code


def shell(project: Path, environment: dict[str, str], lines: list[str]) -> int:
    with (project / "job.log").open("a") as log:
        done = subprocess.run(
            ["sh", "-e", "-c", "\n".join(lines)], cwd=project, env=environment, stdout=log, stderr=log, check=False
        )
    return done.returncode


@pytest.mark.parametrize("survives", [True, False])
def test_a_failed_job_keeps_what_was_refused(project: Path, quick: dict[str, str], wheel: str, survives: bool) -> None:
    package = quick | {"SICKBAY_PACKAGE": wheel, "SICKBAY_OPTIONS": "--patients 2"}
    assert run(project, package, REFUSED, survives) != 0
    log = (project / "job.log").read_text()
    assert "1 of them refused." in log, log
    kept = {path.suffix for path in (project / "sickbay-exchanges").iterdir()}
    assert kept == {"", ".har", ".html", ".txt"}
    page = re.search(rf"\({JOB}/artifacts/file/(sickbay-exchanges/[\w-]+\.html)\)", log)
    assert page is not None, log
    assert (project / page[1]).is_file()
    assert TEMPLATE["artifacts"]["paths"] == ["sickbay-exchanges/"]


def test_a_job_that_succeeds_keeps_nothing(project: Path, quick: dict[str, str], wheel: str) -> None:
    package = quick | {"SICKBAY_PACKAGE": wheel, "SICKBAY_OPTIONS": "--patients 2"}
    assert run(project, package, "sickbay --version && test -n $SICKBAY_URL", survives=True) == 0
    assert not (project / "sickbay-exchanges").exists()


def test_a_job_without_a_package_says_what_to_set(project: Path, offline: dict[str, str]) -> None:
    assert run(project, offline, "true", survives=True) == 1
    assert "Set SICKBAY_PACKAGE" in (project / "job.log").read_text()
