"""What a test does with a running Sickbay: register apps, launch them, get tokens, move the clock, look at exchanges."""

from __future__ import annotations

import re
from itertools import count
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx2

from sickbay.kernel import english

PATIENCE = 60.0
"""Seconds to wait for a response. The first request to a hospital creates its patients."""
CALLBACK = "http://localhost:8100/callback"
SCOPE = "launch launch/patient openid fhirUser offline_access patient/*.rs"


class SickbayError(AssertionError):
    """Sickbay refused a request of the test itself. The message has its problem and the findings."""


class RegisteredApp(NamedTuple):
    """client_secret: None unless the client is symmetric."""

    app_id: str
    client_id: str
    client_secret: str | None
    tenant: str
    json: dict[str, Any]


class EhrLaunch(NamedTuple):
    """url: open it in the browser or with the app's HTTP client, as the EHR would."""

    url: str
    iss: str
    launch: str
    timeline: str


class SandboxClient:
    """base: the address of Sickbay. admin: sends requests to /admin. clock: reads and moves Sickbay's time."""

    def __init__(self, line: dict[str, Any]) -> None:
        self.line = line
        self.base = str(line["base"])
        self._http = httpx2.Client(base_url=self.base, timeout=PATIENCE, trust_env=False)
        self.admin = AdminClient(self._http)
        self.clock = Clock(self.admin)
        self._numbers = count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    def reset(self) -> None:
        """Back to the initial state, registered apps and the clock included."""
        self.admin.post("/admin/reset", {"everything": True})
        self.admin.post("/admin/clock", {"offset": 0})

    def fhir(self, version: str = "r4", tenant: str = "general") -> str:
        """The FHIR base URL, which is the `iss` of a launch."""
        return str(self.line["tenants"][tenant]["fhir"][version])

    def app(self, **fields: Any) -> RegisteredApp:
        """Register an app. Without fields it is a public app of providers with the callback http://localhost:8100/callback.

        fields: the members of `POST /admin/apps`. `user` signs in and agrees without a person: auto_approve={"user": user}.
        """
        defaults: dict[str, Any] = {"name": f"test-app-{next(self._numbers)}", "type": "provider", "client": "public"}
        if fields.get("type") != "system":
            defaults |= {"redirect_uris": [CALLBACK], "launch_uri": "http://localhost:8100/launch", "scope": SCOPE}
        user = fields.pop("user", None)
        approved = {"auto_approve": {"user": user}} if user else {}
        json = self.admin.post("/admin/apps", defaults | approved | fields)
        return RegisteredApp(json["app_id"], json["client_id"], json.get("client_secret"), json["tenant"], json)

    def launch(self, app: RegisteredApp, patient: str | None = "p-0001", **fields: Any) -> EhrLaunch:
        """Launch an app from the EHR, as a click in a chart does. fields: the members of `POST /admin/launches`."""
        asked = {"tenant": app.tenant, "app": app.app_id, "patient": patient} | fields
        json = self.admin.post("/admin/launches", {name: value for name, value in asked.items() if value is not None})
        return EhrLaunch(json["url"], json["iss"], json["launch"], json["timeline"])

    def token(self, app: RegisteredApp, scope: str, patient: str | None = None, user: str | None = None) -> dict[str, Any]:
        """A token response without a launch, for tests that are only about FHIR requests."""
        asked = {"tenant": app.tenant, "app": app.app_id, "scope": scope, "patient": patient, "user": user}
        return dict(self.admin.post("/admin/tokens", {name: value for name, value in asked.items() if value is not None}))

    def exchanges(self, **filters: str) -> list[dict[str, Any]]:
        """The last 1,000 requests that Sickbay received, the newest first. filters: launch, app, stage or correlation_id."""
        return list(self.admin.get("/admin/exchanges", **({"limit": "1000"} | filters)))

    def refusals(self) -> list[dict[str, Any]]:
        """The refused exchanges with their findings. Faults that the test injected don't count."""
        refused = [exchange for exchange in self.exchanges() if _is_refused(exchange)]
        read = (self.admin.get(f"/exchanges/{exchange['id']}") for exchange in refused)
        return [exchange for exchange in read if not exchange.get("injected")]

    def explanation(self, exchange: str) -> str:
        """An exchange as text: what was wrong with it, why, and what to send instead."""
        return self._text(exchange, "text/plain")

    def page(self, exchange: str) -> str:
        """An exchange as an HTML page."""
        return self._text(exchange, "text/html")

    def assert_no_refusals(self) -> None:
        """Fail with the explanation of each refused request."""
        refused = self.refusals()
        if refused:
            texts = "\n\n".join(self.explanation(entry["id"]) for entry in refused)
            raise SickbayError(f"Sickbay refused {english.count(len(refused), 'request')}:\n\n{texts}")

    def storage_state(self, user: str = "okafor", password: str = "sickbay", tenant: str = "general") -> dict[str, Any]:
        """The state of a browser that is signed in to the EHR, for Playwright: browser.new_context(storage_state=…)."""
        path, host = f"/{tenant}/ehr/sign-in", httpx2.URL(self.base).host
        page = self._http.get(path, headers=BROWSER)
        form = re.search(r'name="csrf" value="([^"]+)"', page.text)
        sent = {"csrf": form[1] if form else "", "username": user, "password": password}
        headers = BROWSER | {"Origin": self.base, "Cookie": "; ".join(f"{name}={value}" for name, value in _cookies(page))}
        answer = self._http.post(path, data=sent, headers=headers)
        if answer.status_code != 303:
            raise SickbayError(f"{user} can't sign in to {tenant} with this password.")
        return {"cookies": [_cookie(name, value, host) for name, value in _cookies(answer)], "origins": []}

    def _text(self, exchange: str, type: str) -> str:
        answer = self._http.get(f"/exchanges/{exchange}", headers={"Accept": type})
        return answer.text


def _is_refused(exchange: dict[str, Any]) -> bool:
    return any(finding["severity"] == "error" for finding in exchange["findings"])


BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


def _cookies(response: httpx2.Response) -> list[tuple[str, str]]:
    """Names and values as they were set. A cookie jar doesn't return a Secure cookie to http, as browsers do on loopback."""
    lines = response.headers.get_list("set-cookie")
    return [(name, value) for name, _, value in (line.partition(";")[0].partition("=") for line in lines)]


def _cookie(name: str, value: str, host: str) -> dict[str, Any]:
    return {
        "name": name,
        "value": value,
        "domain": host,
        "path": "/",
        "httpOnly": True,
        "secure": True,
        "sameSite": "None",
        "expires": -1,
    }


class AdminClient:
    """Sends JSON to /admin. Each method returns the JSON of the response, None if it is empty, and raises SickbayError."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http

    def get(self, path: str, **query: str) -> Any:
        return self._read(self._http.get(path, params=query, headers={"Accept": "application/json"}))

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._read(self._http.post(path, json=body or {}))

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        return self._read(self._http.patch(path, json=body))

    def delete(self, path: str) -> Any:
        return self._read(self._http.delete(path))

    def _read(self, response: httpx2.Response) -> Any:
        if response.is_success:
            return response.json() if response.content else None
        raise SickbayError(problem(response))


def problem(response: httpx2.Response) -> str:
    """The problem details of a refused request in one text (RFC 9457)."""
    try:
        details = response.json()
        lines = [details.get("detail") or details.get("title") or f"status {response.status_code}"]
        lines += [f"{finding['title']} [{finding['id']}]: {finding['fix']}" for finding in details.get("findings") or ()]
    except ValueError:
        return f"{response.request.url} answered with status {response.status_code}"
    return "\n".join(map(str, lines))


class Clock:
    """Moves the time of the server, so that codes, tokens and sessions expire without waiting."""

    def __init__(self, admin: AdminClient) -> None:
        self._admin = admin

    def advance(self, seconds: float) -> None:
        """Move it forward. It keeps running."""
        self._admin.post("/admin/clock", {"advance": seconds})

    def now(self) -> float:
        """The time in seconds since 1970."""
        return float(self._admin.get("/admin/clock")["now"])
