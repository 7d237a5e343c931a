"""Backup and point-in-time restore, with the commands of docs/operations-postgresql.md."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from tests.ports import free_ports
from tests.postgres import Server, server
from tests.postgres_ha.load import Clients, acknowledge, fail, missing_resources, token

from sickbay.testing.server import serving

pytestmark = [pytest.mark.prove, pytest.mark.timeout(300)]


def run(running: Server, program: str, *arguments: str) -> None:
    subprocess.run(running.command(program, *arguments), check=True, capture_output=True, cwd=running.folder)


def write(base: str, access: str, seconds: float) -> set[str]:
    clients = Clients(base, access, 20)
    with clients.running() as responses:
        time.sleep(seconds)
    assert fail(responses) == []
    return acknowledge(responses)


def restore(running: Server, backup: Path, archive: Path, moment: str) -> None:
    """Replaces the data with the backup, and lets the server replay the archive until the moment."""
    running.stop("fast")
    shutil.rmtree(running.data)
    subprocess.run(["cp", "-a", str(backup), str(running.data)], check=True)
    settings = {
        "restore_command": f"cp {archive}/%f %p",
        "recovery_target_time": moment,
        "recovery_target_action": "promote",
    }
    with (running.data / "postgresql.auto.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    (running.data / "recovery.signal").touch()
    running.start()


def test_every_write_before_the_moment_is_there_and_none_after_it(
    postgres: Server, tmp_path: Path, report: Callable[..., None]
) -> None:
    haste = ("archive_mode=on", "archive_timeout=60", "max_connections=60")
    with server(postgres.bin, haste) as running:
        archive, backup = running.folder / "archive", running.folder / "backup"
        run(running, "psql", "-h", str(running.folder), "-U", "sickbay", "postgres", "-c", f"\\! mkdir {archive}")
        running.say(f"ALTER SYSTEM SET archive_command = 'test ! -f {archive}/%f && cp %p {archive}/%f'")
        running.say("SELECT pg_reload_conf()")
        running.say("CREATE DATABASE sickbay")
        address = f"postgresql://sickbay@/sickbay?host={running.folder}"
        port, sample = map(str, free_ports(2))
        options = ("--data", address, "--patients", "0", "--port", port, "--sample-port", sample)
        home = {"XDG_DATA_HOME": str(tmp_path)}
        with serving(*options, environment=home) as live:
            access = token(live.base)
            before = write(live.base, access, 2)
            run(running, "pg_basebackup", "-h", str(running.folder), "-U", "sickbay", "-D", str(backup), "-c", "fast")
            before |= write(live.base, access, 2)
            moment = running.say("SELECT now()")
            after = write(live.base, access, 2)
            with httpx2.Client(base_url=live.base, trust_env=False, timeout=30) as http:
                assert http.post("/admin/reset", json={"everything": True}).status_code < 300  # the accident
            running.say("SELECT pg_switch_wal()")
        begin = time.monotonic()
        restore(running, backup, archive, moment)
        with serving(*options, environment=home) as live:
            report(test="restore", before=len(before), after=len(after), seconds_to_serve=round(time.monotonic() - begin, 1))
            assert missing_resources(live.base, access, before) == set(), "the token from before works too"
            assert missing_resources(live.base, access, after) == after
            assert len(write(live.base, access, 1)) > 0
