"""SHA256SUMS is what sha256sum reads."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tools.release import checksums


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sha256sum", "--check", "--strict", checksums.NAME], cwd=folder, capture_output=True, text=True, check=False
    )


def test_sha256sum_accepts_the_files_and_notices_a_changed_one(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("b.whl", "a.tar.gz")]
    for file in files:
        file.write_text(file.name)
    checksums.write(tmp_path, files)
    assert check(tmp_path).stdout == "a.tar.gz: OK\nb.whl: OK\n"
    files[0].write_text("changed")
    assert check(tmp_path).returncode == 1
