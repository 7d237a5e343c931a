"""Launches: an app opened from the EHR. The launch code is random, single-use, short-lived and bound to app and user."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from sickbay.authorization.launch import style as launch_style
from sickbay.authorization.launch import task as launch_task
from sickbay.authorization.launch.task import LaunchTaskRequest
from sickbay.authorization.launch.url import code_of, launch_url
from sickbay.authorization.models import Client, Launch
from sickbay.diagnosis.placeholders import PLACEHOLDER_LAUNCH
from sickbay.services import patients, records, registration
from sickbay.services.context import Runtime, Tenant
from sickbay.services.journal.disclosure import LAUNCH_PLACE
from sickbay.services.recent_launches import RecentLaunch
from sickbay.storage.interface import Put

EXTRAS = {
    "fhir_context": "fhirContext",
    "intent": "intent",
    "need_patient_banner": "need_patient_banner",
    "app_context": "appContext",
    "smart_style_url": "smart_style_url",
}
"""Maps names in /admin/launches to names in the token response (SMART 2.2, Launch Context)."""


class _Sent(msgspec.Struct, frozen=True):
    request: Any


class CreatedLaunch(NamedTuple):
    """launch: the code. url: the app's launch URI with iss and launch; "" if the app has none. timeline: public id."""

    launch: str
    iss: str
    url: str
    timeline: str


async def create_launch(
    runtime: Runtime,
    tenant: Tenant,
    client: Client,
    *,
    user: str | None = None,
    patient: str | None = None,
    encounter: str | None = None,
    context: dict[str, Any] | None = None,
    seed: str | None = None,
    student: str = "",
) -> CreatedLaunch:
    """Creates a launch. context: by the names of EXTRAS' values; defaults come from the EHR (banner, style and tenant).

    seed: from one of our pages, which shows the timeline of this launch (`timeline_of`). Each seed works for one launch.
    student: who launched it in class mode.
    """
    now, tenant = runtime.now(), tenant.override_for_app(client)
    timeline = timeline_of(runtime, seed) if seed else ""
    if not timeline or await runtime.store.find("launch", family=timeline, limit=1):
        timeline = runtime.effects.token(12)
    code, iss = code_of(runtime.keys.refresh, timeline), tenant.fhir_base(client.fhir)
    record = Launch(
        client_id=client.client_id,
        timeline=timeline,
        expires_at=now + tenant.policy.launch_lifetime,
        user=user,
        patient=patient,
        encounter=encounter,
        created_at=now,
        fhir=client.fhir,
        iss=iss,
        arrival=runtime.effects.arrival(),
        student=student,
        context=_default_context(tenant, patient) | (context or {}),
    )
    await runtime.store.transaction([Put(records.launch(records.digest(code), record, tenant.name))])
    runtime.recent_launches.note_request(timeline, RecentLaunch(tenant.name, "", record.arrival / 1e6))
    return CreatedLaunch(code, iss, launch_url(client, code, iss), timeline)


def timeline_of(runtime: Runtime, seed: str) -> str:
    """The timeline id for a launch that a page prepares. No one can choose a seed that results in a given timeline."""
    digest = hmac.digest(runtime.keys.refresh, f"timeline\0{seed}".encode("utf-8", "surrogatepass"), "sha256")
    return urlsafe_b64encode(digest[:12]).decode()


async def missing_reference(
    runtime: Runtime, tenant: Tenant, version: str, user: str | None, patient: str | None, encounter: str | None
) -> str:
    """Names the user or resource of a launch that the hospital doesn't have, in one sentence; "" if all exist."""
    found_user = await records.load_user(runtime, tenant, user) if user else None
    if user and found_user is None:
        return f"There is no user {user} at {tenant.name}"
    for type, id in (("Patient", patient), ("Encounter", encounter)):
        if id and not await patients.read_resource(runtime, tenant, version, type, id, None):
            return f"There is no {type}/{id} at {tenant.name} in {version}"
    return ""


async def find_opening_app(runtime: Runtime, tenant: Tenant, wanted: LaunchTaskRequest, version: str) -> Client | None:
    return launch_task.app_of(wanted, await registration.list_clients(runtime, tenant.name), version)


def _default_context(tenant: Tenant, patient: str | None) -> dict[str, Any]:
    banner = {"need_patient_banner": True} if patient else {}
    style = {"smart_style_url": tenant.base + launch_style.PATH}
    return banner | style | {"tenant": tenant.dialect.tenant_id or tenant.name}


async def find_launch(runtime: Runtime, tenant: Tenant, code: str) -> Launch | None:
    """The launch that this tenant issued under this code, with its stored used_at."""
    return await find_by_key(runtime, tenant, records.digest(code))


async def find_active_launch(runtime: Runtime, tenant: Tenant, client: Client) -> Launch | None:
    """The newest launch of this app that can still be used."""
    for record in await runtime.store.find("launch", tenant=tenant.name, owner=client.client_id, limit=20):
        if record.used_at is None and (record.expires_at or 0) > runtime.now():
            return records.parse(Launch, record.value)
    return None


def placeholder_of(timeline: str) -> str:
    """The placeholder for a launch code in a stored corrected request. `shown` replaces it with the code."""
    return f"launch-code-of-{timeline}"


async def fill_placeholders(runtime: Runtime, text: str, full: bool) -> str:
    """Replaces launch placeholders: for an administrator with the code while the launch can be used, else with a general one.

    text: an exchange as JSON. If the request itself contains a placeholder, no code is inserted.
    """
    timelines = set(LAUNCH_PLACE.findall(text))
    full = full and bool(timelines) and not LAUNCH_PLACE.search(str(msgspec.json.decode(text, type=_Sent).request))
    for timeline in timelines:
        code = code_of(runtime.keys.refresh, timeline)
        record = await runtime.store.get("launch", records.digest(code)) if full else None
        is_usable = record is not None and record.used_at is None and (record.expires_at or 0) > runtime.now()
        text = text.replace(placeholder_of(timeline), code if is_usable else PLACEHOLDER_LAUNCH)
    return text


async def find_by_key(runtime: Runtime, tenant: Tenant, key: str) -> Launch | None:
    record = await runtime.store.get("launch", key) if key else None
    if record is None or record.tenant != tenant.name:
        return None
    return structs.replace(records.parse(Launch, record.value), used_at=record.used_at)


async def find_by_timeline(runtime: Runtime, timeline: str) -> Launch | None:
    """The launch that started a timeline; None if it started without an EHR or the record has been deleted."""
    launches = await runtime.store.find("launch", family=timeline, limit=1)
    return records.parse(Launch, launches[0].value) if launches else None


def context_of(members: dict[str, Any]) -> dict[str, Any]:
    """The launch context from the members of a request to /admin/launches."""
    return {EXTRAS[name]: value for name, value in members.items() if name in EXTRAS and value is not None}
