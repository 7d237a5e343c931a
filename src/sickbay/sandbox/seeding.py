"""Adds the users and sample apps of each hospital, when a data folder is created and after a reset."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from msgspec import structs

from sickbay import population
from sickbay.authorization.models import Client, User
from sickbay.authorization.scopes.permitted import permits_scope
from sickbay.sandbox.folder import Written
from sickbay.services import records
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import Conflict, Put

SAMPLE_SCOPE = (
    "launch launch/patient openid fhirUser profile online_access offline_access "
    "patient/*.rs user/*.rs patient/*.read user/*.read "
    "patient/Patient.read patient/Observation.read user/Patient.read user/Observation.read user/Appointment.read"
)

PASSWORD_HASHES = {
    "sickbay": "$argon2id$v=19$m=19456,t=2,p=1$g3xSRFM7pGYRgBsUX1ki9Q$KAm9vGy05ns0iAW+A+muvguDEh5pelOsDlLispFM4g4"
}
"""The passwords of the population, which are published, and their hashes. Computing one takes 30 ms of each first start."""


def _sample_card(launch_uri: str) -> dict[str, Any]:
    """The sample app's card, shown on every chart as an example of how a card opens an app."""
    app_context = '{"from": "a card", "patient": "{{context.patientId}}"}'
    return {
        "summary": "Apps can show suggestions like this one on every chart",
        "indicator": "info",
        "source": {"label": "Sample app"},
        "detail": "The link launches the app from this chart and passes an appContext in the token response.",
        "links": [{"label": "Open it with an appContext", "url": launch_uri, "type": "smart", "appContext": app_context}],
    }


async def add_samples(runtime: Runtime, written: Written) -> None:
    """Add missing users and sample apps. Existing records stay as they are."""
    puts = [structs.replace(put, if_revision=0) for put in await list_steps(runtime, written)]
    try:
        await runtime.store.transaction(puts)  # together, because each transaction waits for the disk
    except Conflict:  # another process adds some of them
        for put in puts:
            with suppress(Conflict):
                await runtime.store.transaction([put])


async def list_steps(runtime: Runtime, written: Written, name: str | None = None, *, everything: bool = False) -> list[Put]:
    """The records of the users and sample apps to write, for one hospital or for all. everything: also those that exist."""
    puts: list[Put] = []
    for tenant in [runtime.tenants[name]] if name else list(runtime.tenants.values()):
        if everything and tenant.digest and not name:
            continue  # the hospital is removed
        if everything or not await runtime.store.find("user", tenant=tenant.name, limit=1):
            puts += _user_records(tenant, written)
        puts += [
            app for app in _app_records(runtime, tenant) if everything or await runtime.store.get("app", app.record.key) is None
        ]
    return puts


def steps_of(runtime: Runtime, written: Written, tenant: Tenant) -> list[Put]:
    """The records of the users and sample apps of a new hospital."""
    return [*_user_records(tenant, written), *_app_records(runtime, tenant)]


def _user_records(tenant: Tenant, written: Written) -> list[Put]:
    return [Put(records.make_user_record(user)) for user in make_users(tenant, written.seed)]


def _app_records(runtime: Runtime, tenant: Tenant) -> list[Put]:
    return [Put(records.make_app_record(make_sample(runtime, tenant, version))) for version in tenant.dialect.fhir]


async def update_samples(runtime: Runtime) -> None:
    """Update the URLs of the sample apps: the folder may be served on another port than before, or by https."""
    for tenant in runtime.tenants.values():
        for version in tenant.dialect.fhir:
            wanted = make_sample(runtime, tenant, version)
            record = await runtime.store.get("app", records.make_app_record(wanted).key)
            client = records.parse(Client, record.value) if record else None
            if client and client.sample and client.launch_uri != wanted.launch_uri:
                moved = structs.replace(client, launch_uri=wanted.launch_uri, redirect_uris=wanted.redirect_uris)
                await runtime.store.transaction([Put(records.make_app_record(moved))])


def sample_id(tenant: Tenant, version: str) -> str:
    """The client_id under which the sample app is registered for one version of FHIR."""
    return f"sample-{tenant.name}" if version == tenant.dialect.fhir[0] else f"sample-{tenant.name}-{version}"


def make_sample(runtime: Runtime, tenant: Tenant, version: str) -> Client:
    """The app that comes with Sickbay, served from its own origin. Launched from a chart, it reads this FHIR version."""
    bases = dict.fromkeys(runtime.sample_base.replace("localhost", name) for name in ("localhost", "127.0.0.1"))
    redirects = tuple(f"{base}/{page}" for base in bases for page in ("", "index.html"))
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
        scope=_select_supported_scopes(SAMPLE_SCOPE, tenant),
        fhir=version,
        smart_version=2,
        pkce="if-sent",
        created_at=runtime.now(),
        sample=True,
        cards=(_sample_card(launch_uri),) if version == tenant.dialect.fhir[0] else (),
    )


def _select_supported_scopes(scope: str, tenant: Tenant) -> str:
    """The scopes of a list that the hospital supports, or that its own ones are a part of."""
    supported = tenant.policy.supported_scopes
    if not supported:
        return scope
    kept = [token for token in scope.split() if permits_scope(" ".join(supported), token)]
    return " ".join(dict.fromkeys([*kept, *(token for token in supported if permits_scope(scope, token))]))


def make_users(tenant: Tenant, seed: int) -> list[User]:
    """The accounts of the population and those in the file of the hospital."""
    population_users = [
        User(
            username=user.username,
            tenant=tenant.name,
            fhir_user=user.fhir_user,
            name=user.name,
            title=user.title,
            patients=user.patients,
            password=PASSWORD_HASHES[user.password],
            sub=tenant.dialect.subject.format(
                tenant=tenant.name, username=user.username, user_id=user.fhir_user.rpartition("/")[2]
            ),
        )
        for user in population.list_users(seed)
    ]
    return [*population_users, *tenant.users]
