"""Numbered steps from an empty database to the newest schema, in migrations.sql. The version is stored in `meta`.

A released step is never edited. A change in `tests/storage/schema.py` needs a new step there and in SQLite's migrations; tests
compare the result of the steps with the declared tables.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any, Final

from sickbay.settings.database import CannotOpen
from sickbay.storage.migration_steps import read_steps
from sickbay.storage.postgres.locks import hash_to_number

STEPS: Final = read_steps(Path(__file__).with_suffix(".sql"))
"""Step n upgrades version n - 1 to n."""
HIDES_FROM: Final = 17
"""The first version whose servers leave out hidden resources."""
MAY_HIDE = "EXISTS (SELECT 1 FROM meta WHERE name = 'hides')"
"""SQL condition: no older server can use the database, because it would show hidden resources. Only the next migration after an
upgrade from a version before HIDES_FROM can say so, because until then old servers may be running.
"""


async def migrate(connection: Any, name: str) -> None:
    """Migrate the database to the newest schema, one process at a time. Raises CannotOpen if its schema is newer than this
    program.
    """
    if await _schema_version(connection) == len(STEPS):
        return
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
        await connection.execute(f"SELECT pg_advisory_xact_lock({hash_to_number('migration')})")
        version = await _schema_version(connection)
        if version > len(STEPS):
            raise CannotOpen(
                f"{name} was written by a newer version of Sickbay (schema {version}, this one supports {len(STEPS)})."
            )
        for step in STEPS[version:]:
            await connection.execute(step)
        if version == 0 or version >= HIDES_FROM:
            await _keep_value(connection, "hides", b"")
        await _keep_value(connection, "schema", str(len(STEPS)).encode())
        if not await connection.fetchval("SELECT 1 FROM meta WHERE name = 'cursor_key'"):
            await _keep_value(connection, "cursor_key", secrets.token_bytes(32))


async def _schema_version(connection: Any) -> int:
    # Query pg_tables, because to_regclass() may still return the result from before it waited for the lock.
    exists = "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'meta'"
    if not await connection.fetchval(exists):
        return 0
    version = await connection.fetchval("SELECT value FROM meta WHERE name = 'schema'")
    return int(version or b"0")


async def _keep_value(connection: Any, name: str, value: bytes) -> None:
    text = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    await connection.execute(text, name, value)
