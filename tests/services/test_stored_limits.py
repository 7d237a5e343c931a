"""docs/security.md lists every kind of record that someone besides the administrator can make, with the limits in the code."""

from __future__ import annotations

from pathlib import Path

from tests.laws import for_each

from sickbay.authorization import client_document
from sickbay.authorization.access import app_state
from sickbay.authorization.models import Policy
from sickbay.authorization.readable import FORM_LIMIT
from sickbay.faults import fault
from sickbay.protocol.scopes import MAXIMUM_SCOPE_CHARACTERS
from sickbay.services import app_limits, bulk_export, client_documents, sessions
from sickbay.services import pending_authorization as pending
from sickbay.services.class_mode import members
from sickbay.services.journal.write import DEFAULT_LIMITS
from sickbay.services.record_kinds import KINDS
from sickbay.services.writing import saving
from sickbay.storage.quotas import ANONYMOUS, FAILURES, QUOTAS
from sickbay.web.fhir.request import RESOURCE_LIMIT
from sickbay.web.portal import app_faults

ADMINISTRATOR = {"changes", "class", "hospital", "key", "loaded", "meta", "snapshot", "undone-token", "user"}
"""Kinds that only the administrator, the start or a restore makes."""
FORM = f"{FORM_LIMIT // 1024} KB"
SCOPES = f"{MAXIMUM_SCOPE_CHARACTERS:,} characters"
POLICY = Policy()
WAITING = "waiting authorization and its session, without a sign-in"
FAULTS = (
    f"{app_faults.FAULTS_PER_APP} for each app",
    f"{app_faults.FAULTS_PER_STUDENT} for each student",
    f"{fault.MAXIMUM_FAULTS} for all",
    f"{fault.MAXIMUM_BYTES // 1_000_000} MB",
)
ROWS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "exchange": (("exchange",), (f"{DEFAULT_LIMITS[0]:,} exchanges", f"{DEFAULT_LIMITS[1] // 1_000_000} MB")),
    WAITING: (
        ("pending", "session"),
        (FORM, f"{QUOTAS[ANONYMOUS].records:,}", f"{QUOTAS[ANONYMOUS].bytes // 1_000_000} MB"),
    ),
    "waiting authorization, after a sign-in": (
        ("pending",),
        (
            FORM,
            f"{pending.MAXIMUM_PER_BROWSER} for each browser",
            f"{pending.WAITS_FOR // 60} minutes",
        ),
    ),
    "sign-in; its session": (
        ("login", "session"),
        (f"{POLICY.session_lifetime // 3600} hours", f"{sessions.LIFETIME // 86_400} days"),
    ),
    "authorization code": (("code",), ("256 KB", f"{POLICY.code_lifetime // 60} minute")),
    "launch": (("launch",), (f"{POLICY.launch_lifetime // 60} minutes",)),
    "access token; refresh token with what it may get": (
        ("token", "family", "injected"),
        (SCOPES, f"{POLICY.token_lifetime // 3600} hour", f"{POLICY.refresh_lifetime // 86_400} days"),
    ),
    "used client assertion": (("jti",), ()),
    "consent": (("consent",), (SCOPES,)),
    "failed attempt": (("failure",), (f"{QUOTAS[FAILURES].records:,}",)),
    "student, with progress": (
        ("student", "student-progress"),
        (f"{members.NAME_CHARACTERS} characters", f"{members.MAXIMUM_STUDENTS} for a class"),
    ),
    "session of a student": (("session",), (f"{sessions.SESSIONS_OF_STUDENT} for each student",)),
    "app of a student": (
        ("app", "app-before"),
        (
            f"{app_limits.APP_BYTES // 1024} KB",
            f"{app_limits.STUDENT_APPS} for each student",
            f"{app_limits.STUDENT_BYTES // 1024} KB together",
        ),
    ),
    "client with a metadata document": (
        ("app",),
        (f"{client_document.MAXIMUM_BYTES // 1024} KB", f"{client_documents.MAXIMUM_STORED_DOCUMENTS}"),
    ),
    "fault of a student": (("fault",), (FORM, *FAULTS)),
    "export": (("export",), (f"{bulk_export.KEPT_FOR // 86_400} day",)),
    "lock of a conditional create": (("condition",), (f"{saving.LOCK_FOR // 86_400} day",)),
    "app state": (("app-state",), (f"{app_state.LIMIT // 1024} KB", "as long as the disk has room")),
    "FHIR resource": ((), (f"{RESOURCE_LIMIT // 1_000_000} MB", "as long as the disk has room")),
}
"""Row of the table -> the kinds of records that it is about, and limits of the code that it names."""


def read_table() -> dict[str, str]:
    text = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    section = text.partition("\n## What others can have stored\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][1:]
    return {line.split(" | ")[0].removeprefix("| "): line for line in lines}


def test_each_kind_of_record_is_in_the_table_or_only_the_administrator_s() -> None:
    listed = {kind for kinds, _ in ROWS.values() for kind in kinds}
    assert listed.isdisjoint(ADMINISTRATOR)
    assert listed | ADMINISTRATOR == KINDS.keys()
    assert read_table().keys() == ROWS.keys()


@for_each("row", ROWS)
def test_the_table_has_the_limits_of_the_code(row: str) -> None:
    line = read_table()[row]
    assert [limit for limit in ROWS[row][1] if limit not in line] == []
