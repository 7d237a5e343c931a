"""Class mode: no student sees or changes what belongs to another, whatever page or API is asked, with either engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.flows import class_room
from tests.flows.class_room import (
    HTML,
    SENT,
    TOKEN,
    Room,
    list_addresses,
    open_app,
    post,
    read_field,
    register,
    sign_in_at_hospital,
    work,
)
from tests.flows.flow import BASE, Flow
from tests.flows.shared_app import SharedApp, open_shared_app

from sickbay.services.class_mode import clearing, members
from sickbay.services.journal.outcomes import condition_for_student
from sickbay.storage.interface import Clear

SECRET = "zebra"
"""A word in everything that the first student registers. No page of another one contains it."""


@pytest.fixture(scope="module")
def shared_app(engine: Callable[[], str | None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    folder = tmp_path_factory.mktemp("class")
    with open_shared_app(
        folder, engine(), patients=3, admin_token=TOKEN, class_mode=True, keep_bodies=True, today="2026-03-31"
    ) as opened:
        yield opened


@pytest.fixture(scope="module")
def room(shared_app: SharedApp) -> Room:
    first, second = shared_app.flow(), shared_app.flow()

    async def begin(flow: Flow) -> dict[str, Any]:
        await class_room.join(flow, f"Ada {SECRET}")
        app = await register(flow, f"A {SECRET} monitor", launch_uri=f"http://localhost:8100/{SECRET}")
        await sign_in_at_hospital(flow)
        await work(flow, app)
        client_id = await class_room.client_id_of(flow, app)
        await class_room.authorize(flow, client_id, "wrong-launch", redirect_uri=BASE)
        await class_room.authorize(flow, "mistyped", "wrong-launch")
        await flow.sandbox.journal.flush()
        (ada,) = [student for student in await members.list_students(flow.sandbox.runtime) if SECRET in student.name]
        stored = await flow.sandbox.runtime.store.find_exchanges((condition_for_student(ada.id),), 100)
        assert {record.label for record in stored} >= {"launch", "authorize", "login", "token", "access"}
        assert [record.owner for record in stored[:2]] == ["", client_id]
        return {
            "student": ada.id,
            "app": app,
            "client_id": client_id,
            "exchanges": tuple(record.key for record in stored),
            "refused": stored[1].key,
            "launch": next(record.family for record in stored if record.label == "launch"),
        }

    async def begin_second(flow: Flow) -> str:
        code = await class_room.join(flow, "Grace")
        await register(flow, "Own app")
        await sign_in_at_hospital(flow)
        return code

    known, code = shared_app.do(begin, first), shared_app.do(begin_second, second)
    return Room(class_room.open_teacher(shared_app), first, second, code, **known)


FORMS = ("end", "kind", "name", "policy", "cards", "tenant", "form", "action", "move", "redirect_uris", "file")
"""Fields of our forms."""


async def read_first(flow: Flow, room: Room) -> tuple[Any, ...]:
    """What the first student has, besides exchanges."""
    runtime = flow.sandbox.runtime
    ada = await members.find(runtime, room.student)
    apps = await clearing.list_apps(runtime, room.student)
    tokens = [record.key for record in await runtime.store.find("token", owner=room.client_id)]
    sessions = [record.key for record in await runtime.store.find("session", owner=room.student)]
    faults = [fault for fault in runtime.faults if fault.app == room.client_id]
    return ada, apps, sorted(tokens), sorted(sessions), faults


def is_public(path: str) -> bool:
    """Whether everyone who knows the id may read this address, except other students of the class."""
    return path.startswith(("/exchanges/", "/timelines/")) or "/errors/" in path


PAGES_OF_STUDENT = ("/developer", "/developer/class", "/developer/register", "/exchanges", "/exchanges/clear", "/timelines")


def test_students_see_their_own_apps_exchanges_and_launches(shared_app: SharedApp, room: Room) -> None:
    async def first(flow: Flow) -> None:
        for path in (
            *PAGES_OF_STUDENT,
            f"/developer/apps/{room.app}",
            f"/developer/apps/{room.app}/edit",
            f"/timelines/{room.launch}",
        ):
            assert (await flow.http.get(path, headers=HTML)).status_code == 200, path
        assert SECRET in (await flow.http.get("/developer", headers=HTML)).text
        listed = (await flow.http.get("/exchanges", headers={"Accept": "application/json"})).json()
        assert {line["id"] for line in listed} >= set(room.exchanges)
        launches = (await flow.http.get("/timelines", headers=HTML)).text
        assert room.launch in launches
        whole = (await flow.http.get(f"/exchanges/{room.refused}", headers=HTML)).text
        assert f"/developer/apps/{room.app}" in whole
        assert SECRET in (await flow.http.get("/general/ehr/patients/p-0001", headers=HTML)).text
        assert (await open_app(flow, room.app)).status_code == 303

    async def second(flow: Flow) -> None:
        for path in PAGES_OF_STUDENT:
            answer = await flow.http.get(path, headers=HTML)
            assert (answer.status_code, SECRET in answer.text) == (200, False), path
        assert (await flow.http.get("/exchanges", headers={"Accept": "application/json"})).json() == []
        assert SECRET not in (await flow.http.get("/general/ehr/patients/p-0001", headers=HTML)).text
        assert (await open_app(flow, room.app)).status_code == 404
        assert (await flow.http.get(f"/exchanges/{room.refused}", headers=HTML)).status_code == 404
        assert (await flow.http.get(f"/timelines/{room.launch}", headers=HTML)).status_code == 404
        filtered = await flow.http.get(f"/exchanges?q=app:{room.client_id}", headers=HTML)
        assert "There is no app" in filtered.text

    shared_app.do(first, room.first)
    shared_app.do(second, room.second)


ADMINISTERS = (
    "/admin",
    "/admin/apps",
    "/admin/exchanges",
    "/developer/hospitals",
    "/developer/hospitals/general",
    "/developer/time",
)
"""Pages for the administrator only."""


def test_a_student_is_not_the_administrator(shared_app: SharedApp, room: Room) -> None:
    async def steps(flow: Flow) -> None:
        for path in (*ADMINISTERS, f"/developer/class/{room.student}", f"/exchanges/{room.refused}/resend"):
            assert (await flow.http.get(path, headers=HTML)).status_code in (403, 404), path
        for path, form in (
            ("/developer/time", {"move": "+2h"}),
            ("/developer/hospitals/general", {"form": "policy", "code_lifetime": "5"}),
            (f"/developer/class/{room.student}", {"action": "remove"}),
            (f"/timelines/{room.launch}", {}),
        ):
            assert (await post(flow, path, **form)).status_code in (403, 404), path
        pages = [(await flow.http.get(path, headers=HTML)).text for path in PAGES_OF_STUDENT]
        assert [path for path in ADMINISTERS if any(f'href="{path}"' in page for page in pages)] == []

    async def own(flow: Flow) -> None:
        page = (await flow.http.get(f"/developer/apps/{room.app}", headers=HTML)).text
        assert [path for path in ADMINISTERS if f'href="{path}"' in page] == []

    shared_app.do(steps, room.first)
    shared_app.do(own, room.first)
    shared_app.do(steps, room.second)


def test_the_teacher_sees_who_joined_how_far_each_is_and_the_last_refusal(shared_app: SharedApp, room: Room) -> None:
    async def steps(flow: Flow) -> None:
        await flow.sandbox.journal.flush()
        page = (await flow.http.get("/developer/class", headers=HTML)).text
        (row,) = [row for row in page.split("<tr>") if f"Ada {SECRET}" in row]
        assert "refused at authorize" in row
        assert f"A {SECRET} monitor" in row
        last = f'href="/exchanges/{room.exchanges[0]}"'
        assert last in row
        (other,) = [row for row in page.split("<tr>") if "Grace" in row]
        assert "registered an app" in other
        part = await flow.http.get("/developer/class?part=list", headers=HTML)
        assert row in part.text
        assert "<html" not in part.text
        student = (await flow.http.get(f"/developer/class/{room.student}", headers=HTML)).text
        assert f'href="/developer/apps/{room.app}"' in student
        (query,) = re.findall(r'href="(/exchanges\?q=[^"]+)"', student)
        listed = (await flow.http.get(query, headers={"Accept": "application/json"})).json()
        assert {line["id"] for line in listed} >= set(room.exchanges)
        assert "were deleted" in (await flow.http.get(f"/developer/class/{room.student}?saved=student", headers=HTML)).text

    shared_app.do(steps, room.teacher)


def test_a_launch_of_an_app_for_everyone_belongs_to_the_student_who_launched_it(shared_app: SharedApp, room: Room) -> None:
    async def steps(flow: Flow) -> str:
        assert (await open_app(flow, "sample-app-general")).status_code == 303
        await flow.sandbox.journal.flush()
        listed = (await flow.http.get("/exchanges", headers={"Accept": "application/json"})).json()
        assert (listed[0]["app"], listed[0]["stage"]) == ("sample-general", "launch")
        assert (await flow.http.get(f"/timelines/{listed[0]['launch']}", headers=HTML)).status_code == 200
        return str(listed[0]["launch"])

    async def other(flow: Flow) -> None:
        assert launch not in (await flow.http.get("/exchanges", headers=HTML)).text
        assert (await flow.http.get(f"/timelines/{launch}", headers=HTML)).status_code == 404

    launch = shared_app.do(steps, room.first)
    shared_app.do(other, room.second)


def test_an_explanation_of_a_wrong_client_id_names_no_app_of_another_student(shared_app: SharedApp, room: Room) -> None:
    async def steps(flow: Flow) -> None:
        (own,) = await clearing.list_apps(flow.sandbox.runtime, (await members.list_students(flow.sandbox.runtime))[1].id)
        refused = await class_room.authorize(flow, "mistyped", "wrong-launch")
        assert (room.client_id in refused.text, own.client_id in refused.text) == (False, True)

    shared_app.do(steps, room.second)


def test_students_sign_in_at_a_hospital_with_one_click_and_strangers_do_not(shared_app: SharedApp, room: Room) -> None:
    async def has_button(flow: Flow) -> bool:
        page = await flow.http.get("/general/ehr/sign-in", headers=HTML)
        return 'name="account"' in page.text

    assert shared_app.do(has_button, room.second)
    assert not shared_app.do(has_button, shared_app.flow())


def test_a_personal_code_opens_the_same_things_in_another_browser(shared_app: SharedApp, room: Room) -> None:
    async def steps(flow: Flow) -> None:
        page = await flow.http.get("/developer/join", headers=HTML)
        form = {"csrf": read_field(page), "code": room.code.upper().replace("-", " ")}
        joined = await flow.http.post("/developer/join", data=form, headers=SENT)
        assert (joined.status_code, joined.headers["location"]) == (303, "/developer/class")
        assert "Own app" in (await flow.http.get("/developer", headers=HTML)).text
        left = await post(flow, "/developer/class", action="leave")
        assert left.status_code == 303
        assert (await flow.http.get("/developer", headers=HTML)).status_code == 403

    shared_app.do(steps, shared_app.flow())
    shared_app.do(lambda flow: flow.http.get("/developer", headers=HTML), room.second)


@pytest.mark.parametrize(
    ("who", "accept"),
    [
        ("another student", "application/json"),
        ("another student", "text/html"),
        ("a personal code as a token", "application/json"),
        pytest.param("a personal code as a token", "text/html", marks=pytest.mark.prove),
        pytest.param("a stranger", "application/json", marks=pytest.mark.prove),
        ("a stranger", "text/html"),
    ],
)
def test_no_page_or_api_shows_or_changes_what_belongs_to_another_student(
    shared_app: SharedApp, room: Room, who: str, accept: str
) -> None:
    flow = room.second if who == "another student" else shared_app.flow()
    bearer = {"Authorization": f"Bearer {room.code}"} if who.startswith("a personal code") else {}
    query = f"app={room.app}&timeline={room.launch}&q=app%3A{room.client_id}&id={room.refused}&client_id={room.client_id}"

    async def steps(flow: Flow) -> None:
        if who == "a stranger":
            await sign_in_at_hospital(flow)
        before, exchanges = await read_first(flow, room), await class_room.list_exchanges(flow, room.student)
        csrf = read_field(await flow.http.get("/doctor", headers=HTML))
        headers, form = {**SENT, "Accept": accept, **bearer}, {"csrf": csrf, **dict.fromkeys(FORMS, room.client_id)}
        for method, path in list_addresses(flow, room):
            if is_public(path) and who != "another student":
                continue
            if method == "GET":
                answer = await flow.http.get(path, headers=headers)
                shown = {id for id in room.ids if id in answer.text + str(answer.headers)}
                assert shown <= {id for id in room.ids if id in path}, (path, answer.text)
                assert SECRET not in answer.text + str(answer.headers), path
            if method != "HEAD":
                body = form if method != "GET" else None
                answer = await flow.http.request(method, f"{path}?{query}", headers=headers, data=body)
                asks = "/oauth/" in path and f"client_id={room.client_id}" in query  # a page that asks a person names the app
                assert asks or SECRET not in answer.text + str(answer.headers), (method, path, answer.text)
                assert answer.status_code < 500, (method, path, answer.text)
        assert await read_first(flow, room) == before
        assert await class_room.list_exchanges(flow, room.student) >= exchanges

    shared_app.do(steps, flow)


def test_only_the_teacher_sees_the_bodies_of_fhir_requests(shared_app: SharedApp, room: Room) -> None:
    async def read(flow: Flow) -> tuple[int, int]:
        """In how many exchanges of the first student there is a body, as JSON and as a page."""
        found = [0, 0]
        for id in room.exchanges:
            as_json = (await flow.http.get(f"/exchanges/{id}", headers={"Accept": "application/json"})).json()
            found[0] += "bodies_kept" in as_json
            found[1] += "These contain patients’ data" in (await flow.http.get(f"/exchanges/{id}", headers=HTML)).text
        return found[0], found[1]

    assert shared_app.do(read, room.teacher) == (1, 1)
    assert shared_app.do(read, room.first) == (0, 0)


def test_repeated_parameters_lead_to_nothing_of_another_student(shared_app: SharedApp, room: Room) -> None:
    async def steps(flow: Flow) -> None:
        app, launch = await class_room.find_app_and_launch(flow, "Grace")
        before = await class_room.list_exchanges(flow, room.student)
        for path, name, own, other in (
            ("/general/ehr/launch", "app", app, room.app),
            ("/general/ehr/patients/p-0001/requests", "timeline", launch, room.launch),
        ):
            for first, between, last in (
                (own, "", other),
                (other, "", own),
                (own, "&x=1" * 1001, other),
                (own, "&app=", other),
            ):
                answer = await flow.http.get(f"{path}?{name}={first}{between}&{name}={last}", headers=SENT)
                assert f"8100/{SECRET}" not in str(answer.headers), (path, first, last)
                assert f"/timelines/{room.launch}" not in answer.text, (path, first, last)
        assert await class_room.list_exchanges(flow, room.student) == before

    shared_app.do(steps, room.second)


def test_an_app_id_that_is_the_name_of_another_app_launches_nothing_of_another_student(
    shared_app: SharedApp, room: Room
) -> None:
    async def steps(flow: Flow) -> None:
        assert await register(flow, "Own app", id="PulseMonitor") == "PulseMonitor"

    async def other(flow: Flow) -> None:
        await register(flow, "PulseMonitor", tenant="epic", launch_uri=f"http://localhost:8100/{SECRET}")

    async def launch(flow: Flow) -> None:
        answer = await flow.http.get("/epic/ehr/launch?app=PulseMonitor", headers=SENT)
        assert (answer.status_code, SECRET in str(answer.headers)) == (404, False)

    for what, flow in ((steps, room.second), (other, room.first), (launch, room.second)):
        shared_app.do(what, flow)


def test_a_wrong_link_or_code_joins_nothing_and_is_throttled(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> list[int]:
        before = len(await members.list_students(flow.sandbox.runtime))
        statuses = []
        for number in range(70):
            if number % 2:
                statuses.append((await flow.http.get(f"/developer/join/wrong{number}", headers=HTML)).status_code)
            else:
                statuses.append((await post(flow, "/developer/join", code=f"wrong-{number}")).status_code)
        key = await members.load_join_key(flow.sandbox.runtime)
        statuses.append((await flow.http.get(f"/developer/join/{key}", headers=HTML)).status_code)
        assert len(await members.list_students(flow.sandbox.runtime)) == before
        await flow.sandbox.runtime.store.transaction([Clear("failure")])
        return statuses

    statuses = shared_app.do(steps, shared_app.flow())
    assert statuses[:60] == [403] * 60
    assert statuses[60:] == [429] * 11


def test_the_search_in_the_header_finds_only_what_is_the_students_own(shared_app: SharedApp, room: Room) -> None:
    async def search(flow: Flow, text: str) -> tuple[str, str]:
        answer = await flow.http.get("/developer/search", params={"q": text}, headers=HTML)
        return answer.headers.get("location", ""), answer.text

    async def first(flow: Flow) -> None:
        assert (await search(flow, room.client_id))[0] == f"/developer/apps/{room.app}"

    async def second(flow: Flow) -> None:
        for text in (room.client_id, room.app, f"A {SECRET} monitor", SECRET):
            target, page = await search(flow, text)
            assert (target.startswith("/developer/apps"), f"/developer/apps/{room.app}" in page) == (False, False)

    shared_app.do(first, room.first)
    shared_app.do(second, room.second)


def test_a_student_compares_launches_only_of_an_own_app(shared_app: SharedApp, room: Room) -> None:
    async def compare(flow: Flow) -> int:
        return (await flow.http.get(f"/timelines/{room.launch}/compare", headers=HTML)).status_code

    assert shared_app.do(compare, room.first) == 200
    assert shared_app.do(compare, room.second) == 404


def test_the_page_of_a_launch_offers_a_student_only_what_the_student_may_do(shared_app: SharedApp, room: Room) -> None:
    async def read(flow: Flow) -> str:
        return (await flow.http.get(f"/timelines/{room.launch}", headers=HTML)).text

    page = shared_app.do(read, room.first)
    assert f'href="/timelines/{room.launch}/compare"' in page
    assert f'method="post" action="/timelines/{room.launch}"' not in page
