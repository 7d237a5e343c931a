"""The health check of the image follows the readiness of Sickbay."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tools.checks.files import ROOT

from sickbay.testing.server import serving

CHECK = ROOT / "deploy" / "healthcheck.py"


def check(port: str, https: str = "") -> int:
    environment = os.environ | {"SICKBAY_PORT": port, "SICKBAY_HTTPS": https}
    return subprocess.run([sys.executable, str(CHECK)], env=environment, timeout=30, check=False).returncode


@pytest.mark.parametrize("https", [False, True])
def test_a_running_sickbay_is_healthy_and_a_stopped_one_is_not(https: bool, tmp_path: Path) -> None:
    arguments = ("--data", str(tmp_path / "data"), "--patients", "0", *(["--https"] if https else []))
    with serving(*arguments) as live:
        port = live.base.rpartition(":")[2]
        assert check(port, "true" if https else "") == 0
        assert check(port, "" if https else "true") == 1
    assert check(port, "true" if https else "") == 1
