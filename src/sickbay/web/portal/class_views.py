"""The views of class mode: the teacher's overview, one student, the link to join, and what a student sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from sickbay.kernel.english import count, format_time
from sickbay.protocol import urls
from sickbay.services.class_mode.members import Student
from sickbay.services.class_mode.progress import State, StudentProgress
from sickbay.web.pages.parts import Link

NAME_CHARACTERS: Final = 40
"""Maximum number of characters of an app's name in the overview."""
WORDS: Final[dict[State, str]] = {
    "joined": "joined",
    "registered": "registered an app",
    "launched": "launched it",
    "refused": "refused",
    "working": "working",
}
"""Names of the states of students, used after a count or for one student."""
KINDS: Final[dict[State, str]] = {"refused": "refused", "working": "passed"}
SECOND: Final = 1_000_000


class StudentRow(Struct, frozen=True):
    """A student in the overview. kind: the colour and shape of the state. refusal: the last one."""

    name: str
    href: str
    state: str
    kind: str
    apps: str
    refusal: Link | None
    seen: str
    has_launched: bool = False


class JoinLink(Struct, frozen=True):
    """The link for joining the class. key: to type. squares: the QR code, as runs of dark squares: x, y and length. size: with
    its margin.

    certificate: the path of the certificate that browsers warn about; "" if they don't. fingerprint: its SHA-256.
    """

    url: str
    key: str
    squares: Sequence[tuple[int, int, int]]
    size: int
    certificate: str = ""
    fingerprint: str = ""

    @property
    def is_local(self) -> bool:
        """Whether only this machine can open the link."""
        return urls.is_loopback(self.url)


class ClassView(Struct, frozen=True):
    """rows: in the order in which the students joined. live: the address of only the rows. saved: what was just done."""

    rows: tuple[StudentRow, ...]
    summary: tuple[str, ...]
    live: str
    join: JoinLink
    action: str
    full: str = ""
    saved: str = ""


class StudentView(Struct, frozen=True):
    """A student, for the teacher. code: a new personal code, shown only here. saved: what was just changed."""

    name: str
    joined: str
    row: StudentRow
    apps: tuple[Link, ...]
    exchanges: str
    action: str
    code: str = ""
    saved: str = ""


class JoinView(Struct, frozen=True):
    """The form to join. key: of the link; without it, the form asks for a code. fault: of the code. name_fault: of the name."""

    action: str
    key: str = ""
    name: str = ""
    fault: str = ""
    name_fault: str = ""
    sent: str = ""


class MemberView(Struct, frozen=True):
    """The class page of a student. code: a new personal code, shown only here. chart: that of a patient. row: how far the
    student is.
    """

    name: str
    apps: str
    chart: str
    action: str
    row: StudentRow
    code: str = ""
    fault: str = ""

    @property
    def step(self) -> int:
        """The step to do now: 1 registers an app, 2 launches it, 3 reads what happened."""
        return 3 if self.row.has_launched else 2 if self.apps else 1


def student_row(found: StudentProgress) -> StudentRow:
    refused = found.last.get("refused")
    refusal = None
    if refused is not None:
        refusal = Link(refused.rule or f"at {refused.stage}", f"/exchanges/{quote(refused.id, safe='')}")
    state = f"refused at {refused.stage.replace('_', ' ')}" if found.state == "refused" and refused else WORDS[found.state]
    return StudentRow(
        name=found.student.name,
        href=f"/developer/class/{found.student.id}",
        state=state,
        kind=KINDS.get(found.state, ""),
        apps=_names_of_apps(found),
        refusal=refusal,
        seen=format_time(found.seen_at / SECOND) if found.seen_at else "",
        has_launched=found.state in ("launched", "refused", "working"),
    )


def _names_of_apps(found: StudentProgress) -> str:
    if not found.apps:
        return ""
    name = found.apps[0].name
    newest = name if len(name) <= NAME_CHARACTERS else f"{name[: NAME_CHARACTERS - 1]}…"
    return newest if len(found.apps) == 1 else f"{newest} and {count(len(found.apps) - 1, 'other')}"


def summarise_students(found: Sequence[StudentProgress]) -> tuple[str, ...]:
    """Describes the number of students, and how many are in each state."""
    numbers = {state: sum(student.state == state for student in found) for state in WORDS}
    states = [f"{number} {WORDS[state]}" for state, number in numbers.items() if number and state != "joined"]
    return (count(len(found), "student"), *states)


def student_view(found: StudentProgress, filter: str, code: str = "", saved: str = "") -> StudentView:
    student: Student = found.student
    return StudentView(
        name=student.name,
        joined=f"{format_time(student.joined_at)} UTC",
        row=student_row(found),
        apps=tuple(Link(client.name, f"/developer/apps/{client.app_id}") for client in found.apps),
        exchanges=f"/exchanges?q={quote(filter)}",
        action=f"/developer/class/{student.id}",
        code=code,
        saved=saved,
    )
