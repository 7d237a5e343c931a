"""Applies faults to a token response and to the records stored for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import structs

from sickbay.authorization.models import AccessToken, TokenFamily
from sickbay.authorization.token import refresh
from sickbay.authorization.token.id_token import fhir_base
from sickbay.faults import token_members
from sickbay.faults.fault import Fault
from sickbay.protocol import jose
from sickbay.services import grants, id_token, patients, records
from sickbay.services.context import Runtime, Tenant
from sickbay.services.injection import marks
from sickbay.storage.interface import Put, Step

KINDS = (
    "scope",
    "no-refresh-token",
    "no-patient",
    "other-patient",
    "expires-in",
    "dead-token",
    "id-token",
    "id-token-signature",
    "id-token-alg",
    "id-token-kid",
    "rotate-keys",
)
"""The kinds of faults that change the access granted by a token response."""


def is_about_grant(fault: Fault) -> bool:
    """Whether the fault changes the access granted by a token response."""
    return fault.kind in KINDS or (fault.kind == "refresh" and fault.members["value"] == "not-rotated")


async def apply_to_token_response(
    runtime: Runtime, tenant: Tenant, faults: Sequence[Fault], members: dict[str, Any], sent_refresh_token: str | None
) -> dict[str, Any]:
    """The members of a token response with these faults. sent_refresh_token: that of the request, if it refreshed a token."""
    for fault in faults:
        members = token_members.apply_to_token_response(fault, members, sent_refresh_token)
        match fault.kind:
            case "scope":
                members = await _narrow_grant(runtime, tenant, fault, members)
            case "other-patient":
                members = await _swap_patient(runtime, tenant, members)
            case "no-patient" if "access_token" in members:
                await marks.add_mark(runtime, tenant.name, fault, members["access_token"])
            case "dead-token":
                await _revoke_token(runtime, tenant, fault, members)
            case "rotate-keys":
                await id_token.rotate(runtime)
            case "id-token" | "id-token-signature" | "id-token-alg" | "id-token-kid" if "id_token" in members:
                members = {**members, "id_token": await _id_token(runtime, fault, members["id_token"])}
    return members


async def revoke(runtime: Runtime, tenant: Tenant, fault: Fault, refresh_token: str) -> None:
    """Revokes the grant of a refresh token before it is used, as if the user had withdrawn the access."""
    parsed = refresh.read_token(runtime.keys.refresh, refresh_token)
    if parsed is None:
        return
    record = await runtime.store.get("family", parsed[0])
    if record is not None and record.tenant == tenant.name:
        await runtime.store.transaction(await grants.end_grant(runtime, tenant, parsed[0], "user"))
        await marks.add_mark(runtime, tenant.name, fault, refresh_token)


async def _narrow_grant(runtime: Runtime, tenant: Tenant, fault: Fault, members: dict[str, Any]) -> dict[str, Any]:
    scope = token_members.narrow_scope(members["scope"], fault.members["drop"])
    if scope == members["scope"]:
        return members
    await _store_change(runtime, tenant, members["access_token"], lambda token: structs.replace(token, scope=scope))
    await marks.add_mark(runtime, tenant.name, fault, members["access_token"])
    return {**members, "scope": scope}


async def _swap_patient(runtime: Runtime, tenant: Tenant, members: dict[str, Any]) -> dict[str, Any]:
    """Chooses another patient that the user may open; the same one if there is no other."""
    token = await records.load(runtime, "token", records.digest(members["access_token"]), AccessToken)
    if token is None or token.patient is None or token.user is None:
        return members
    user = await records.load_user(runtime, tenant, token.user)
    if user is None:
        return members
    version = tenant.version_of(fhir_base(tenant.server, token.base))
    listed = await patients.list_patients(runtime, tenant, version, [("_count", "2")], user)
    other = next((patient["id"] for patient in listed.rows if patient["id"] != token.patient), None)
    if other is None:
        return members

    def with_other(kept: Any) -> Any:
        return structs.replace(kept, patient=other, encounter=None)

    await _store_change(runtime, tenant, members["access_token"], with_other)
    return {name: value for name, value in members.items() if name != "encounter"} | {"patient": other}


async def _store_change(runtime: Runtime, tenant: Tenant, text: str, change: Callable[[Any], Any]) -> None:
    """Changes a stored token and its grant in the same way."""
    record = await runtime.store.get("token", records.digest(text))
    if record is None:
        return
    token = records.parse(AccessToken, record.value)
    steps: list[Step] = [Put(records.make_token_record(record.key, change(token), tenant.name), record.revision)]
    if family := await runtime.store.get("family", token.family):
        changed = change(records.parse(TokenFamily, family.value))
        steps.append(Put(records.make_family_record(changed, tenant.name, family.at), family.revision))
    await runtime.store.transaction(steps)


async def _revoke_token(runtime: Runtime, tenant: Tenant, fault: Fault, members: dict[str, Any]) -> None:
    text = members["access_token"]
    record = await runtime.store.get("token", records.digest(text))
    if record is not None:
        token = records.parse(AccessToken, record.value)
        revoked = records.revoked_token(record.key, token, tenant.name, "", runtime.now())
        await runtime.store.transaction([Put(revoked, record.revision)])
        await marks.add_mark(runtime, tenant.name, fault, text)


async def _id_token(runtime: Runtime, fault: Fault, token: str) -> str:
    match fault.kind:
        case "id-token":
            claims = {**token_members.read_claims(token), fault.members["claim"]: fault.members["value"]}
            return jose.sign(claims, await id_token.signing_key(runtime))
        case "id-token-signature":
            return token_members.break_signature(token)
        case "id-token-alg":
            return token_members.change_header(token, alg=fault.members["alg"])
        case _:
            return token_members.change_header(token, kid=token_members.UNKNOWN_KEY)
