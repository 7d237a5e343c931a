"""Runs every command of docs/faults.md, in order and exactly as written, except for the port."""

from __future__ import annotations

from pathlib import Path

from tests.docs.code_blocks import blocks, run

from sickbay.testing.server import serving


def test_the_page_injects_lists_and_ends_faults(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    with serving("--data", data, "--patients", "0") as live:
        script = "".join(block.text for block in blocks("docs/faults.md")).replace("7425", live.base.rpartition(":")[2])
        output = run(tmp_path, script, SICKBAY_DATA=data)
    assert "status=503 retry_after=5 times=3" in output
    assert 'scope  drop=["patient/Observation"] tenant=general app=sample-general' in output
    assert '"kind":"refresh","value":"refused","times":1' in output
