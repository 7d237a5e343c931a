"""Sets up the context of a case in a running server: app, codes, tokens, keys, clock and policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from msgspec import structs
from tests.flows.flow import Flow

from sickbay.authorization.models import AccessToken, AuthorizationCode, Client, Server, TokenFamily
from sickbay.authorization.token import refresh
from sickbay.diagnosis.evidence import context as reading
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import records
from sickbay.services.key_sets import KeySet
from sickbay.services.token_cache import TokenCache
from sickbay.storage.interface import Delete, Put, Record, Step, UseOnce

KINDS = ("app", "code", "token", "family", "jti")
POLICY = {
    "pkce_required": "pkce",
    "wildcard_scopes": "wildcard_scopes",
    "scope_versions": "scope_versions",
    "unbounded_patient_search": "unbounded_patient_search",
    "requires_patient": "requires_patient",
    "requires_category": "requires_category",
    "search_criteria": "search_criteria",
    "search_alone": "search_alone",
    "versioned_update": "versioned_update",
    "strict_cors": "strict_cors",
    "revokes_access": "revokes_access",
    "basic_secret": "basic_secret",
    "assertion_limits": "assertion_limits",
    "launches": "launches",
}
"""Settings in a context -> their names in a policy. The dialect decides the rest."""


class Fetching:
    """Key sets as described by the context."""

    def __init__(self, document: Any) -> None:
        self.document = document

    async def get(self, *uri: Any, **more: Any) -> KeySet:
        return KeySet(self.document, None if self.document else "it answered with no keys")

    def doubt(self, *uri: Any, **more: Any) -> None:
        """Do nothing, because the document stays the same."""


async def set_up(flow: Flow, context: dict[str, Any]) -> dict[str, str]:
    """Reset the server and set up the context.

    Returns texts of the case -> their values here; only refresh tokens are created.
    """
    runtime, server = flow.sandbox.runtime, reading.read_server(context)
    now = int(context.get("now", runtime.effects.now()))
    await flow.http.post("/admin/clock", json={"offset": now - _real(flow.sandbox)})
    client = reading.read_client(context)
    steps: list[Step] = [
        Delete(kind, record.key) for kind in KINDS for record in await runtime.store.find(kind, tenant="general", limit=1000)
    ]
    if isinstance(client, Client):
        steps.append(Put(records.make_app_record(structs.replace(client, app_id=client.client_id))))
    for text, _ in context.get("codes", {}).items():
        code = reading.find_code(context, text)
        assert isinstance(code, AuthorizationCode)
        code_record = structs.replace(code, family=f"of-{text}")
        steps.append(Put(records.make_code_record(records.digest(text), code_record, "general")))
        if code_record.used_at is not None:
            steps.append(UseOnce("code", records.digest(text), code_record.used_at))
    for text in context.get("tokens", {}):
        token = reading.find_token(context, text)
        assert isinstance(token, AccessToken)
        steps.append(
            Put(records.make_token_record(records.digest(text), structs.replace(token, family=f"of-{text}"), "general"))
        )
    swaps = {}
    for text in context.get("refresh_tokens", {}):
        family = reading.find_family(context, text)
        assert isinstance(family, TokenFamily)
        id = text.partition(".")[0]
        swaps[text] = refresh.make_token(runtime.keys.refresh, id, 0)
        steps.append(Put(records.make_family_record(structs.replace(family, family=id), "general", now)))
    for client_id, many in context.get("seen_jti", {}).items():
        for jti in many:
            key = records.digest(f"{client_id}\0{jti}")
            steps.append(Put(Record("jti", key, b"{}", "general", client_id, at=now, expires_at=now + 300)))
    await runtime.store.transaction(steps)
    if "jwks_fetch" in context:
        runtime.key_sets = Fetching(None)  # type: ignore[assignment]
    tenant = runtime.tenants["general"]
    server_settings = context.get("server", {})
    policy: dict[str, Any] = {}
    if isinstance(server, Server):
        policy = {ours: getattr(server.policy, ours) for its, ours in POLICY.items() if its in server_settings}
    tenant = tenant.apply_settings({})
    endpoint = server_settings.get("token_endpoint", tenant.server.token_endpoint)
    changed = structs.replace(
        tenant.server,
        token_endpoint=endpoint,
        policy=structs.replace(tenant.policy, **policy),
        resources=getattr(server, "resources", ()),
    )
    runtime.tenants["general"] = replace(tenant, server=changed)
    runtime.token_cache = TokenCache()
    return swaps


def _real(sandbox: Sandbox) -> float:
    return sandbox.runtime.effects.now() - getattr(sandbox.runtime.effects, "offset", 0.0)
