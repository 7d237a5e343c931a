"""What of a path a student may have in class mode: anything that isn't listed is only for the administrator."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.authorization.students import LISTS, OF_APP, Wanted, find_requested_object

HOSPITALS = ("general", "epic")
APP, LAUNCH, EXCHANGE = Wanted("app", "a1"), Wanted("launch", "t1"), Wanted("exchange", "e1")
TABLE = (
    ("/developer/apps/a1", "GET", APP),
    ("/developer/apps/a1/edit", "POST", APP),
    ("/developer/apps/a1/other", "GET", None),
    ("/developer/apps/a1/edit/more", "GET", None),
    ("/developer/apps/", "GET", None),
    ("/exchanges/e1", "GET", EXCHANGE),
    ("/exchanges/e1/resend", "GET", None),
    ("/exchanges/", "GET", None),
    ("/timelines/t1", "GET", LAUNCH),
    ("/timelines/t1", "POST", None),
    ("/timelines/", "GET", None),
    ("/timelines/t1/compare", "GET", Wanted("app of launch", "t1")),
    ("/timelines//compare", "GET", None),
    ("/general/ehr/launch", "GET", APP),
    ("/nowhere/ehr/launch", "GET", None),
    ("/epic/ehr/patients/p-1/requests", "GET", LAUNCH),
    ("/nowhere/ehr/patients/p-1/requests", "GET", None),
    ("/general/errors/urn/instances/e1", "GET", EXCHANGE),
    ("/nowhere/errors/urn/instances/e1", "GET", None),
    ("/general/errors/urn/instances/", "GET", None),
    ("/developer/class/a1", "GET", None),
    ("/developer/hospitals/general", "POST", None),
    ("/admin/apps", "GET", None),
    ("/", "GET", None),
)


def find(path: str, method: str = "GET", app: str = "a1", timeline: str = "t1") -> Wanted | None:
    return find_requested_object(path, method, app, timeline, HOSPITALS)


@for_each("path, method, wanted", TABLE)
def test_a_path_is_about_an_app_an_exchange_a_launch_or_nothing_of_a_student(
    path: str, method: str, wanted: Wanted | None
) -> None:
    assert find(path, method) == wanted


def test_lists_are_for_students_and_show_them_only_what_is_theirs() -> None:
    assert {find("/" + "/".join(parts)) for parts in LISTS} == {Wanted("lists")}


def test_a_launch_and_a_strip_need_an_app_and_a_timeline() -> None:
    assert find("/general/ehr/launch", app="") is None
    assert find("/general/ehr/patients/p-1/requests", timeline="") is None


SEGMENTS = st.sampled_from(
    ["", "developer", "apps", "admin", "exchanges", "timelines", "general", "ehr", "class", "register", "launch", "x", *OF_APP]
)


@given(st.lists(SEGMENTS, max_size=6), st.sampled_from(["GET", "POST", "DELETE"]))
def test_no_path_that_is_not_listed_is_for_students(segments: list[str], method: str) -> None:
    wanted = find("/" + "/".join(segments), method)
    if tuple(segments) not in LISTS and segments[:2] != ["developer", "apps"]:
        assert wanted is None or segments[0] in ("exchanges", "timelines", "general")
    assert wanted is None or segments[0] not in ("admin", "x", "")
