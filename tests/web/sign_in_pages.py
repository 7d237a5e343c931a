"""Pages of signing in, consent, pickers and visits, with as much and as little as they can show."""

from __future__ import annotations

from typing import Any

from msgspec import structs
from msgspec.structs import replace
from tests.web.page_frames import DEVELOPER, EHR, SIGN_IN

from sickbay.web.oauth import authorized_apps_view, visit_picker
from sickbay.web.oauth import sign_in as oauth_sign_in
from sickbay.web.pages.parts import Chip, Frame

PEOPLE = (
    oauth_sign_in.Candidate("p-0017", "Peters", "Timothy", "m", "14 Mar 1961", "4002-1187"),
    oauth_sign_in.Candidate("p-0031", "Peters", "Agnes", "f", "3 Nov 1938", "4002-0311"),
    oauth_sign_in.Candidate("p-0240", "Peters-Adjei", "Kofi", "m", "1 Jul 2017", "4002-2240"),
    oauth_sign_in.Candidate("p-0907", "Petersen", "Marek", "m", "26 May 1968", "4002-0907"),
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


def sign_in_pages() -> dict[str, tuple[str, Any, Frame]]:
    accounts = (
        oauth_sign_in.Account("okafor", "Dr. Amara Okafor", "Internal medicine, sees every patient"),
        oauth_sign_in.Account("peters", "Timothy Peters", "Patient, sees his own record", patient=True),
    )
    sign_in = oauth_sign_in.SignInView(
        action="/general/ehr/sign-in",
        hospital="General Hospital",
        accounts=accounts,
        request="r1",
        app="Pressure Notes",
        fault="Wrong username or password.",
    )
    consent = oauth_sign_in.ConsentView(
        action="/general/oauth/consent",
        app="Pressure Notes",
        patient="Timothy Peters",
        user="Dr. Okafor",
        request="r1",
        groups=oauth_sign_in.consent_groups(SCOPES, "Timothy Peters", "Dr. Okafor"),
        goes_to="http://localhost:8100/",
        about="It runs at localhost:8100 and was registered at 10:27.",
        request_href="/exchanges/1",
        dropped=(Chip("patient/Condition.write", "dropped", "the registration of this app does not list it"),),
    )
    return {
        "sign_in": ("sign_in", sign_in, SIGN_IN),
        "sign_in-least": ("sign_in", oauth_sign_in.SignInView(action="/s", hospital="General Hospital"), SIGN_IN),
        "admin_sign_in": (
            "admin_sign_in",
            oauth_sign_in.AdminSignInView(
                action="/developer/sign-in", where="It is here.", fault="This isn’t the admin token."
            ),
            DEVELOPER,
        ),
        "admin_sign_in-least": (
            "admin_sign_in",
            oauth_sign_in.AdminSignInView(action="/s", where="."),
            replace(DEVELOPER, administrator=True),
        ),
        "picker": (
            "picker",
            oauth_sign_in.PickerView(
                action="/p", app="Pressure Notes", candidates=PEOPLE, request="r1", query="Peters", total=50
            ),
            EHR,
        ),
        "picker-least": ("picker", oauth_sign_in.PickerView(action="/p", app="A", candidates=(), query="Petrs"), SIGN_IN),
        "consent": ("consent", consent, SIGN_IN),
        "consent-agent": ("consent", structs.replace(consent, **AGENT), SIGN_IN),
        "consent-least": ("consent", oauth_sign_in.ConsentView(action="/c", app="A", groups=(), goes_to="app://x"), SIGN_IN),
    }


AGENT: dict[str, Any] = {
    "client_host": "agent.example.com",
    "redirect_host": "localhost:51234",
    "on_this_machine": True,
    "resource": "Vitals for agents",
}


def visit_pages() -> dict[str, tuple[str, Any, Frame]]:
    encounter = {
        "id": "e-1",
        "status": "finished",
        "period": {"start": "2026-03-14T09:00:00+01:00"},
        "type": [{"text": "Yearly review"}],
        "reasonCode": [{"text": "Blood pressure"}],
    }
    least = visit_picker.VisitsView(action="/general/oauth/continue", app="Pressure Notes", patient="")
    full = structs.replace(
        least, patient="Timothy Peters", request="r", choices=visit_picker.list_choices([encounter, {"id": "e-2"}])
    )
    none = authorized_apps_view.ManageView(action="/general/oauth/manage", person="Ines Moreau", hospital="General Hospital")
    items = oauth_sign_in.consent_groups(SCOPES)[0].items
    apps = tuple(
        authorized_apps_view.AllowedApp(f"c{live}{away}", "Pressure Notes", "14 Mar 2026", items, live, away)
        for live, away in ((True, True), (True, False), (False, False))
    )
    return {
        "manage": ("manage", replace(none, apps=apps, start=25, total=53, before="/a", after="/b"), EHR),
        "manage-least": ("manage", none, EHR),
        "visits": ("visits", full, SIGN_IN),
        "visits-least": ("visits", least, SIGN_IN),
    }
