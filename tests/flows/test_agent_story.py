"""A developer's first week, played by the calls of an agent: from access_denied to a launch that works."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import orjson
from tests.agents.calls import call
from tests.flows.flow import Flow, run

APP_URL = "http://localhost:8100/"
SCOPES = "launch profile openid online_access patient/Observation.read patient/Patient.read"
MAXIMUM_CALLS, MAXIMUM_BYTES = 12, 40_000


class SeedApp:
    """The app of the thread. It sends what its developer wrote, until the agent changes it."""

    def __init__(self, flow: Flow, client_id: str) -> None:
        self._http, self._client_id = flow.http, client_id
        self._corrected: dict[str, str] = {}

    async def open(self, url: str, **mistakes: str) -> str:
        """Open the launch URL, and send an authorization request. Returns where the browser was sent."""
        launched = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        smart = (await self._http.get(f"{launched['iss']}/.well-known/smart-configuration")).json()
        sent = {
            "response_type": "code",
            "client_id": self._client_id,
            "scope": SCOPES,
            "aud": launched["iss"],
            "redirect_uri": APP_URL,
        }
        sent |= mistakes
        if self._corrected:
            sent = self._corrected | {"launch": launched["launch"], "state": "c2a1f7d0-5b0e-4b52-9d4c-7f3f5c1f2e11"}
        answer = await self._http.get(smart["authorization_endpoint"], params=sent)
        if "code" in (received := dict(parse_qsl(urlsplit(answer.headers["location"]).query))):
            await self._use_code(received["code"], smart["token_endpoint"], launched["iss"])
        return str(answer.headers["location"])

    async def _use_code(self, code: str, endpoint: str, base: str) -> None:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": APP_URL, "client_id": self._client_id}
        tokens = (await self._http.post(endpoint, data=form)).json()
        headers = {"authorization": f"Bearer {tokens['access_token']}", "accept": "application/json"}
        assert (await self._http.get(f"{base}/Patient/{tokens['patient']}", headers=headers)).status_code == 200

    def correct(self, corrected: dict[str, Any]) -> None:
        """What the agent does with a corrected request: it changes the code until the app sends it."""
        sent = dict(parse_qsl(urlsplit(corrected["url"]).query))
        self._corrected = {name: value for name, value in sent.items() if not name.startswith("code_challenge")}


def test_an_agent_comes_from_access_denied_to_a_working_launch(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        registered = await flow.register(
            tenant="cerner",
            name="Mobile app",
            fhir="dstu2",
            smart_version=1,
            scope=SCOPES,
            launch_uri=APP_URL,
            redirect_uris=[APP_URL],
        )
        app, agent = SeedApp(flow, registered["client_id"]), Agent(flow)
        launch = await flow.launch(registered)
        denied = await app.open(launch["url"])
        assert "error=access_denied" in denied
        result = await agent.call("doctor", text=f"btw, I am getting access denied in the redirect: {denied}")
        result = await agent.follow(result, "explain")
        assert "scope-patient-without-context" in {each["id"] for each in result["findings"]}
        result = await agent.follow(result, "launch")
        commas = SCOPES.replace(" ", ",")
        assert "error=" in await app.open(result["untrusted"]["url"], launch=APP_URL, scope=commas)
        result = await agent.follow(result, "explain")
        assert result["state"] != "worked"
        result = await agent.follow(result, "explain")
        assert {"launch-param-is-url", "scope-comma-separated"} & {each["id"] for each in result["findings"]}
        app.correct(result["corrected"])
        result = await agent.follow(result, "launch")
        assert "code=" in await app.open(result["untrusted"]["url"])
        result = await agent.follow(result, "explain")
        assert result["state"] == "worked", result
        assert agent.calls <= MAXIMUM_CALLS
        assert agent.bytes <= MAXIMUM_BYTES

    run(steps, tmp_path, versions=("dstu2",))


class Agent:
    """Makes only calls that the result before proposes, except for the first."""

    def __init__(self, flow: Flow) -> None:
        self._http = flow.http
        self.calls, self.bytes = 0, 0

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        result = await call(self._http, tool, **arguments)
        self.calls += 1
        self.bytes += len(orjson.dumps({"content": [{"type": "text", "text": orjson.dumps(result).decode()}]}))
        self.bytes += len(orjson.dumps({"structuredContent": result}))
        return result

    async def follow(self, result: dict[str, Any], *tools: str) -> dict[str, Any]:
        """Make the first of the proposed calls of one of these tools."""
        chosen = next(proposed for tool in tools for proposed in result["next"] if proposed["tool"] == tool)
        return await self.call(chosen["tool"], **chosen["arguments"])
