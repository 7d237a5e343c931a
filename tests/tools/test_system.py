"""tools/system installs Debian packages, and waits while another process holds apt's locks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tools.checks.files import ROOT

LOCKS = (
    "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt-get)",
    "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?",
    "E: Unable to lock directory /var/lib/apt/lists/",
    "dpkg: error: dpkg frontend lock was locked by another process with pid 7",
)
APT = """#!/bin/sh
echo "$@" >> "$CALLS"
if [ "$(wc -l < "$CALLS")" -le "$FAILURES" ]; then echo "$MESSAGE" >&2; exit 100; fi
case "$*" in *install*) printf '#!/bin/sh\\n' > "$BIN/bwrap"; chmod +x "$BIN/bwrap" ;; esac
"""
TOOLS = ("bash", "cat", "chmod", "env", "grep", "sh", "sleep", "wc")


def run(folder: Path, message: str, failures: int, **environment: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Runs `tools/system bubblewrap` with an apt-get that fails so many times. Returns what it called apt-get with."""
    programs = folder / "bin"
    programs.mkdir()
    for name in TOOLS:
        (programs / name).symlink_to(f"/usr/bin/{name}" if Path(f"/usr/bin/{name}").exists() else f"/bin/{name}")
    for name, text in (("apt-get", APT), ("id", "#!/bin/sh\necho 0\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    calls = folder / "calls"
    settings = {"PATH": str(programs), "BIN": str(programs), "CALLS": str(calls), "MESSAGE": message, "FAILURES": str(failures)}
    calls.touch()
    done = subprocess.run(
        [str(ROOT / "tools" / "system"), "bubblewrap"],
        env=settings | {"APT_RETRY_SECONDS": "0.01"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done, calls.read_text().splitlines()


@pytest.mark.parametrize("message", LOCKS)
def test_it_waits_while_another_process_holds_a_lock(message: str, tmp_path: Path) -> None:
    done, calls = run(tmp_path, message, failures=3)
    assert done.stderr == "Installing bubblewrap with apt-get\nWaiting until another process is finished with apt\n"
    assert [call.split()[0] for call in calls] == ["update"] * 4 + ["install"]


def test_a_lock_that_is_never_released_is_named_in_the_end(tmp_path: Path) -> None:
    done, calls = run(tmp_path, LOCKS[0], failures=1000, APT_LOCK_SECONDS="0")
    assert len(calls) == 1
    assert LOCKS[0] in done.stderr
    assert "bubblewrap is missing" in done.stderr


def test_another_error_of_apt_is_shown_at_once(tmp_path: Path) -> None:
    done, calls = run(tmp_path, "E: Unable to locate package bubblewrap", failures=1000)
    assert len(calls) == 1
    assert "E: Unable to locate package bubblewrap" in done.stderr
