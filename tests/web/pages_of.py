"""Every page with as much and as little to show as it can have: what the tests render and a browser is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from tests.web import records

from sickbay.authorization.values import Policy
from sickbay.diagnosis.case import load, paths
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.doctor import diagnose
from sickbay.web.pages import (
    chart,
    day,
    diagnosed,
    entrance,
    exchange,
    manage,
    notice,
    parts,
    portal,
    visits,
    ward,
    workshop,
)
from sickbay.web.pages.frame import Frame, Link, Person
from sickbay.web.pages.parts import Chip

BASE = "http://localhost:7425"
WORKSHOP = Frame(base=BASE, csrf="token-of-the-form")
WARD = Frame(
    base=BASE,
    csrf="token-of-the-form",
    hospital="General Hospital",
    tenant="general",
    person=Person("Dr. Amara Okafor", "Internal medicine"),
)
DOOR = Frame(base=BASE, csrf="token-of-the-form", hospital="General Hospital", tenant="general", bare=True)

SPEC = {"name": "SMART App Launch 2.2, Obtain authorization code", "url": "https://hl7.org/fhir/smart-app-launch/"}
CHECKS = (
    ("response_type_is_code", "passed"),
    ("client_is_known", "passed"),
    ("redirect_uri_is_registered", "passed"),
    ("launch_code_is_known", "refused"),
    ("launch_code_is_fresh", "skipped"),
    ("audience_is_this_server", "passed"),
    ("scopes_are_parted_by_spaces", "refused"),
    ("state_is_sent", "refused"),
)


def refused() -> dict[str, Any]:
    """The exchange of the picture: four faults, one corrected request."""
    address = f"{BASE}/general/oauth/authorize?response_type=code&client_id=5f0c2b1e-7d34-4a6b-9c88-1e2f3a4b5c6d"
    address += "&redirect_uri=http%3A%2F%2Flocalhost%3A8100%2F"
    return {
        "id": "4d9a1c7e-60b2-4f1d-9f27-b3c58e0a7712",
        "at": 1795516267.412,
        "tenant": "general",
        "stage": "authorize",
        "app": "5f0c2b1e-7d34-4a6b-9c88-1e2f3a4b5c6d",
        "launch": "l-8f3e21",
        "milliseconds": 2.1,
        "decided": "launch-param-is-url",
        "request": {
            "method": "GET",
            "url": address + "&launch=http%3A%2F%2Flocalhost%3A8100%2F"
            "&scope=patient%2FPatient.read%2Cpatient%2FObservation.read%2Claunch"
            "&aud=http%3A%2F%2Flocalhost%3A7425%2Fgeneral%2Fdstu2%2F",
        },
        "response": {
            "status": 302,
            "headers": {"Location": f"http://localhost:8100/?error=invalid_request&error_uri={BASE}/exchanges/4d9a1c7e"},
        },
        "checks": [{"name": name, "outcome": outcome} for name, outcome in CHECKS],
        "findings": [
            {
                "id": "launch-param-is-url",
                "severity": "error",
                "parameter": "launch",
                "spec": SPEC,
                "title": "The launch value is your app’s own address",
                "facts": {"note": "Given to your app in its launch URL."},
                "why": "Your app sent its own launch address. The hospital opened that address with a code in it.",
                "fix": "Send back the code this hospital gave you.",
            },
            {
                "id": "scope-comma-separated",
                "severity": "error",
                "parameter": "scope",
                "facts": {},
                "title": "The scopes are joined by commas",
                "why": "With commas the three read as one long name.",
                "fix": "Join them with single spaces; in a URL each space is written %20.",
                "spec": {"name": "RFC 6749, section 3.3", "url": "https://www.rfc-editor.org/rfc/rfc6749#section-3.3"},
            },
            {
                "id": "state-missing",
                "severity": "error",
                "parameter": "state",
                "facts": {},
                "title": "There is no state",
                "why": "State lets your app recognise its own answer and turn away a forged one.",
                "fix": "Make a random value of 22 characters or more, keep it, and compare it when the answer arrives.",
                "spec": SPEC,
            },
            {
                "id": "aud-trailing-slash",
                "severity": "warning",
                "parameter": "aud",
                "facts": {"note": "As iss had it."},
                "title": "The audience ends with a slash",
                "why": "Some hospitals let it pass. Others compare every character.",
                "fix": f"Send the iss of the launch as it is: {BASE}/general/dstu2",
                "spec": SPEC,
            },
            {
                "id": "reg-launch-uri-equals-redirect-uri",
                "severity": "info",
                "facts": {},
                "spec": SPEC,
                "title": "Your launch and redirect addresses are the same page",
                "why": "It works; it is easy to get wrong.",
                "fix": "Consider two addresses.",
            },
        ],
        "corrected": {
            "kind": "authorize_url",
            "url": address + "&launch=kX7mQ2vTn9RbW4cJ8sLzHd"
            "&scope=patient%2FPatient.read%20patient%2FObservation.read%20launch"
            "&aud=http%3A%2F%2Flocalhost%3A7425%2Fgeneral%2Fdstu2&state=Zk3vQ0m8yT1uWc7RkX2pLh",
        },
    }


def token_refused() -> dict[str, Any]:
    return {
        "id": "7712",
        "at": "2026-11-24T10:31:07+00:00",
        "stage": "token",
        "app": "c",
        "request": {
            "method": "POST",
            "url": f"{BASE}/general/oauth/token",
            "headers": {"Authorization": "Basic •••"},
            "body": "grant_type=authorization_code&code=•••&client_secret=•••&redirect_uri=http://a/",
        },
        "response": {"status": 400, "body": '{"error":"invalid_grant"}'},
        "checks": [{"name": "code_is_unused", "outcome": "refused"}],
        "findings": [
            {
                "id": "code-reused",
                "severity": "error",
                "title": "Your app sent the same code twice",
                "why": "A code is redeemed once.",
                "fix": "Send it once.",
                "facts": {},
                "spec": None,
            }
        ],
        "corrected": None,
    }


def granted() -> dict[str, Any]:
    return {
        "id": "1",
        "stage": "access",
        "request": {"method": "GET", "url": f"{BASE}/general/r4/Patient/p1"},
        "response": {"status": 200},
        "checks": [],
        "findings": [],
        "corrected": None,
    }


def exchange_pages() -> dict[str, tuple[str, Any, Frame]]:
    def view(given: dict[str, Any], **more: str) -> exchange.ExchangeView:
        return exchange.exchange_view(given, **more)  # type: ignore[arg-type]

    full = view(
        refused(),
        app="Pressure Notes",
        app_href="/developer/apps/9ab4",
        hospital="General Hospital, DSTU2",
        app_id="9ab4",
    )
    return {
        "exchange": ("exchange", full, WORKSHOP),
        "exchange-token": ("exchange", view(token_refused()), WORKSHOP),
        "exchange-granted": ("exchange", view(granted()), WORKSHOP),
        "exchange-failed": ("exchange", view({**granted(), "response": {"status": 404}}), WORKSHOP),
    }


PEOPLE = (
    entrance.Candidate("p-0017", "Peters", "Timothy", "m", "14 Mar 1961", "4002-1187", "waiting now, Room 4"),
    entrance.Candidate("p-0031", "Peters", "Agnes", "f", "3 Nov 1938", "4002-0311", "seen 4 Aug"),
    entrance.Candidate("p-0240", "Peters-Adjei", "Kofi", "m", "1 Jul 2017", "4002-2240", "today, 11:45"),
    entrance.Candidate("p-0907", "Petersen", "Marek", "m", "26 May 1968", "4002-0907", "seen today"),
)
SCOPES = (
    "patient/Patient.rs",
    "patient/Observation.rs?category=laboratory",
    "patient/MedicationRequest.cruds",
    "user/*.read",
    "system/Basic.s",
    "openid",
    "fhirUser",
    "online_access",
    "offline_access",
    "launch",
    "launch/patient",
)


def entrance_pages() -> dict[str, tuple[str, Any, Frame]]:
    accounts = (
        entrance.Account("okafor", "Dr. Amara Okafor", "Internal medicine, sees every patient"),
        entrance.Account("peters", "Timothy Peters", "Patient, sees his own record", patient=True),
    )
    sign_in = entrance.SignInView(
        action="/general/ehr/sign-in",
        hospital="General Hospital",
        accounts=accounts,
        request="r1",
        app="Pressure Notes",
        fault="No account here has this name and password.",
    )
    consent = entrance.ConsentView(
        action="/general/oauth/consent",
        app="Pressure Notes",
        patient="Timothy Peters",
        user="Dr. Okafor",
        request="r1",
        groups=entrance.ask_groups(SCOPES, "Timothy Peters", "Dr. Okafor"),
        goes_to="http://localhost:8100/",
        about="It runs at localhost:8100 and was registered at 10:27.",
        request_href="/exchanges/1",
        dropped=(Chip("patient/Condition.write", "dropped", "the registration of this app does not list it"),),
    )
    return {
        "sign_in": ("sign_in", sign_in, DOOR),
        "sign_in-least": ("sign_in", entrance.SignInView(action="/s", hospital="General Hospital"), DOOR),
        "admin_sign_in": (
            "admin_sign_in",
            entrance.AdminSignInView(action="/developer/sign-in", where="It is here.", fault="This isn’t the admin token."),
            WORKSHOP,
        ),
        "admin_sign_in-least": (
            "admin_sign_in",
            entrance.AdminSignInView(action="/s", where="."),
            replace(WORKSHOP, administrator=True),
        ),
        "picker": (
            "picker",
            entrance.PickerView(action="/p", app="Pressure Notes", candidates=PEOPLE, request="r1", query="Peters", total=50),
            WARD,
        ),
        "picker-least": ("picker", entrance.PickerView(action="/p", app="A", candidates=(), query="Petrs"), DOOR),
        "consent": ("consent", consent, DOOR),
        "consent-least": ("consent", entrance.ConsentView(action="/c", app="A", groups=(), goes_to="app://x"), DOOR),
    }


def notice_pages() -> dict[str, tuple[str, Any, Frame]]:
    return {
        "not-found": ("notice", notice.not_found("/nowhere"), WORKSHOP),
        "continue": ("notice", notice.continue_in_tab("/x", "Pressure Notes"), DOOR),
        "signed-out": ("notice", notice.signed_out("General Hospital", "/general/ehr/sign-in"), DOOR),
        "notice-least": ("notice", notice.NoticeView(title="T", text="t", others=(Link("a", "b"),)), WORKSHOP),
    }


def ward_pages() -> dict[str, tuple[str, Any, Frame]]:
    patients = {one["id"]: one for one in records.PATIENTS}
    rows = tuple(chart.patient_row(one, f"/general/ehr/patients/{one['id']}") for one in records.PATIENTS)
    listed = ward.PatientsView(search="/general/ehr/patients", rows=rows, total=50, more="/general/ehr/patients?from=4")
    nobody = ward.PatientsView(search="/general/ehr/patients", rows=(), total=50, query="Petrs")
    today = date(2026, 11, 24)
    full = day.day_view(
        today,
        records.APPOINTMENTS,
        patients,
        listed,
        ward="/general/ehr",
        now=datetime(2026, 11, 24, 10, 24, tzinfo=UTC),
        previous="?date=2026-11-23",
        following="?date=2026-11-25",
        today="/general/ehr",
    )
    allergies = chart.allergies(records.ALLERGIES)
    labs, labs_day = chart.labs(records.OBSERVATIONS)
    lines = (
        ward.Line("10:41:09.016", "GET", "/Observation?patient=p-0017&category=vital-signs", 200, "6 ms", "/exchanges/1"),
        ward.Line("10:41:08.951", "POST", "/general/oauth/token", 400, "11 ms"),
    )
    app = ward.OpenApp(
        name="Pressure Notes",
        src="about:blank",
        origin="localhost:8100",
        tab="/t",
        close="/c",
        timeline="/l",
        requests=lines,
        said="Two requests, one refused.",
        summary="For 58 more minutes.",
    )
    record = ward.ChartView(
        banner=chart.banner(records.PATIENTS[0], today, allergies, "10:30, Room 4", "yearly review"),
        tiles=(
            ward.Tile("a1", "Pressure Notes", "?app=a1", "last launch refused", open=True),
            ward.Tile("a2", "Sample app", "?app=a2", "finds patients by name", tone="g"),
        ),
        register=Link("Register an app", "/developer/register"),
        open=app,
        others=(Link("Sample app, DSTU2", "?app=a3"), Link("Another", "?app=a4")),
        suggestions=(
            ward.Suggestion(
                "Two drugs do not go together",
                "critical",
                "Drug service",
                "Both lower the potassium.",
                (
                    ward.Errand("Open the list", "?app=a2&card=1", "Sample app", open=True),
                    ward.Errand("Open it elsewhere", note="No app at this hospital has the launch URI x"),
                ),
            ),
            ward.Suggestion("A screening is due", "warning", "Forms"),
            ward.Suggestion(
                "Read more", "info", "Library", links=(ward.Errand("The guideline", "https://guides.example.org", alone=True),)
            ),
        ),
        errands=(
            ward.Errand("Fill in the form", "?app=a2&task=1", "Sample app"),
            ward.Errand("Call back", note="no such app"),
            ward.Errand("Open an app", "https://app.example.org", "on its own", alone=True),
        ),
        pressure=chart.pressure(records.OBSERVATIONS),
        signs=chart.signs(records.OBSERVATIONS),
        problems=chart.problems(records.CONDITIONS),
        medications=chart.medications(records.ORDERS),
        allergies=allergies,
        labs=labs,
        labs_day=labs_day,
    )
    least = ward.ChartView(banner=chart.banner(records.PATIENTS[1], today))
    here = replace(WARD, here="Patients")
    return {
        "day": ("day", full, replace(WARD, here="Today")),
        "day-least": ("day", day.day_view(today, (), {}, nobody, ward="/general/ehr"), WARD),
        "patients": ("patients", listed, here),
        "patients-least": ("patients", ward.PatientsView(search="/p", rows=(), total=0), here),
        "chart": ("chart", record, here),
        "chart-closed": ("chart", replace(record, open=None), here),
        "chart-least": ("chart", least, here),
        "requests": ("requests", ward.RequestsView(requests=lines, said="Two requests."), WARD),
        "requests-least": ("requests", ward.RequestsView(requests=(), said=""), WARD),
    }


def _hospital(text: str, fault: str) -> portal.HospitalView:
    rows = portal.policy_rows(Policy(), {"token_lifetime": 30}, {"state_required": False})
    return portal.HospitalView(title="General Hospital", name="general", rows=rows, action="/h", policy=text, fault=fault)


def portal_pages() -> dict[str, tuple[str, Any, Frame]]:
    found = parts.findings(refused()["findings"])
    here = replace(WORKSHOP, here="Developer portal")
    choice = (parts.Choice("general", "General Hospital", True), parts.Choice("cerner", "Cerner dialect"))
    row = portal.AppRow(
        "Pressure Notes",
        "/developer/apps/9ab4",
        "For clinicians, public",
        "General Hospital",
        "5f0c2b1e",
        "10:41",
        "passed",
    )
    app = portal.AppView(
        name="Pressure Notes",
        summary=portal.kind_of_app("provider", "public", 1, "General Hospital"),
        client_id="5f0c2b1e-7d34-4a6b-9c88-1e2f3a4b5c6d",
        app_id="9ab41c07-52de-4f0e-8a3b-6d1c7e20f4b5",
        secret="s3cr3t",
        launch_uri="http://localhost:8100/launch",
        redirect_uris=("http://localhost:8100/", "app://back"),
        fhir_base=f"{BASE}/general/dstu2",
        fhir="DSTU2",
        scopes=portal.scope_kinds(SCOPES, {"openid": "never"}),
        launches=(
            portal.LaunchRow("10:41", "Timothy Peters", "Dr. Okafor", "passed", "Launched", "0.4 s", "/timelines/1"),
            portal.LaunchRow("10:31", "Timothy Peters", "Dr. Okafor", "refused", "There is no state"),
        ),
        all_launches="/exchanges?app=9ab4",
        findings=found[3:],
        auto="Its sign-in passes as Dr. Okafor.",
        launch_action="/general/ehr/launch",
        patients=choice,
        users=choice,
        encounters=choice,
        command="sickbay launch 'Pressure Notes' --open",
        remove="/developer/apps/9ab4/remove",
        rotate="/developer/apps/9ab4/secret",
        policy_action="/developer/apps/9ab4/policy",
        knobs=portal.knobs(Policy())[:2],
        enable_action="/developer/apps/9ab4/enable",
        elsewhere=(
            portal.Elsewhere("cerner", "Cerner dialect", command="sickbay apps enable 9ab4 --tenant cerner"),
            portal.Elsewhere("epic", "Epic dialect", href="/developer/apps/7c11"),
            portal.Elsewhere("other", "Other Hospital", reason="other supports FHIR R4 and DSTU2, not R5."),
        ),
    )
    register = portal.RegisterView(
        action="/developer/register",
        tenants=choice,
        versions=(parts.Choice("r4", "R4"), parts.Choice("dstu2", "DSTU2")),
        types=portal.type_choices(),
        clients=portal.client_choices(),
        smart=portal.smart_choices(),
        boxes=portal.scope_boxes(),
        command="sickbay apps add …",
    )
    faulty = replace(
        register,
        findings=found[:1],
        faults={"redirect_uris": "The address lacks http:// at its start."},
        values={"name": "Pressure Notes", "redirect_uris": "localhost:8100"},
    )
    return {
        "apps": (
            "apps",
            portal.AppsView((row,), "/developer/register", (Link("General", "/h"), Link("Epic", "/e"))),
            here,
        ),
        "apps-least": ("apps", portal.AppsView((), "/developer/register"), here),
        "app": ("app", app, here),
        "hospital": ("hospital", _hospital("token_lifetime = 30", ""), here),
        "hospital-wrong": (
            "hospital",
            _hospital("pkce = 5", "The policy pkce must be required, if-sent or off"),
            here,
        ),
        "app-least": ("app", portal.AppView(name="A", summary="s", client_id="c", app_id="a"), here),
        "register": ("register", register, here),
        "register-faulty": ("register", faulty, here),
        "register-least": ("register", portal.RegisterView(action="/r", tenants=(), versions=()), here),
    }


def workshop_pages() -> dict[str, tuple[str, Any, Frame]]:
    hospital = workshop.Hospital(
        "General Hospital",
        "Follows the specifications exactly. Start here.",
        (workshop.Address("R4", f"{BASE}/general/r4"), workshop.Address("DSTU2", f"{BASE}/general/dstu2")),
        "/general/ehr/sign-in",
        "/general/ehr/sign-in?as=patient",
    )
    first = workshop.FirstLaunch(
        "Timothy Peters, 65", "He is seen at 10:30 by Dr. Amara Okafor.", "/chart", "Sample app", "/l", "/t"
    )
    lately = (
        workshop.Lately("refused", "The scopes are joined by commas", "Pressure Notes, 10:28", "/exchanges/1"),
        workshop.Lately("passed", "Launched for Timothy Peters", "Sample app, 10:24", "/timelines/1"),
    )
    home = workshop.HomeView(
        hospitals=(hospital, replace(hospital, name="Another")),
        people="50 invented patients in each",
        first=first,
        lately=lately,
    )
    launched = {
        **granted(),
        "id": "0",
        "stage": "launch",
        "at": 1795516252.118,
        "request": {"method": "GET", "url": f"{BASE}/general/ehr/launch"},
    }
    story = workshop.timeline_view(
        "l-8f3e21",
        [launched, refused()],
        app="Pressure Notes",
        hospital="General Hospital",
        origin="localhost:8100",
        patient="Timothy Peters",
        user="Dr. Okafor",
    )
    lines = (workshop.exchange_line(refused(), app="Pressure Notes"), workshop.exchange_line(granted()))
    here = {name: replace(WORKSHOP, here=name) for name in ("Hospitals", "Exchanges", "Doctor", "Rules")}
    return {
        "home": ("home", home, here["Hospitals"]),
        "home-least": ("home", workshop.HomeView(hospitals=(), people="none"), here["Hospitals"]),
        "exchanges": ("exchanges", workshop.ExchangesView(lines=lines, more="/exchanges?from=2"), here["Exchanges"]),
        "exchanges-least": ("exchanges", workshop.ExchangesView(lines=(), missing="nope"), here["Exchanges"]),
        "timeline": ("timeline", story, here["Exchanges"]),
        "timeline-least": ("timeline", workshop.timeline_view("l", [], app="A", hospital="H"), here["Exchanges"]),
        "doctor-least": ("doctor", workshop.DoctorView(), here["Doctor"]),
        "doctor-fault": (
            "doctor",
            workshop.DoctorView(input="?", fault="Not recognised. Paste a URL, a curl command or a JSON response."),
            here["Doctor"],
        ),
        **diagnosed_pages(here["Doctor"], here["Rules"]),
    }


def diagnosed_pages(doctor_frame: Frame, rules_frame: Frame) -> dict[str, tuple[str, Any, Frame]]:
    case = load(paths()["state-missing"])
    rule = next(one for one in RULES if one.id == case.id)
    found = diagnose(case.refused)
    return {
        "doctor": ("doctor", diagnosed.doctor_view(case.refused["url"], case.refused, found), doctor_frame),
        "rules": ("rules", diagnosed.rules_view(RULES), rules_frame),
        "rule": ("rule", diagnosed.rule_view(rule, case, found), rules_frame),
        "rule-least": ("rule", diagnosed.rule_view(rule, None), rules_frame),
    }


def visit_pages() -> dict[str, tuple[str, Any, Frame]]:
    encounter = {
        "id": "e-1",
        "status": "finished",
        "period": {"start": "2026-03-14T09:00:00+01:00"},
        "type": [{"text": "Yearly review"}],
        "reasonCode": [{"text": "Blood pressure"}],
    }
    least = visits.VisitsView(action="/general/oauth/continue", app="Pressure Notes", patient="")
    full = replace(least, patient="Timothy Peters", request="r", choices=visits.choices([encounter, {"id": "e-2"}]))
    none = manage.ManageView(action="/general/oauth/manage", person="Ines Moreau", hospital="General Hospital")
    asks = entrance.ask_groups(SCOPES)[0].asks
    apps = tuple(
        manage.AllowedApp(f"c{live}{away}", "Pressure Notes", "14 Mar 2026", asks, live, away)
        for live, away in ((True, True), (True, False), (False, False))
    )
    return {
        "manage": ("manage", replace(none, apps=apps), WARD),
        "manage-least": ("manage", none, WARD),
        "visits": ("visits", full, DOOR),
        "visits-least": ("visits", least, DOOR),
    }


PARTS: list[Callable[[], dict[str, tuple[str, Any, Frame]]]] = [
    exchange_pages,
    entrance_pages,
    notice_pages,
    ward_pages,
    portal_pages,
    workshop_pages,
    visit_pages,
]


def pages() -> dict[str, tuple[str, Any, Frame]]:
    """Name of the case -> template, view, frame."""
    return {name: page for part in PARTS for name, page in part().items()}
