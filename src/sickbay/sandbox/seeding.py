"""What a hospital has before any patient: its users and the sample app. Made once per data folder, and again by reset."""

from __future__ import annotations

from functools import cache

from sickbay import population
from sickbay.authorization.values import Client, User
from sickbay.operations import records, sessions
from sickbay.operations.context import Tenant, World
from sickbay.sandbox.folder import Written
from sickbay.storage.store import Conflict, Put

SAMPLE_SCOPE = (
    "launch launch/patient openid fhirUser profile online_access offline_access "
    "patient/*.rs user/*.rs patient/*.read user/*.read "
    "patient/Patient.read patient/Observation.read user/Patient.read user/Observation.read user/Appointment.read"
)


async def seed(world: World, written: Written) -> None:
    """Puts what is not there; what somebody changed stays."""
    for tenant in world.tenants.values():
        if await world.store.find("user", tenant=tenant.name, limit=1):
            continue
        for user in users(tenant, written.seed):
            await _absent(world, Put(records.user(user), 0))
    for tenant in world.tenants.values():
        await _absent(world, Put(records.app(sample(world, tenant)), 0))


async def _absent(world: World, put: Put) -> None:
    if await world.store.get(put.record.kind, put.record.key) is None:
        try:
            await world.store.transaction([put])
        except Conflict:
            return


def sample(world: World, tenant: Tenant) -> Client:
    """The app that comes with Sickbay, served from an origin of its own."""
    redirects = tuple(
        address
        for name in ("localhost", "127.0.0.1")
        for address in (f"{world.sample_base.replace('localhost', name)}/{page}" for page in ("", "index.html"))
    )
    return Client(
        client_id=f"sample-{tenant.name}", tenant=tenant.name, app_id=f"sample-app-{tenant.name}", name="Sample app",
        type="provider", client="public", launch_uri=f"{world.sample_base}/launch.html", redirect_uris=redirects,
        scope=SAMPLE_SCOPE, fhir="r4", smart_version=2, pkce="if-sent", created_at=world.now(), sample=True,
    )  # fmt: skip


def users(tenant: Tenant, seed: int) -> list[User]:
    """The population's accounts. Their argon2id hashes are made when the folder is; 30 ms each, so once for all tenants."""
    return [
        User(
            username=one.username, tenant=tenant.name, fhir_user=one.fhir_user, name=one.name, title=one.title,
            patients=one.patients, password=_hashed(one.password), sub=f"{tenant.name}-{one.username}",
        )
        for one in population.users(seed)
    ]  # fmt: skip


@cache
def _hashed(password: str) -> str:
    return sessions.hash_password(password)
