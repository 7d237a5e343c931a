"""An app that is removed while it gets something: the request is refused, and nothing that was granted stays stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from tests.flows.flow import Flow
from tests.flows.shared_app import SharedApp
from tests.services.assertions import form, jwks, sign

from sickbay.services import app_removal, registration

TOKEN = "/general/oauth/token"
SCOPE = "openid fhirUser launch/patient offline_access patient/Patient.rs"
App = dict[str, Any]
Ask = Callable[[], Awaitable[httpx2.Response]]


async def prepare(flow: Flow, grant: str) -> tuple[App, Ask]:
    """A new app, and the request that grants it something."""
    if grant == "client_credentials":
        keys = {"type": "system", "client": "asymmetric", "jwks": jwks(), "auto_approve": None}
        service = await flow.register(scope="system/Patient.rs", redirect_uris=[], launch_uri=None, **keys)
        return service, lambda: flow.http.post(TOKEN, data=form(sign(service["client_id"])))
    app = await flow.register(scope=SCOPE, auto_approve={"user": await flow.clinician(), "patient": "p-0001"})
    if grant == "authorization":
        return app, lambda: flow.authorize(app, scope=SCOPE)
    if grant == "admin":
        body = {"app": app["app_id"], "scope": "patient/Patient.rs", "patient": "p-0001", "user": await flow.clinician()}
        return app, lambda: flow.http.post("/admin/tokens", json=body)
    code = await flow.code(app, scope=SCOPE)
    if grant == "authorization_code":
        return app, lambda: flow.redeem(app, code)
    tokens = (await flow.redeem(app, code)).json()
    body = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": app["client_id"]}
    return app, lambda: flow.http.post(TOKEN, data=body)


@pytest.mark.parametrize("grant", ["authorization", "authorization_code", "refresh_token", "client_credentials", "admin"])
@pytest.mark.parametrize("first", ["removal", "grant"])
def test_nothing_stays_of_an_app_that_is_removed_at_the_same_time(shared_app: SharedApp, grant: str, first: str) -> None:
    """first: whose transaction comes first, after both requests have read what is stored."""

    async def steps(flow: Flow) -> None:
        app, ask = await prepare(flow, grant)
        runtime, store = flow.sandbox.runtime, flow.sandbox.runtime.store
        client = await registration.find_by_id(runtime, app["client_id"])
        assert client is not None
        apply = store.transaction

        async def remove_first(steps: Any) -> None:
            patch.setattr(store, "transaction", apply)
            await app_removal.remove_app(runtime, client)
            await apply(steps)

        async def ask_first(steps: Any) -> None:
            patch.setattr(store, "transaction", apply)
            assert (await ask()).status_code < 400
            await apply(steps)

        with pytest.MonkeyPatch.context() as patch:
            if first == "removal":
                patch.setattr(store, "transaction", remove_first)
                assert (await ask()).status_code >= 400
            else:
                patch.setattr(store, "transaction", ask_first)
                await app_removal.remove_app(runtime, client)
        for kind in ("app", "token", "code", "family", "consent"):
            assert await store.find(kind, owner=client.client_id) == [], kind

    shared_app.do(steps)
