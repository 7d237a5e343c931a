"""Lets a test use a running Sickbay: register apps, launch them, get tokens, move the clock, read exchanges."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from re import Pattern
from types import TracebackType
from typing import Any, NamedTuple, Self

from . import sent_requests, sign_in
from .admin_client import AdminClient, Clock
from .http_client import HttpClient, SickbayError
from .saved_page import SavedPages, embed_styles

__all__ = ("AdminClient", "Clock", "EhrLaunch", "RegisteredApp", "SandboxClient", "SickbayError")

CALLBACK = "http://localhost:8100/callback"
SCOPE = "launch launch/patient openid fhirUser offline_access patient/*.rs"


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

    def __init__(self, line: dict[str, Any], admin_token: str | None = None) -> None:
        """line: the output of `serve --json`. admin_token: needed only if Sickbay runs on another machine."""
        self.line = line
        self.base = str(line["base"])
        self._http = HttpClient(self.base, {"Authorization": f"Bearer {admin_token}"} if admin_token else {})
        self.admin = AdminClient(self._http)
        self.clock = Clock(self.admin)
        self.saved_pages: Path | None = None
        """Where to save the pages of refusals. Explanations then name the file instead of the address."""
        self._numbers = count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nothing is left open."""

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
        """The refused exchanges with their findings. Faults that the test injected and resent requests don't count."""
        refused = [exchange for exchange in self.exchanges() if _is_refused(exchange) and not _is_resent(exchange)]
        read = (self.admin.get(f"/exchanges/{exchange['id']}") for exchange in refused)
        return [exchange for exchange in read if not exchange.get("injected")]

    def explanation(self, exchange: str) -> str:
        """An exchange as text: what was wrong with it, why, and what to send instead."""
        text = self._http.get(f"/exchanges/{exchange}", Accept="text/plain").text
        if self.saved_pages is None:
            return text
        try:
            file = self.save_page(exchange, self.saved_pages)
        except OSError:  # the folder can't be written
            return text
        return text.replace(f"{self.base}/exchanges/{exchange}", file.resolve().as_uri())

    def page(self, exchange: str) -> str:
        """An exchange as an HTML page that needs no other file."""
        html = self._http.get(f"/exchanges/{exchange}", Accept="text/html").text
        return embed_styles(html, self._http, lambda path: None)

    def save_page(self, exchange: str, folder: Path) -> Path:
        """Write the page of an exchange and those of its rules to a folder, to be opened after Sickbay has stopped."""
        return SavedPages(self._http, folder).save_exchange(exchange)

    def assert_no_refusals(self) -> None:
        """Fail with the explanation of each refused request."""
        __tracebackhide__ = True
        refused = self.refusals()
        if refused:
            texts = "\n\n".join(self.explanation(entry["id"]) for entry in refused)
            raise SickbayError(f"Sickbay refused {sent_requests.count(len(refused), 'request')}:\n\n{texts}")

    def assert_sent(
        self, request: str, /, *, times: int | None = None, **parameters: bool | str | int | Pattern[str]
    ) -> list[dict[str, Any]]:
        """Fail unless the app sent this request, and show what it sent instead. Returns the exchanges, the oldest first.

        request: "authorize", "token", or a method and a path: "GET Patient/*" below a FHIR base, "POST /general/oauth/revoke".
        times: how often it must have been sent; at least once if it is omitted. parameters: of the query or the form, each with
        its value, a pattern that part of the value matches, True (sent with any value) or False (not sent).
        """
        __tracebackhide__ = True
        expected = sent_requests.ExpectedRequest(request, times, parameters, self.line)
        sent = [exchange for exchange in self.exchanges() if not _is_resent(exchange)]
        return sent_requests.check_sent(expected, sent[::-1])

    def storage_state(self, user: str = "okafor", password: str = "sickbay", tenant: str = "general") -> dict[str, Any]:
        """The state of a browser that is signed in to the EHR, for Playwright: browser.new_context(storage_state=…)."""
        return sign_in.sign_in(self._http, user, password, tenant)


def create_patients(line: dict[str, Any], admin_token: str | None) -> None:
    """Send the FHIR request that creates the patients. A reset keeps them, so that no request of a test waits for them."""
    client, scope = SandboxClient(line, admin_token), "system/Patient.rs"
    token = client.token(client.app(type="system", client="symmetric", scope=scope), scope)
    HttpClient(client.fhir()).get("/Patient/p-0001", Authorization=f"Bearer {token['access_token']}")


def _is_refused(exchange: dict[str, Any]) -> bool:
    return any(finding["severity"] == "error" for finding in exchange["findings"])


def _is_resent(exchange: dict[str, Any]) -> bool:
    """Whether Sickbay itself sent the request again, so it isn't the app's."""
    return bool(exchange.get("resent_from"))
