"""A client for writes over HTTP: a token for a script, and the requests that most tests send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
from tests.flows.flow import Flow

R4 = "/general/r4"
JSON = "application/fhir+json"
ALL = "patient/Observation.cruds patient/Patient.rs"


class TokenClient:
    """Sends requests with one token to one base."""

    renew: Callable[[], Awaitable[TokenClient]] | None = None

    def __init__(self, flow: Flow, token: str, base: str = R4) -> None:
        self.flow, self.base = flow, base
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": JSON, "Accept": JSON}

    async def ask(self, method: str, path: str, json: Any = None, **headers: str) -> httpx2.Response:
        all_headers = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        body = {} if json is None else {"content": json} if isinstance(json, bytes) else {"json": json}
        return await self.flow.http.request(method, self.base + path, headers=all_headers, **body)

    async def again(self) -> TokenClient:
        """The same client with a new token."""
        return await self.renew() if self.renew else self

    async def create(self, resource: dict[str, Any], **headers: str) -> dict[str, Any]:
        answer = await self.ask("POST", f"/{resource['resourceType']}", resource, **headers)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


async def hand(flow: Flow, scope: str, patient: str | None = "p-0001", **more: Any) -> TokenClient:
    """A client with this scope. A system/ token has no user."""
    kind: dict[str, Any] = {
        "type": "system",
        "client": "symmetric",
        "redirect_uris": [],
        "launch_uri": None,
        "auto_approve": None,
    }
    app = await flow.register(scope=scope, **(kind if scope.startswith("system") else {}), **more)
    body: dict[str, Any] = {"app": app["app_id"], "scope": scope}
    if not scope.startswith("system"):
        body |= {"user": await flow.clinician()}
    if scope.startswith("patient"):
        body |= {"patient": patient}

    async def hold() -> TokenClient:
        answer = await flow.http.post("/admin/tokens", json=body)
        assert answer.status_code == 201, answer.text
        return TokenClient(flow, answer.json()["access_token"])

    own = await hold()
    own.renew = hold
    return own


def observation(patient: str = "p-0001", **more: Any) -> dict[str, Any]:
    code = {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]}
    subject = {"reference": f"Patient/{patient}"}
    return {"resourceType": "Observation", "status": "final", "code": code, "subject": subject} | more


def rules(answer: httpx2.Response) -> set[str]:
    """The rule ids in an OperationOutcome."""
    issues = answer.json()["issue"]
    return {issue["details"]["coding"][0]["code"] for issue in issues if "coding" in issue.get("details", {})}
