"""The EHR over HTTP: sign-in, schedule, patient list, chart, and the app launched from it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.launch.url import launch_uri
from sickbay.authorization.models import Client, User
from sickbay.kernel import english
from sickbay.population import TOUR_TIME
from sickbay.protocol.parameters import Parameters, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import launch as launches
from sickbay.services import patients, registration, sessions
from sickbay.services.context import Tenant
from sickbay.services.journal import read as journal_reader
from sickbay.services.journal.read import Timeline
from sickbay.services.sessions import Session
from sickbay.storage.interface import ResourceSpace
from sickbay.web import cookies, html_response, http_request, students
from sickbay.web.admin_guard import is_own_path
from sickbay.web.ehr import chart as pages
from sickbay.web.ehr import chart_data, schedule, strip
from sickbay.web.ehr.app_tiles import TileOptions, read_favourites
from sickbay.web.ehr.frame_notice import SANDBOX
from sickbay.web.ehr.views import OpenApp, PatientsView
from sickbay.web.exchanges.handlers import may_read_all
from sickbay.web.exchanges.list_view import shorten_address
from sickbay.web.oauth.login import allows_one_click, sign_in_view, signing_in_user
from sickbay.web.pages import notice
from sickbay.web.population_pending import wait_until_filled
from sickbay.web.redirects import redirect_to

VERSION = "r4"
PAGE = 25


class EhrPages:
    """The EHR pages of one hospital for one request: the signed-in user, and what that user may see."""

    def __init__(self, request: Request, sandbox: Sandbox, tenant: Tenant) -> None:
        self.request, self.sandbox, self.tenant = request, sandbox, tenant
        self.home = f"/{tenant.name}/ehr"
        self.session: Session | None = None
        self.user: User | None = None

    async def require_user(self) -> Response | None:
        """Returns None if a user is signed in, otherwise a redirect to the sign-in page."""
        self.session = await cookies.find_session(self.request, self.sandbox)
        self.user = await sessions.load_signed_in_user(self.sandbox.runtime, self.tenant, self.session)
        if self.user is None:
            current_path = http_request.raw_path(self.request.scope)
            query = self.request.url.query
            back = quote(f"{current_path}?{query}" if query else current_path, safe="")
            return redirect_to(f"{self.home}/sign-in?next={back}")
        await wait_until_filled(self.request, self.sandbox, ResourceSpace(self.tenant.name, VERSION))
        return None

    @property
    def origin(self) -> str:
        """The origin of the pages, as the browser sees it. A proxy may have terminated https."""
        scheme = "https" if self.sandbox.runtime.base.startswith("https:") else self.request.url.scheme
        return f"{scheme}://{self.request.url.netloc}"

    def page(
        self, name: str, view: object, here: str = "", frames: bool = False, status: int = 200, framed: bool = False
    ) -> Response:
        options = html_response.PageOptions(
            self.tenant, self.session, user=self.user, here=here, frames=frames, framed=framed, bare=framed
        )
        return html_response.render_page(self.request, self.sandbox, name, view, options, status)

    async def search(self, type: str, *parameters: tuple[str, str]) -> list[patients.Json]:
        return await patients.find_resources(self.sandbox.runtime, self.tenant, VERSION, type, parameters, self.user)

    def today(self) -> datetime.date:
        return self.sandbox.filling.today()

    def context(self, patient: str) -> dict[str, str]:
        """The values for placeholders in cards (launch_card.TOKENS). Patients see no cards."""
        if self.user is None or self.user.acts_for_patients:
            return {}
        return {"context.patientId": patient, "context.userId": "/".join(self.user.fhir_user.split("/")[-2:])}

    async def patient_list(self, query: str, cursor: str = "") -> PatientsView:
        """Search by name, birth date or record number. cursor: the start of the page."""
        parameters = [("_count", str(PAGE)), ("_sort", "family"), ("_total", "accurate"), *patients.search_parameters(query)]
        parameters += [("_cursor", cursor)] if cursor else []
        matches = await patients.list_patients(self.sandbox.runtime, self.tenant, VERSION, parameters, self.user)
        list_path = f"{self.home}/patients"
        shown = tuple(pages.patient_row(patient, f"{list_path}/{patient['id']}") for patient in matches.rows)
        next_page = {"q": query, "from": matches.next} if query else {"from": matches.next}
        more = f"{list_path}?{urlencode(next_page)}" if matches.next else ""
        back = (f"{list_path}?{urlencode({'q': query})}" if query else list_path) if cursor else ""
        return PatientsView(search=list_path, rows=shown, total=matches.total, query=query, more=more, first=back)


async def sign_in(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """GET shows the form, POST signs in. Then back to the requested page."""
    ehr = EhrPages(request, sandbox, tenant)
    session, cookie = await cookies.prepare_session(request, sandbox)
    query = http_request.query_of(request.scope)
    action = f"{ehr.home}/sign-in?{urlencode({'next': _requested_page(ehr, query)})}"
    fault, sent = "", Parameters()
    if request.method == "POST":
        sent = parse(await http_request.read_body(request))
        if not cookies.is_own_form(request, session, sent.get("csrf")):
            fault = cookies.rejection_reason(request)
        elif (user := await signing_in_user(request, sandbox, tenant, sent)) is not None:
            _, secret = await sessions.sign_in(sandbox.runtime, tenant, session, user)
            response = redirect_to(_requested_page(ehr, query))
            cookies.put(request, response, sandbox, secret)
            return response
        else:
            fault = "Wrong username or password."
    view = await sign_in_view(request, sandbox, tenant, action, fault=fault, username=sent.get("username") or "")
    leads_to = await _redirects_to(ehr, _requested_page(ehr, query))
    framed = tenant.policy.may_frame(signed_in=False)
    options = html_response.PageOptions(tenant, session, cookie, bare=True, framed=framed, leads_to=leads_to)
    return html_response.render_page(request, sandbox, "sign_in", view, options, 401 if fault else 200)


async def _redirects_to(ehr: EhrPages, next: str) -> tuple[str, ...]:
    """The launch URI, if signing in redirects to it: the form's Content-Security-Policy has to allow that."""
    path, _, query = next.partition("?")
    app = parse(query).get("app") if path == f"{ehr.home}/open" else None
    client = await registration.find_unambiguous_app(ehr.sandbox.runtime, app, ehr.tenant.name) if app else None
    opens = client is not None and students.may_open(ehr.request, ehr.sandbox, client)
    return (uri,) if client and opens and (uri := launch_uri(client)) else ()


def _requested_page(ehr: EhrPages, query: Parameters) -> str:
    """The requested page if it is one of this EHR or the list of authorized apps, else the start page of the EHR."""
    wanted = query.get("next") or ehr.home
    dialect = ehr.tenant.dialect
    ours = {ehr.home, *(f"/{ehr.tenant.name}{dialect.path('manage', persona)}" for persona in ("patient", "provider"))}
    is_ours = is_own_path(wanted) and (wanted in ours or wanted.startswith((f"{ehr.home}/", f"{ehr.home}?")))
    return wanted if is_ours else ehr.home


async def sign_out(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    ehr = EhrPages(request, sandbox, tenant)
    session = await cookies.find_session(request, sandbox)
    sent = parse(await http_request.read_body(request))
    if session is not None and cookies.is_own_form(request, session, sent.get("csrf")):
        await sessions.sign_out(sandbox.runtime, tenant, session)
    view = notice.make_signed_out(tenant.title, f"{ehr.home}/sign-in")
    return html_response.render_page(request, sandbox, "notice", view, html_response.PageOptions(tenant, session, bare=True))


async def redirect_to_ehr(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """Redirect a browser from the issuer to the EHR."""
    return redirect_to(f"/{tenant.name}/ehr")


async def show_today(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    ehr = EhrPages(request, sandbox, tenant)
    if redirect := await ehr.require_user():
        return redirect
    if ehr.user is not None and ehr.user.acts_for_patients:
        return redirect_to(_records_of(ehr, ehr.user))
    current = ehr.today()
    chosen = english.parse_date(request.query_params.get("date")) or current
    appointments = await ehr.search("Appointment", ("date", chosen.isoformat()), ("_count", "200"))
    ids = sorted({id for appointment in appointments if (id := schedule.find_actor(appointment, "Patient")[0])})
    known = await ehr.search("Patient", ("_id", ",".join(ids)), ("_count", "200")) if ids else []
    tasks = await ehr.search("Task", ("patient", ",".join(ids)), *chart_data.TO_DO) if ids else []
    now = datetime.datetime.combine(current, datetime.time.fromisoformat(TOUR_TIME), datetime.UTC)
    view = schedule.day_view(
        chosen,
        appointments,
        {patient["id"]: patient for patient in known},
        await ehr.patient_list(""),
        ehr=ehr.home,
        to_do=chart_data.list_tasks_of_patients(tasks),
        now=now if chosen == current else None,
        previous=_link_to_day(ehr, chosen, -1),
        following=_link_to_day(ehr, chosen, 1),
        today="" if chosen == current else ehr.home,
    )
    return ehr.page("day", view, "Today")


def _records_of(ehr: EhrPages, user: User) -> str:
    """The start page of a user without a schedule: a patient's own record, or the list if the user has several records."""
    type, _, id = user.fhir_user.rpartition("/")
    own = id if type.rpartition("/")[2] == "Patient" else user.only_patient
    return f"{ehr.home}/patients/{own}" if own else f"{ehr.home}/patients"


def _link_to_day(ehr: EhrPages, day: datetime.date, by: int) -> str:
    return f"{ehr.home}?date={(day + datetime.timedelta(days=by)).isoformat()}"


async def show_people(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    ehr = EhrPages(request, sandbox, tenant)
    if redirect := await ehr.require_user():
        return redirect
    query = request.query_params
    return ehr.page("patients", await ehr.patient_list(query.get("q", "").strip(), query.get("from", "")), "Patients")


async def show_chart(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """The record, the apps, and with ?app= one of them in a frame."""
    ehr = EhrPages(request, sandbox, tenant)
    if redirect := await ehr.require_user():
        return redirect
    id = request.path_params["patient"]
    patient = await patients.read_resource(sandbox.runtime, tenant, VERSION, "Patient", id, ehr.user)
    if patient is None:
        return ehr.page("notice", notice.make_no_record(ehr.home), status=404)
    launchable = [
        client
        for client in await registration.list_clients(sandbox.runtime, tenant.name)
        if launch_uri(client) and students.may_open(request, sandbox, client)
    ]
    apps = (
        [client for client in launchable if client.type == "patient" or client.sample]
        if ehr.user and ehr.user.acts_for_patients
        else launchable
    )
    chosen = next((client for client in apps if client.app_id == request.query_params.get("app")), None)
    at_work = {name: value for name in ("task", "card") if (value := request.query_params.get(name))}
    opened = _view_open_app(ehr, chosen, id, at_work) if chosen else None
    chart_path = f"{ehr.home}/patients/{id}"
    words = request.query_params.get("find", "").strip()
    tiles = TileOptions(chart_path, VERSION, allows_one_click(request), read_favourites(request), words)
    options = chart_data.ChartOptions(apps, chosen, opened, chart_path, at_work, ehr.context(id), VERSION, tiles)
    view = await chart_data.load_chart(ehr.search, patient, ehr.today(), options)
    return ehr.page("chart", view, "Patients", frames=opened is not None)


def _view_open_app(ehr: EhrPages, app: Client, patient: str, at_work: Mapping[str, str]) -> OpenApp:
    """The frame creates the launch when it loads. Both pages derive the same timeline id from the seed."""
    chart_path = f"{ehr.home}/patients/{patient}"
    seed = ehr.sandbox.runtime.effects.token(12)
    timeline = launches.timeline_of(ehr.sandbox.runtime, seed)
    open_it = f"{ehr.home}/open?{urlencode({'app': app.app_id, 'patient': patient, **at_work})}"
    parts, administers = urlsplit(app.launch_uri or ""), may_read_all(ehr.request)
    policy = ehr.tenant.override_for_app(app).policy
    return OpenApp(
        name=app.name,
        app_id=app.app_id,
        src=f"{open_it}&seed={seed}&framed=1",
        origin=f"{parts.scheme}://{parts.netloc}",
        tab=open_it,
        close=chart_path,
        live=f"{chart_path}/requests?timeline={timeline}",
        timeline=f"/timelines/{timeline}",
        probe=_probe_url(ehr, parts.hostname or ""),
        settings=f"/developer/apps/{app.app_id}/settings#p-frame_sandbox" if administers else "",
        exchanges=shorten_address("/exchanges", q=f"app:{app.app_id}") if administers else "",
        sandbox=SANDBOX[policy.frame_sandbox],
        allow="; ".join(policy.frame_allow),
        size=policy.frame_size,
    )


def _probe_url(ehr: EhrPages, app_host: str) -> str:
    """Two host names of one machine are different sites; two ports of one name are the same site."""
    host = ehr.request.url.hostname or ""
    other = {"localhost": "127.0.0.1", "127.0.0.1": "localhost"}.get(host)
    if other is None or app_host == host:
        return ""
    return str(ehr.request.url.replace(hostname=other, path="/static/probe.html", query=""))


async def show_requests(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """The fragment below the frame: the requests of the open app so far."""
    ehr = EhrPages(request, sandbox, tenant)
    if redirect := await ehr.require_user():
        return redirect
    id = request.query_params.get("timeline", "")
    timeline = (
        await journal_reader.read_timeline(sandbox.runtime, sandbox.journal, id, full=may_read_all(request))
        if id
        else Timeline([])
    )
    client = await registration.find_by_id(sandbox.runtime, timeline.exchanges[0]["app"]) if timeline.exchanges else None
    exchanges = shorten_address("/exchanges", q=f"launch:{id}") if may_read_all(request) else ""
    view = strip.requests_view(timeline, client, f"/timelines/{id}", sandbox.runtime.effects.arrival() / 1e6, exchanges)
    return ehr.page("requests", view)
