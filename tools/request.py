"""Sends one request to a Sickbay in this process and shows the SQL that it runs, or where its time goes.

The request is the first one of its kind, so no cache helps it. It carries the token of a clinician with every permission.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import io
import pstats
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import httpx2

from sickbay.sandbox.sandbox import open_sandbox
from sickbay.settings import Settings
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.sqlite.connection import connect
from sickbay.web.app import create

BASE = "http://localhost:7425"
APP: dict[str, Any] = {"tenant": "general", "name": "Request", "type": "provider", "client": "public", "scope": "user/*.cruds"}
APP |= {"launch_uri": f"{BASE}/launch", "redirect_uris": [f"{BASE}/callback"]}
SOURCES = f"{Path(__file__).resolve().parents[1] / 'src'}/"
SHOWN_FUNCTIONS = 40
SHOWN_CHARACTERS = 2_000
"""How much of a response is printed."""


class Statement(NamedTuple):
    """An SQL statement as it was run. values: its parameters, by number or by name."""

    sql: str
    values: Any


def main(arguments: list[str] | None = None) -> int:
    options = _parse_arguments(arguments)
    with tempfile.TemporaryDirectory(prefix="sickbay-request-") as folder:
        settings = Settings(data=folder, patients=options.patients, population_cache=False)
        recorder: Recorder = Statements(Path(folder) / "sickbay.db") if options.show == "sql" else Profile()
        response = asyncio.run(_send_request(settings, recorder, options.method, options.path, options.body))
    print(f"{options.method} {options.path}: {response.status_code}\n{response.text[:SHOWN_CHARACTERS]}\n\n{recorder.report}")
    return 0


def _parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/request.py", description=__doc__)
    parser.add_argument(
        "show", choices=("sql", "profile"), help="the SQL and the plan of each statement, or the functions by time"
    )
    parser.add_argument("path", help="such as '/general/r4/Patient?name=peters'")
    parser.add_argument("--method", default="GET")
    parser.add_argument("--body", help="FHIR JSON")
    parser.add_argument("--patients", type=int, default=50, help="more patients can change the plan (default: 50)")
    return parser.parse_args(arguments)


async def _send_request(settings: Settings, recorder: Recorder, method: str, path: str, body: str | None) -> httpx2.Response:
    sandbox = await open_sandbox(settings)
    app = create(sandbox)
    try:
        await sandbox.filling.ensure(ResourceSpace("general", "r4"))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=BASE, trust_env=False) as http:
            headers = {"Authorization": f"Bearer {await _fetch_token(http)}", "Content-Type": "application/fhir+json"}
            recorder.start()
            response = await http.request(method, path, headers=headers, content=body)
            recorder.stop()
            return response
    finally:
        await app.stop()
        await sandbox.close()


async def _fetch_token(http: httpx2.AsyncClient) -> str:
    app = (await http.post("/admin/apps", json=APP)).json()
    user = next(user["username"] for user in (await http.get("/admin/users?tenant=general")).json() if user["patients"] == "*")
    wanted = {"tenant": "general", "app": app["app_id"], "scope": APP["scope"], "user": user}
    return str((await http.post("/admin/tokens", json=wanted)).json()["access_token"])


class Recorder:
    """Records what happens between start and stop."""

    report = ""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Profile(Recorder):
    def __init__(self) -> None:
        self._profile = cProfile.Profile()

    def start(self) -> None:
        self._profile.enable()

    def stop(self) -> None:
        self._profile.disable()
        text = io.StringIO()
        pstats.Stats(self._profile, stream=text).sort_stats("cumulative").print_stats("sickbay", SHOWN_FUNCTIONS)
        self.report = text.getvalue().replace(SOURCES, "")


class Statements(Recorder):
    def __init__(self, database: Path) -> None:
        self._database = database
        self._statements: list[Statement] = []
        self._is_recording = False
        apsw.connection_hooks.append(self._watch_statements)

    def start(self) -> None:
        self._is_recording = True

    def stop(self) -> None:
        self._is_recording = False
        with closing(connect(self._database)) as db:
            self.report = "\n\n".join(_describe_statement(db, statement) for statement in self._statements)

    def _watch_statements(self, db: apsw.Connection) -> None:
        db.exec_trace = self._add_statement

    def _add_statement(self, cursor: apsw.Cursor, sql: str, values: Any) -> bool:
        if self._is_recording:
            self._statements.append(Statement(sql, values))
        return True


def _describe_statement(db: apsw.Connection, statement: Statement) -> str:
    values = f"values: {statement.values}\n" if statement.values else ""
    return f"{statement.sql}\n{values}{plan(db, statement)}".rstrip()


def plan(db: apsw.Connection, statement: Statement) -> str:
    """Return what SQLite does for a statement: a step per line, indented below the step that it belongs to."""
    lines, depths = [], {0: 0}
    for id, parent, _, detail in db.execute(f"EXPLAIN QUERY PLAN {statement.sql}", statement.values):
        depths[id] = depths[parent] + 1
        lines.append("    " * depths[id] + detail)
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
