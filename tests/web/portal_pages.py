"""Sample views of the developer portal, with minimal and maximal content."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from tests.web.exchange_pages import make_refused
from tests.web.page_frames import BASE, DEVELOPER
from tests.web.sign_in_pages import SCOPES

from sickbay.authorization.models import Policy
from sickbay.protocol.parameters import Parameters
from sickbay.web.pages import parts
from sickbay.web.pages.parts import ClockView, Frame, Link
from sickbay.web.portal import lookup_view, policy_form
from sickbay.web.portal import views as portal_views
from sickbay.web.portal.resources_view import ResourceRow, ResourcesView
from sickbay.web.portal.time_view import SecretRow, SnapshotRow, TimeView

CHOICES = (parts.Choice("general", "General Hospital", True), parts.Choice("cerner", "Cerner dialect"))
FINDINGS = parts.make_finding_views(make_refused()["findings"])

TIME = TimeView(
    now="30 Nov 2026, 21:44:00",
    real="30 Nov 2026, 21:44:00",
    offset="real time",
    frozen=False,
    is_real=True,
    moves=("+1h", "-1d"),
    action="/developer/time",
)


def _app() -> portal_views.AppView:
    return portal_views.AppView(
        name="Pressure Notes",
        summary=portal_views.kind_of_app("provider", "public", 1, "General Hospital"),
        client_id="5f0c2b1e-7d34-4a6b-9c88-1e2f3a4b5c6d",
        app_id="9ab41c07-52de-4f0e-8a3b-6d1c7e20f4b5",
        next_step=portal_views.NextStep("Request a token", "At `/token`.", Link("Write a service", "/docs"), "sickbay token a"),
        secret="s3cr3t",
        launch_uri="http://localhost:8100/launch",
        redirect_uris=("http://localhost:8100/", "app://back"),
        fhir_base=f"{BASE}/general/dstu2",
        fhir="DSTU2",
        scopes=portal_views.scope_kinds(SCOPES),
        launches=(
            portal_views.LaunchRow("10:41", "Timothy Peters", "Dr. Okafor", "passed", "Launched", "0.4 s", "/timelines/1"),
            portal_views.LaunchRow("10:31", "Timothy Peters", "Dr. Okafor", "refused", "There is no state"),
        ),
        all_launches="/exchanges?app=9ab4",
        findings=FINDINGS[3:],
        auto="Signs in automatically as Dr. Okafor.",
        launch_action="/general/ehr/launch",
        patients=CHOICES,
        users=CHOICES,
        encounters=CHOICES,
        command="sickbay launch 'Pressure Notes' --open",
        remove="/developer/apps/9ab4/remove",
        rotate="/developer/apps/9ab4/secret",
        policy_action="/developer/apps/9ab4/policy",
        policy_form="/developer/apps/9ab4/settings",
        enable_action="/developer/apps/9ab4/enable",
        other_hospitals=(
            portal_views.OtherHospital("cerner", "Cerner dialect", command="sickbay apps enable 9ab4 --tenant cerner"),
            portal_views.OtherHospital("epic", "Epic dialect", href="/developer/apps/7c11"),
            portal_views.OtherHospital("other", "Other Hospital", reason="other supports FHIR R4 and DSTU2, not R5."),
        ),
    )


def _hospital(text: str, fault: str, token_lifetime: str = "30") -> portal_views.HospitalView:
    sent = Parameters((("token_lifetime", token_lifetime),)) if not token_lifetime.isdecimal() else None
    faults = {"token_lifetime": "Enter a number of seconds, 1 or more."} if sent else {}
    chosen, file = {"token_lifetime": 30}, {"state_required": False}
    groups = policy_form.make_groups(Policy(), chosen, file, sent=sent, faults=faults)
    return portal_views.HospitalView(
        title="General Hospital", name="general", groups=groups, action="/h", policy=text, fault=fault
    )


def _hospitals(**more: Any) -> portal_views.HospitalsView:
    rows = (
        portal_views.HospitalRow(
            "general", "General Hospital", "r4, dstu2", "/developer/hospitals/general", "/general/ehr", False
        ),
        portal_views.HospitalRow(
            "riverside", "Riverside Clinic", "r4", "/developer/hospitals/riverside", "/riverside/ehr", True
        ),
    )
    return portal_views.HospitalsView(rows=rows, action="/developer/hospitals", **more)


MCP = "https://mcp.example.org/mcp"


def _resources(**more: Any) -> ResourcesView:
    metadata = '{\n  "resource": "https://mcp.example.org/mcp"\n}'
    well_known = "https://mcp.example.org/.well-known/oauth-protected-resource/mcp"
    rows = (
        ResourceRow(MCP, "Vitals", "patient/Observation.rs", "Vitals server", well_known, metadata, "a1"),
        ResourceRow("http://localhost:9000/mcp", "", "", "", well_known, metadata),
    )
    return ResourcesView(
        title="General Hospital",
        hospital="general",
        action="/developer/hospitals/general/resources",
        bases=("http://localhost:7425/general/r4",),
        rows=() if more else rows,
        clients=(parts.Choice("c1", "Vitals server", True),),
        **more,
    )


def _app_policy(**more: Any) -> portal_views.AppPolicyView:
    groups = policy_form.make_groups(Policy(), {"code_lifetime": 5}, {}, app=True)
    app, hospital = parts.Link("Pressure Notes", "/developer/apps/9ab4"), parts.Link("General Hospital", "/h")
    return portal_views.AppPolicyView(app=app, hospital=hospital, groups=groups, action="/settings", **more)


def _policy_pages(here: Frame) -> dict[str, tuple[str, Any, Frame]]:
    return {
        "hospital": ("hospital", _hospital("token_lifetime = 30", ""), here),
        "hospital-wrong-field": ("hospital", _hospital("token_lifetime = 30", "", "soon"), here),
        "resources": ("resources", _resources(), here),
        "resources-wrong": (
            "resources",
            _resources(url="mcp", name="Mine", scopes="tools", fault="url must be the http or https URL of a server."),
            here,
        ),
        "hospitals": ("hospitals", _hospitals(saved="Added."), here),
        "hospitals-wrong": (
            "hospitals",
            _hospitals(file="tokn = 1", problems=("Line 1: There is no key tokn. Did you mean token?",)),
            here,
        ),
        "app-policy": ("app_policy", _app_policy(), here),
        "app-policy-late": ("app_policy", _app_policy(fault="This page was probably open for too long. Try again."), here),
        "hospital-wrong": (
            "hospital",
            _hospital("pkce = 5", "The policy pkce must be required, if-sent or off"),
            here,
        ),
    }


def lookup_pages() -> dict[str, tuple[str, Any, Frame]]:
    rows = (
        lookup_view.FoundRow("Pressure Notes", "/developer/apps/9ab4", "For clinicians, public", "5f0c2b1e"),
        lookup_view.FoundRow("`aud` is missing", "/exchanges/x", "10:41, Token request, 400", kind="refused"),
        lookup_view.FoundRow("GET /general/r4/Patient", "/exchanges/y", "10:42", kind="passed"),
    )
    groups = (lookup_view.FoundGroup("Exchanges", rows, Link("Show them in the list of exchanges", "/exchanges?q=a")),)
    return {
        "lookup": ("lookup", lookup_view.LookupView(text="pressure", groups=groups, explains=True), DEVELOPER),
        "lookup-none": (
            "lookup",
            lookup_view.LookupView(text="x" * 300, explains=True, full=False, sign_in="/developer/sign-in"),
            DEVELOPER,
        ),
        "lookup-least": ("lookup", lookup_view.LookupView(text=""), DEVELOPER),
    }


def portal_pages() -> dict[str, tuple[str, Any, Frame]]:
    here = replace(DEVELOPER, here="Developer portal")
    row = portal_views.AppRow(
        "Pressure Notes",
        "/developer/apps/9ab4",
        "For clinicians, public",
        "General Hospital",
        "5f0c2b1e",
        "`aud` is missing",
        "refused",
    )
    app = _app()
    register = portal_views.RegisterView(
        action="/developer/register",
        tenants=CHOICES,
        versions=(parts.Choice("r4", "R4"), parts.Choice("dstu2", "DSTU2")),
        types=portal_views.type_choices(),
        clients=portal_views.client_choices(),
        smart=portal_views.smart_choices(),
        boxes=portal_views.scope_boxes(),
        command="sickbay apps add …",
    )
    faulty = replace(
        register,
        findings=FINDINGS[:1],
        faults={"redirect_uris": "The URL must start with http://."},
        values={"name": "Pressure Notes", "redirect_uris": "localhost:8100"},
    )
    return {
        "apps": (
            "apps",
            portal_views.AppsView((row,), "/developer/register", (Link("General", "/h"), Link("Epic", "/e"))),
            here,
        ),
        "apps-least": ("apps", portal_views.AppsView((), "/developer/register"), here),
        "app": ("app", app, here),
        **_policy_pages(here),
        "time": ("time", TIME, here),
        "time-frozen": (
            "time",
            replace(
                TIME,
                frozen=True,
                is_real=False,
                offset="2 hours ahead of real time",
                fault="Enter a sign.",
                text="2h",
                snapshots=(SnapshotRow("before-upgrade", "30 Nov 2026, 21:44:00", "1.2 MB"),),
                snapshot_fault="There is one.",
                import_fault="The file isn't a zip that `sickbay snapshot export` wrote.",
                done="Saved the snapshot.",
                secrets=(SecretRow("sample-app", "sample", "a-new-secret"),),
            ),
            replace(here, clock=ClockView("1 Dec 2026, 23:44:17", "2 hours ahead of real time", True)),
        ),
        "app-least": ("app", portal_views.AppView(name="A", summary="s", client_id="c", app_id="a"), here),
        "register": ("register", register, here),
        "register-faulty": ("register", faulty, here),
        "register-least": ("register", portal_views.RegisterView(action="/r", tenants=(), versions=()), here),
    }
