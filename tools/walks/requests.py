"""The five requests of the walks, each with what it needs: an app, a launch, a code or a token."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from tools.walks.recorder import Recorder, Walk

PASTED = """POST /auth/realms/demo/protocol/openid-connect/token HTTP/1.1
Host: keycloak.example.org
Content-Type: application/x-www-form-urlencoded

grant_type=authorization_code&code=a1b2c3&redirect_uri=http%3A%2F%2Flocalhost%3A8100%2Fcallback&client_id=growth-chart

HTTP/1.1 400 Bad Request
{"error": "invalid_grant", "error_description": "PKCE verification failed: Code mismatch"}
"""


async def record(flow: Any, request: Callable[[Any], Awaitable[Any]], status: int) -> Walk:
    """Return what this request does. Exits with an error if the response has another status."""
    import httpx2
    from tests.flows.flow import BASE

    recorder = Recorder(flow.http._transport.app)
    transport = httpx2.ASGITransport(app=recorder)
    async with httpx2.AsyncClient(transport=transport, base_url=BASE, trust_env=False) as http:
        response = await request(http)
    if response.status_code != status:
        raise SystemExit(f"{response.request.url}: {response.status_code} instead of {status}\n{response.text}")
    return recorder.walk


async def refused_authorize(flow: Any) -> Walk:
    """Its response is the page of the exchange."""
    app = await flow.register()
    parameters = flow.asking(app, redirect_uri="http://localhost:8100/other")
    headers = {"Accept": "text/html"}
    return await record(flow, lambda http: http.get("/general/oauth/authorize", params=parameters, headers=headers), 400)


async def search(flow: Any) -> Walk:
    token = await flow.complete_launch()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    return await record(flow, lambda http: http.get("/general/r4/Patient?name=peters", headers=headers), 200)


async def token_with_key(flow: Any) -> Walk:
    from tests.flows.flow import VERIFIER
    from tests.services import assertions

    keys = assertions.jwks(assertions.key())
    app = await flow.register(client="asymmetric", jwks=keys)
    code = await flow.code(app, launch=(await flow.launch(app))["launch"])
    form = assertions.form(assertions.sign(app["client_id"]), None, grant_type="authorization_code", code=code)
    form |= {"redirect_uri": app["redirect_uris"][0], "code_verifier": VERIFIER}
    return await record(flow, lambda http: http.post("/general/oauth/token", data=form), 200)


async def create(flow: Any) -> Walk:
    scope = "launch patient/Observation.cruds"
    app = await flow.register(scope=scope)
    code = await flow.code(app, launch=(await flow.launch(app))["launch"], scope=scope)
    token = (await flow.redeem(app, code)).json()
    headers = {"Authorization": f"Bearer {token['access_token']}", "Content-Type": "application/fhir+json"}
    rate = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}
    observation = {"resourceType": "Observation", "status": "final", "code": rate, "subject": {"reference": "Patient/p-0001"}}
    content = json.dumps(observation)
    return await record(flow, lambda http: http.post("/general/r4/Observation", content=content, headers=headers), 201)


async def pasted_text(flow: Any) -> Walk:
    """A token request and its response."""
    page = await flow.http.get("/doctor", headers={"Accept": "text/html"})
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf
    form = {"input": PASTED, "csrf": csrf[1]}
    headers = {"Accept": "text/html", "Cookie": page.headers["set-cookie"].partition(";")[0]}
    return await record(flow, lambda http: http.post("/doctor", data=form, headers=headers), 200)


WALKS: dict[str, Callable[[Any], Coroutine[Any, Any, Walk]]] = {
    "refused-authorize": refused_authorize,
    "search": search,
    "token-with-key": token_with_key,
    "create": create,
    "pasted-text": pasted_text,
}


def walk(name: str) -> Walk:
    """Send the request to a Sickbay in this process, which must not have served another request before."""
    from tests.flows.flow import run

    from sickbay.services.journal import write

    write.EVERY = 3600  # otherwise the journal's timer takes part in a slow walk
    with tempfile.TemporaryDirectory(prefix="sickbay-walk-") as folder:
        result: Walk = run(WALKS[name], Path(folder))
        return result
