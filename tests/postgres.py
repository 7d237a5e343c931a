"""A real PostgreSQL in a folder of its own, reached by a socket in it and by nothing else; a schema for each test."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

ENGINES = ("sqlite", "postgres")
"""Every store; a fixture with `params=ENGINES` gives each of them."""
HASTE = ("fsync=off", "full_page_writes=off", "max_connections=60")
"""Nothing here is worth surviving a power cut; what was committed survives the end of the server."""


def programs() -> Path | None:
    """The folder of initdb: on the PATH, else the newest of Debian's."""
    if (found := shutil.which("initdb")) and (Path(found).resolve().parent / "pg_ctl").exists():
        return Path(found).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    return debian[-1].parent if debian else None


class Server:
    """`address()` is a new, empty place in it."""

    def __init__(self, bin: Path, folder: Path, haste: tuple[str, ...] = HASTE) -> None:
        self.bin, self.folder, self._haste = bin, folder, haste
        self._user = _other() if os.getuid() == 0 else None
        self._names = count()

    def make(self) -> None:
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "-D", self.data, "-U", "sickbay", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

    def start(self) -> None:
        options = f"-k {self.folder} -h '' " + " ".join(f"-c {one}" for one in self._haste)
        self._run("pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")

    def address(self) -> str:
        schema = f"t{next(self._names)}"
        self.say(f"CREATE SCHEMA {schema}")
        return f"postgresql://sickbay@/postgres?host={self.folder}&search_path={schema}"

    def say(self, text: str, database: str = "postgres") -> str:
        """As the owner of the server; what psql prints."""
        where = ("-h", str(self.folder), "-U", "sickbay", "-d", database)
        command = [str(self.bin / "psql"), "-qAtX", "-v", "ON_ERROR_STOP=1", *where, "-c", text]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def command(self, program: str, *arguments: str | Path) -> list[str]:
        """PostgreSQL refuses to run as root."""
        before = ["runuser", "-u", self._user, "--"] if self._user else []
        return [*before, str(self.bin / program), *map(str, arguments)]

    def _run(self, program: str, *arguments: str | Path) -> None:
        with (self.folder / "said").open("w") as said:  # a pipe would wait for the server, which inherits it
            done = subprocess.run(
                self.command(program, *arguments), stdout=said, stderr=subprocess.STDOUT, cwd=self.folder, timeout=60
            )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {(self.folder / 'said').read_text()}")


@contextmanager
def server(bin: Path, haste: tuple[str, ...] = HASTE) -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="sickbay-postgres-"))
    made = Server(bin, folder, haste)
    try:
        made.make()
        made.start()
        with _watched(made):
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _watched(made: Server) -> Iterator[None]:
    """It ends with us, however we end: a process waits for its pipe to close, which a killed test closes too."""
    ending = f"cat; exec {' '.join(made.command('pg_ctl', '-D', made.data, '-m', 'immediate', '-w', 'stop'))}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    watcher = subprocess.Popen(["sh", "-c", ending], stdin=subprocess.PIPE, cwd="/", **quiet)  # type: ignore[call-overload]
    try:
        yield
    finally:
        watcher.communicate()


def _other() -> str:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL does not run as root, and there is no user postgres or nobody")
