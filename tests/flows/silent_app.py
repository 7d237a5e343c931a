"""A browser and an app that stop wherever a test wants, in time that the test moves."""

from __future__ import annotations

from typing import Any

import httpx2
from tests.flows.flow import BASE, REDIRECT, VERIFIER, Flow
from tests.flows.later_effects import LaterEffects

HOME = "http://localhost:8100"
PAGE = {"Origin": HOME, "Sec-Fetch-Mode": "cors"}
JSON, HTML = {"Accept": "application/json"}, {"Accept": "text/html"}
INCLUDE = {"Cookie": "sickbay_x=1"}
"""What a browser adds if a page uses `credentials: 'include'`."""


class SilentApp:
    """One app and its newest launch. Each method is one step of it; after that, `waits` moves the time."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.time = LaterEffects()
        flow.sandbox.runtime.effects = self.time
        self.app: dict[str, Any] = {}
        self.code = self.launch = self.token = self.refresh_token = ""

    async def register(self, **more: Any) -> None:
        self.app = await self.flow.register(**more)

    def wait(self, seconds: float) -> None:
        self.time.later += seconds

    async def open_launch(self, patient: str = "p-0001") -> None:
        """From a chart: the browser is redirected to the launch URI."""
        answer = await self.flow.http.get(f"/general/ehr/launch?app={self.app['app_id']}&patient={patient}")
        self.launch = str(httpx2.URL(answer.headers["location"]).params["launch"])

    async def discover(self, path: str = "smart-configuration", **headers: str) -> None:
        await self.flow.http.get(f"/general/r4/.well-known/{path}", headers=headers or PAGE)

    async def authorize(self, **more: str | None) -> httpx2.Response:
        """The authorization request. With auto_approve the response has the code."""
        answer = await self.flow.authorize(self.app, **({"launch": self.launch} if self.launch else {}) | more)
        self.code = str(httpx2.URL(answer.headers.get("location", "")).params.get("code", ""))
        return answer

    async def show_page(self, answer: httpx2.Response) -> str:
        """The browser follows the redirect to the page that asks the user. Returns the id of the request in its form."""
        address = answer.headers["location"]
        shown = await self.flow.http.get(address, headers=HTML)
        assert shown.status_code == 200, shown.text
        return str(httpx2.URL(address).params["request"])

    async def answer_page(self, request: str, **form: str | list[str]) -> httpx2.Response:
        page = await self.flow.http.get(f"/general/oauth/continue?request={request}", headers=HTML)
        csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        answer = await self.flow.http.post("/general/oauth/continue", data={"request": request, "csrf": csrf} | form)
        self.code = str(httpx2.URL(answer.headers.get("location", "")).params.get("code", ""))
        return answer

    async def send_preflight(self, path: str, method: str, headers: str) -> None:
        sent = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
        await self.flow.http.options(path, headers=PAGE | sent)

    async def redeem_code(self, **headers: str) -> dict[str, Any]:
        form = {"grant_type": "authorization_code", "code": self.code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        data = form | {"client_id": self.app["client_id"]}
        answer = await self.flow.http.post("/general/oauth/token", data=data, headers=headers)
        assert answer.status_code == 200, answer.text
        members = dict(answer.json())
        self.token, self.refresh_token = members["access_token"], members.get("refresh_token", "")
        return members

    async def refresh(self) -> httpx2.Response:
        data = {"grant_type": "refresh_token", "refresh_token": self.refresh_token, "client_id": self.app["client_id"]}
        answer = await self.flow.http.post("/general/oauth/token", data=data)
        if answer.status_code == 200:
            members = answer.json()
            self.token, self.refresh_token = members["access_token"], members.get("refresh_token", "")
        return answer

    async def read(self, path: str = "Patient/p-0001", **headers: str) -> httpx2.Response:
        return await self.flow.http.get(
            f"{BASE}/general/r4/{path}", headers={"Authorization": f"Bearer {self.token}"} | headers
        )

    async def complete_launch(self, **more: str | None) -> None:
        """All of a launch, up to the first FHIR request."""
        await self.open_launch()
        await self.discover()
        await self.authorize(**more)
        await self.redeem_code()
        assert (await self.read()).status_code == 200

    async def launches(self) -> list[dict[str, Any]]:
        """What /admin says about the launches of this app, the newest first."""
        answer = await self.flow.http.get(f"/admin/launches?app={self.app['app_id']}")
        assert answer.status_code == 200, answer.text
        return list(answer.json())
