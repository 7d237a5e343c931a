"""A PostgreSQL cluster as a team runs it: etcd, and two machines with Patroni, the second is the synchronous standby.

Each machine is a group of processes of this one. `lose` ends all of them at once, as a power cut does.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
from tests.ports import free_ports
from tests.postgres import other_user

MACHINES = 2
TTL = 20
"""Seconds until Patroni replaces a primary that is silent. It allows no fewer."""


def request(method: str, url: str, timeout: float = 5, **options: Any) -> httpx2.Response:
    return httpx2.request(method, url, trust_env=False, timeout=timeout, **options)


def until(condition: Callable[[], Any], what: str, seconds: float = 90) -> Any:
    """Waits until the condition is true, and returns its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError, httpx2.HTTPError, subprocess.CalledProcessError):
            if value := condition():
                return value
        time.sleep(0.05)
    raise TimeoutError(f"not in {seconds:.0f} s: {what}")


class Machine:
    """Patroni with its PostgreSQL server."""

    def __init__(self, cluster: Cluster, number: int) -> None:
        self.cluster, self.name = cluster, f"machine{number}"
        self.port, self.api = free_ports(2)
        self.folder = cluster.folder / self.name
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.cluster.make_folder(self.folder)
        file = self.folder / "patroni.json"
        file.write_text(json.dumps(self._settings()))
        self.process = self.cluster.spawn([shutil.which("patroni") or "patroni", str(file)], self.folder / "log")

    def lose(self) -> None:
        """Ends Patroni, the server and all its sessions with SIGKILL."""
        assert self.process is not None
        for pid in [*_descendants(self.process.pid), *self._server_pids()]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def status(self) -> dict[str, Any]:
        return dict(request("GET", f"http://127.0.0.1:{self.api}/patroni").json())

    def is_primary(self) -> bool:
        return request("GET", f"http://127.0.0.1:{self.api}/primary").status_code == 200

    def is_synchronous(self) -> bool:
        return request("GET", f"http://127.0.0.1:{self.api}/sync").status_code == 200

    def say(self, text: str, database: str = "postgres") -> str:
        command = [str(self.cluster.bin / "psql"), "-qAtX", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", database]
        return subprocess.run([*command, "-c", text], check=True, capture_output=True, text=True).stdout.strip()

    def _server_pids(self) -> list[int]:
        try:
            postmaster = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        except (OSError, IndexError):
            return []
        return _descendants(postmaster) if Path(f"/proc/{postmaster}").exists() else []

    def _settings(self) -> dict[str, Any]:
        trusting = ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
        everywhere = {
            "ttl": TTL,
            "loop_wait": 2,
            "retry_timeout": 5,
            "synchronous_mode": True,
            "postgresql": {"use_pg_rewind": True, "parameters": {"max_connections": 80, "wal_log_hints": "on"}},
        }
        address = f"127.0.0.1:{self.port}"
        return {
            "scope": "sickbay",
            "name": self.name,
            "restapi": {"listen": f"127.0.0.1:{self.api}", "connect_address": f"127.0.0.1:{self.api}"},
            "etcd3": {"host": f"127.0.0.1:{self.cluster.etcd_port}"},
            "bootstrap": {"dcs": everywhere, "initdb": [{"encoding": "UTF8"}, {"locale": "C"}], "pg_hba": trusting},
            "postgresql": {
                "listen": address,
                "connect_address": address,
                "data_dir": str(self.folder / "data"),
                "bin_dir": str(self.cluster.bin),
                "pg_hba": trusting,
                "parameters": {"unix_socket_directories": str(self.folder)},
                "authentication": {"superuser": {"username": "postgres"}, "replication": {"username": "standby"}},
            },
        }


class Cluster:
    def __init__(self, bin: Path, folder: Path) -> None:
        self.bin, self.folder = bin, folder
        self._user = other_user() if os.getuid() == 0 else None
        self.etcd_port, self._peer_port = free_ports(2)
        self._spawned: list[subprocess.Popen[bytes]] = []
        self.machines: list[Machine] = []

    def start(self) -> None:
        self.make_folder(self.folder)
        self._start_etcd()
        self.machines = [Machine(self, number) for number in range(MACHINES)]
        first, second = self.machines
        first.start()
        until(first.is_primary, "the first machine is the primary")
        second.start()
        until(second.is_synchronous, "the second machine is the synchronous standby")
        first.say("CREATE DATABASE sickbay ENCODING 'UTF8' TEMPLATE template0")

    def address(self) -> str:
        """The URL for Sickbay, which names both machines."""
        return f"postgresql://postgres@{','.join(f'127.0.0.1:{machine.port}' for machine in self.machines)}/sickbay"

    def primary(self) -> Machine:
        return next(machine for machine in self.machines if machine.is_primary())

    def other(self, machine: Machine) -> Machine:
        return next(candidate for candidate in self.machines if candidate is not machine)

    def switch_over(self) -> None:
        """Makes the standby the primary, as before maintenance."""
        old = self.primary()
        body = {"leader": old.name, "candidate": self.other(old).name}
        request("POST", f"http://127.0.0.1:{old.api}/switchover", json=body, timeout=60).raise_for_status()

    def make_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._user:
            shutil.chown(folder, self._user)

    def spawn(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        before = ["runuser", "-u", self._user, "--"] if self._user else []
        with log.open("ab") as output:
            process = subprocess.Popen([*before, *command], stdout=output, stderr=output, cwd="/", start_new_session=True)
        self._spawned.append(process)
        return process

    def stop(self) -> None:
        for machine in self.machines:
            if machine.process is not None:
                machine.lose()
        for process in self._spawned:
            for pid in _descendants(process.pid) if process.poll() is None else []:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()

    def _start_etcd(self) -> None:
        clients, peers = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self._peer_port}"
        options = {
            "data-dir": str(self.folder / "etcd"),
            "listen-client-urls": clients,
            "advertise-client-urls": clients,
            "listen-peer-urls": peers,
            "initial-advertise-peer-urls": peers,
            "initial-cluster": f"default={peers}",
        }
        command = [shutil.which("etcd") or "etcd", *(f"--{name}={value}" for name, value in options.items())]
        self.spawn(command, self.folder / "etcd.log")
        until(lambda: request("GET", f"{clients}/health").status_code == 200, "etcd is healthy")


def _descendants(pid: int) -> list[int]:
    """The process and all that it started, parents first."""
    pids = [pid]
    for parent in pids:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(OSError):
                pids += map(int, children.read_text().split())
    return pids


@contextmanager
def cluster(bin: Path) -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="sickbay-cluster-"))
    running = Cluster(bin, folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)
