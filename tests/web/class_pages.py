"""Pages of class mode, with as much and as little as they can show."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from tests.web.page_frames import DEVELOPER

from sickbay.authorization.models import Client
from sickbay.services.class_mode.members import NAME_CHARACTERS, Student
from sickbay.services.class_mode.progress import LastExchange, StudentProgress
from sickbay.web.pages.parts import Frame
from sickbay.web.portal import class_views
from sickbay.web.portal.class_link import draw_qr_code
from sickbay.web.portal.class_views import ClassView, JoinLink, JoinView, MemberView

IN_CLASS = replace(DEVELOPER, in_class=True, here="Class")
URL = "https://192.0.2.17:7425/developer/join/k7m4p2qx"
LONG_NAME = "W" * NAME_CHARACTERS


def make_link(certificate: str = "") -> JoinLink:
    squares, size = draw_qr_code(URL)
    return JoinLink(URL, "k7m4p2qx", squares, size, certificate, ":".join(["AB"] * 32) if certificate else "")


def make_progress(name: str = "Ada", apps: int = 0, **last: int) -> StudentProgress:
    clients = [Client(f"client-{number}", name="A monitor of blood pressures " * 9) for number in range(apps)]
    reached = {
        milestone: LastExchange(
            "abc", at * 1_000_000, "authorize", "redirect-uri-trailing-slash" if milestone == "refused" else ""
        )
        for milestone, at in last.items()
    }
    return StudentProgress(Student("3j12cj", name, "", 1_790_000_000), clients, reached)


FILTER = '" =3j12cj "'


def class_pages() -> dict[str, tuple[str, Any, Frame]]:
    reached = [
        make_progress(),
        make_progress(LONG_NAME, 3, launched=1, refused=2),
        make_progress("Grace", 1, launched=1, refused=2, working=3),
        make_progress("Barbara", 1, launched=1),
        make_progress("Tim", 1),
    ]
    rows, summary = tuple(map(class_views.student_row, reached)), class_views.summarise_students(reached)
    overview = ClassView(rows, summary, "/developer/class?part=list", make_link(), "/developer/class")
    empty = replace(overview, rows=(), summary=class_views.summarise_students([]), full="The class is full.", saved="Saved.")
    member = MemberView("Ada", "", "/general/ehr/patients/p-0017", "/developer/class", rows[0], "3j12-cjk7-m4p2-qx9a")
    refused = replace(member, name=LONG_NAME, apps="2 apps", row=rows[1], code="")
    wrong = JoinView("/developer/join", fault="No class and no student has this code.", sent="wrong")
    return {
        "class": ("class_overview", overview, IN_CLASS),
        "class-least": ("class_overview", empty, IN_CLASS),
        "class_list": ("class_list", overview, IN_CLASS),
        "class-link": ("class_link", make_link("/developer/certificate"), IN_CLASS),
        "class-link-least": ("class_link", make_link(), IN_CLASS),
        "class-student": (
            "class_student",
            class_views.student_view(reached[1], FILTER, "3j12-cjk7-m4p2-qx9a"),
            IN_CLASS,
        ),
        "class-student-least": ("class_student", class_views.student_view(reached[0], FILTER), IN_CLASS),
        "class-join": ("class_join", JoinView("/developer/join/k7m4p2qx", "k7m4p2qx"), DEVELOPER),
        "class-join-name": (
            "class_join",
            JoinView("/developer/join/k7m4p2qx", "k7m4p2qx", LONG_NAME, name_fault="The class is full."),
            DEVELOPER,
        ),
        "class-join-code": ("class_join", wrong, DEVELOPER),
        "class-member": ("class_member", member, IN_CLASS),
        "class-member-refused": ("class_member", refused, IN_CLASS),
        "class-member-launching": ("class_member", replace(member, apps="1 app", row=rows[4], code=""), IN_CLASS),
        "class-link-local": ("class_link", replace(make_link(), url="http://localhost:7425/developer/join/k7m4p2qx"), IN_CLASS),
    }
