"""Starts a PostgreSQL server in a temporary folder, reachable only by its socket. Each test gets its own schema."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.run_folder import MEMORY

ENGINES = ("sqlite", "postgres")
"""All storage engines. A fixture with `params=ENGINES` runs a test on each."""
HASTE = (
    *("fsync=off", "full_page_writes=off", "max_connections=60"),
    *("wal_level=minimal", "max_wal_senders=0", "min_wal_size=32MB", "max_wal_size=64MB"),  # otherwise up to a gigabyte
)
"""Data needn't survive a power failure. Committed data still survives the end of the server."""

MEMORY_BYTES = 4_000_000_000
"""The free space from which a server has its files there: on a disk, to make the files of a schema takes most of the time."""


def programs() -> Path | None:
    """The folder of initdb: on the PATH, or else the newest in Debian's folder."""
    if (path := shutil.which("initdb")) and (Path(path).resolve().parent / "pg_ctl").exists():
        return Path(path).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return debian[-1].parent if debian else None


class Server:
    """A PostgreSQL server. `address()` returns the URL of a new, empty schema."""

    def __init__(self, bin: Path, folder: Path, haste: tuple[str, ...] = HASTE) -> None:
        self.bin, self.folder, self._haste = bin, folder, haste
        self._user = other_user() if os.getuid() == 0 else None
        self._names = count()

    def make(self) -> None:
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "-D", self.data, "-U", "sickbay", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

    def start(self) -> None:
        options = f"-k {self.folder} -h '' " + " ".join(f"-c {option}" for option in self._haste)
        self._run("pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")

    def address(self) -> str:
        schema = f"t{next(self._names)}"
        self.say(f"CREATE SCHEMA {schema}")
        return f"postgresql://sickbay@/postgres?host={self.folder}&search_path={schema}"

    def say(self, text: str, database: str = "postgres") -> str:
        """Runs SQL as the owner of the server. Returns the output of psql."""
        where = ("-h", str(self.folder), "-U", "sickbay", "-d", database)
        command = [str(self.bin / "psql"), "-qAtX", "-v", "ON_ERROR_STOP=1", *where, "-c", text]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def command(self, program: str, *arguments: str | Path) -> list[str]:
        """The command line. As root, it switches to another user, because PostgreSQL doesn't run as root."""
        before = ["runuser", "-u", self._user, "--"] if self._user else []
        return [*before, str(self.bin / program), *map(str, arguments)]

    def _run(self, program: str, *arguments: str | Path) -> None:
        with (self.folder / "said").open("w") as output:  # a pipe would stay open, because the server inherits it
            result = subprocess.run(
                self.command(program, *arguments), stdout=output, stderr=subprocess.STDOUT, cwd=self.folder, timeout=60
            )
        if result.returncode:
            raise RuntimeError(f"{program} failed: {(self.folder / 'said').read_text()}")


@contextmanager
def server(bin: Path, haste: tuple[str, ...] = HASTE) -> Iterator[Server]:
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES
    prefix = f"{Path(tempfile.gettempdir()).name}-pg-"
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY if in_memory else None))
    running = Server(bin, folder, haste)
    try:
        running.make()
        running.start()
        with _watch(running):
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _watch(running: Server) -> Iterator[None]:
    """Stop the server and remove its folder when this process ends, even if it is killed: then a pipe to a helper is closed."""
    stop = shlex.join(running.command("pg_ctl", "-D", running.data, "-m", "immediate", "-w", "stop"))
    ending = f"cat; {stop}; {shlex.join(['rm', '-rf', str(running.folder)])}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    watcher = subprocess.Popen(["sh", "-c", ending], stdin=subprocess.PIPE, cwd="/", **quiet)  # type: ignore[call-overload]
    try:
        yield
    finally:
        watcher.communicate()


def other_user() -> str:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody")
