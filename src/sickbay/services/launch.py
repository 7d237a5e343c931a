"""Launches: one opening of an app from the EHR. The code is random, single-use, short-lived, bound to app and user."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec

from sickbay.authorization import launch_style, launch_task
from sickbay.authorization.launch import code_of, launch_url
from sickbay.authorization.launch_task import LaunchTaskRequest
from sickbay.authorization.models import Client, Launch
from sickbay.diagnosis.corrections import PLACEHOLDER_LAUNCH
from sickbay.services import patients, records, registration, sessions
from sickbay.services.context import Runtime, Tenant
from sickbay.services.journal.disclosure import LAUNCH_PLACE
from sickbay.storage.interface import Put

EXTRAS = {
    "fhir_context": "fhirContext",
    "intent": "intent",
    "need_patient_banner": "need_patient_banner",
    "app_context": "appContext",
    "smart_style_url": "smart_style_url",
}
"""What /admin/launches takes -> as the token response will have it (SMART 2.2, Launch Context)."""


class _Sent(msgspec.Struct):
    request: Any


class CreatedLaunch(NamedTuple):
    """launch: the code. url: the app's launch URI with iss and launch; "" where the app has none. timeline: public id."""

    launch: str
    iss: str
    url: str
    timeline: str


async def launch(
    runtime: Runtime,
    tenant: Tenant,
    client: Client,
    *,
    user: str | None = None,
    patient: str | None = None,
    encounter: str | None = None,
    context: dict[str, Any] | None = None,
    seed: str | None = None,
) -> CreatedLaunch:
    """`context`: by the names of EXTRAS' values; what it does not say of banner, style and tenant is as the EHR has it.

    seed: from a page of ours that shows the timeline of this launch (`timeline_of`); used for one launch only.
    """
    now, tenant = runtime.now(), tenant.under(client)
    timeline = timeline_of(runtime, seed) if seed else ""
    if not timeline or await runtime.store.find("launch", family=timeline, limit=1):
        timeline = runtime.effects.token(12)
    code, iss = code_of(runtime.keys.refresh, timeline), tenant.fhir_base(client.fhir)
    made = Launch(
        client_id=client.client_id,
        timeline=timeline,
        expires_at=now + tenant.policy.launch_lifetime,
        user=user,
        patient=patient,
        encounter=encounter,
        created_at=now,
        fhir=client.fhir,
        iss=iss,
        context=_ours(tenant, patient) | (context or {}),
    )
    await runtime.store.transaction([Put(records.launch(records.digest(code), made, tenant.name))])
    return CreatedLaunch(code, iss, launch_url(client, code, iss), timeline)


def timeline_of(runtime: Runtime, seed: str) -> str:
    """The timeline's id for a launch that a page prepares. No one can choose a seed that leads to a given timeline."""
    made = hmac.digest(runtime.keys.refresh, f"timeline\0{seed}".encode("utf-8", "surrogatepass"), "sha256")
    return urlsafe_b64encode(made[:12]).decode()


async def absent(
    runtime: Runtime, tenant: Tenant, version: str, user: str | None, patient: str | None, encounter: str | None
) -> str:
    """What a launch names and the hospital does not have, in one sentence; "" where all is there."""
    person = await sessions.user(runtime, tenant, user) if user else None
    if user and person is None:
        return f"There is no user {user} at {tenant.name}"
    for type, id in (("Patient", patient), ("Encounter", encounter)):
        if id and not await patients.read(runtime, tenant, version, type, id, None):
            return f"There is no {type}/{id} at {tenant.name} in {version}"
    return ""


async def opened_by(runtime: Runtime, tenant: Tenant, wanted: LaunchTaskRequest, version: str) -> Client | None:
    return launch_task.app_of(wanted, await registration.every(runtime, tenant.name), version)


def _ours(tenant: Tenant, patient: str | None) -> dict[str, Any]:
    banner = {"need_patient_banner": True} if patient else {}
    style = {"smart_style_url": tenant.base + launch_style.PATH}
    return banner | style | {"tenant": tenant.dialect.tenant_id or tenant.name}


async def find(runtime: Runtime, tenant: Tenant, code: str | None) -> Launch | None:
    """The launch issued under this code, here; used_at as the store has it."""
    return await by_key(runtime, tenant, records.digest(code)) if code else None


async def living(runtime: Runtime, tenant: Tenant, client: Client) -> Launch | None:
    """The newest launch of this app that can still be used."""
    for record in await runtime.store.find("launch", tenant=tenant.name, owner=client.client_id, limit=20):
        if record.used_at is None and (record.expires_at or 0) > runtime.now():
            return records.parse(Launch, record.value)
    return None


def place_of(timeline: str) -> str:
    """What stands for the code of a launch in a corrected request that is kept; `shown` puts the code there."""
    return f"launch-code-of-{timeline}"


async def shown(runtime: Runtime, text: str, full: bool) -> str:
    """For the administrator, while the launch lives, its code; for all others, and later, where it is to be found.

    text: an exchange as JSON. A request that itself quotes such a place gets no code.
    """
    found = set(LAUNCH_PLACE.findall(text))
    full = full and bool(found) and not LAUNCH_PLACE.search(str(msgspec.json.decode(text, type=_Sent).request))
    for timeline in found:
        code = code_of(runtime.keys.refresh, timeline)
        record = await runtime.store.get("launch", records.digest(code)) if full else None
        lives = record is not None and record.used_at is None and (record.expires_at or 0) > runtime.now()
        text = text.replace(place_of(timeline), code if lives else PLACEHOLDER_LAUNCH)
    return text


async def by_key(runtime: Runtime, tenant: Tenant, key: str) -> Launch | None:
    record = await runtime.store.get("launch", key) if key else None
    if record is None or record.tenant != tenant.name:
        return None
    return replace(records.parse(Launch, record.value), used_at=record.used_at)


async def of_timeline(runtime: Runtime, timeline: str) -> Launch | None:
    """The launch that a timeline began with; None for one that began without an EHR, or is too old to be kept."""
    found = await runtime.store.find("launch", family=timeline, limit=1)
    return records.parse(Launch, found[0].value) if found else None


def context_of(given: dict[str, Any]) -> dict[str, Any]:
    """From the members of /admin/launches."""
    return {EXTRAS[name]: value for name, value in given.items() if name in EXTRAS and value is not None}
