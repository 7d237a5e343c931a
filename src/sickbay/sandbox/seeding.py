"""What a hospital has before any patient: its users and the sample apps. Made once per data folder, and again by reset."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from sickbay import population
from sickbay.authorization.models import Client, User
from sickbay.sandbox.folder import Written
from sickbay.services import records, sessions
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import Conflict, Put

SAMPLE_SCOPE = (
    "launch launch/patient openid fhirUser profile online_access offline_access "
    "patient/*.rs user/*.rs patient/*.read user/*.read "
    "patient/Patient.read patient/Observation.read user/Patient.read user/Observation.read user/Appointment.read"
)


def _card(launch_uri: str) -> dict[str, Any]:
    """A card of the sample app on every chart, as an example of how a card opens an app."""
    told = '{"from": "a card", "patient": "{{context.patientId}}"}'
    return {
        "summary": "Apps can show suggestions like this one on every chart",
        "indicator": "info",
        "source": {"label": "Sample app"},
        "detail": "The link launches the app from this chart and passes an appContext in the token response.",
        "links": [{"label": "Open it with an appContext", "url": launch_uri, "type": "smart", "appContext": told}],
    }


async def seed(runtime: Runtime, written: Written) -> None:
    """Puts what is not there; what somebody changed stays."""
    for tenant in runtime.tenants.values():
        if await runtime.store.find("user", tenant=tenant.name, limit=1):
            continue
        for user in users(tenant, written.seed):
            await _absent(runtime, Put(records.user(user), 0))
    for tenant in runtime.tenants.values():
        for version in tenant.dialect.fhir:
            await _absent(runtime, Put(records.app(sample(runtime, tenant, version)), 0))


async def _absent(runtime: Runtime, put: Put) -> None:
    if await runtime.store.get(put.record.kind, put.record.key) is None:
        try:
            await runtime.store.transaction([put])
        except Conflict:
            return


async def settle(runtime: Runtime) -> None:
    """The sample apps lead to where they are served now: a folder may be served on another port than before, or by https."""
    for tenant in runtime.tenants.values():
        for version in tenant.dialect.fhir:
            wanted = sample(runtime, tenant, version)
            record = await runtime.store.get("app", records.app(wanted).key)
            there = records.parse(Client, record.value) if record else None
            if there and there.sample and there.launch_uri != wanted.launch_uri:
                moved = replace(there, launch_uri=wanted.launch_uri, redirect_uris=wanted.redirect_uris)
                await runtime.store.transaction([Put(records.app(moved))])


def sample_id(tenant: Tenant, version: str) -> str:
    """The client_id under which the sample app is registered for one version of FHIR."""
    return f"sample-{tenant.name}" if version == tenant.dialect.fhir[0] else f"sample-{tenant.name}-{version}"


def sample(runtime: Runtime, tenant: Tenant, version: str) -> Client:
    """The app that comes with Sickbay, served from an origin of its own; launched from a chart it reads this version."""
    redirects = tuple(
        address
        for name in ("localhost", "127.0.0.1")
        for address in (f"{runtime.sample_base.replace('localhost', name)}/{page}" for page in ("", "index.html"))
    )
    client_id, launch_uri = sample_id(tenant, version), f"{runtime.sample_base}/launch.html"
    return Client(
        client_id=client_id,
        tenant=tenant.name,
        app_id=client_id.replace("sample-", "sample-app-", 1),
        name="Sample app" if version == tenant.dialect.fhir[0] else f"Sample app, {version.upper()}",
        type="provider",
        client="public",
        launch_uri=launch_uri,
        redirect_uris=redirects,
        scope=SAMPLE_SCOPE,
        fhir=version,
        smart_version=2,
        pkce="if-sent",
        created_at=runtime.now(),
        sample=True,
        cards=(_card(launch_uri),) if version == tenant.dialect.fhir[0] else (),
    )


def users(tenant: Tenant, seed: int) -> list[User]:
    """The population's accounts. Their argon2id hashes are made when the folder is; 30 ms each, so once for all tenants."""
    return [
        User(
            username=one.username,
            tenant=tenant.name,
            fhir_user=one.fhir_user,
            name=one.name,
            title=one.title,
            patients=one.patients,
            password=_hashed(one.password),
            sub=tenant.dialect.subject.format(
                tenant=tenant.name, username=one.username, user_id=one.fhir_user.rpartition("/")[2]
            ),
        )
        for one in population.users(seed)
    ]


@cache
def _hashed(password: str) -> str:
    return sessions.hash_password(password)
