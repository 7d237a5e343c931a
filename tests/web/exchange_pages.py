"""Sample exchanges and their views, with minimal and maximal content."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from tests.web.page_frames import BASE, DEVELOPER

from sickbay.services.resend.edited import EditedRequest
from sickbay.web.exchanges import views as exchange_views
from sickbay.web.exchanges.resend_view import (
    ResendView,
    body_of,
    compare_exchanges,
    edit_tables,
    path_of,
)
from sickbay.web.exchanges.shown_bodies import ShownBody
from sickbay.web.exchanges.views import ResendOffer
from sickbay.web.pages.parts import Frame, Link

SPEC = {"name": "SMART App Launch 2.2, Obtain authorization code", "url": "https://hl7.org/fhir/smart-app-launch/"}
CHECKS = (
    ("response_type_is_code", "passed"),
    ("client_is_known", "passed"),
    ("redirect_uri_is_registered", "passed"),
    ("launch_code_is_known", "refused"),
    ("launch_code_is_fresh", "skipped"),
    ("audience_is_this_server", "passed"),
    ("scopes_are_parted_by_spaces", "refused"),
    ("state_is_sent", "refused"),
)


def _findings() -> list[dict[str, Any]]:
    return [
        {
            "id": "launch-param-is-url",
            "severity": "error",
            "parameter": "launch",
            "spec": SPEC,
            "title": "The launch value is your app’s own address",
            "facts": {"note": "Given to your app in its launch URL."},
            "why": "Your app sent its own launch address. The hospital opened that address with a code in it.",
            "fix": "Send back the code this hospital gave you.",
        },
        {
            "id": "scope-comma-separated",
            "severity": "error",
            "parameter": "scope",
            "facts": {},
            "title": "The scopes are joined by commas",
            "why": "With commas the three read as one long name.",
            "fix": "Join them with single spaces; in a URL each space is written %20.",
            "spec": {"name": "RFC 6749, section 3.3", "url": "https://www.rfc-editor.org/rfc/rfc6749#section-3.3"},
        },
        {
            "id": "state-missing",
            "severity": "error",
            "parameter": "state",
            "facts": {},
            "title": "There is no state",
            "why": "State lets your app recognise its own answer and turn away a forged one.",
            "fix": "Make a random value of 22 characters or more, keep it, and compare it when the answer arrives.",
            "spec": SPEC,
        },
        {
            "id": "aud-trailing-slash",
            "severity": "warning",
            "parameter": "aud",
            "facts": {"note": "Must equal iss."},
            "title": "The audience ends with a slash",
            "why": "Some hospitals let it pass. Others compare every character.",
            "fix": f"Send the iss of the launch as it is: {BASE}/general/dstu2",
            "spec": SPEC,
        },
        {
            "id": "reg-launch-uri-equals-redirect-uri",
            "severity": "info",
            "facts": {},
            "spec": SPEC,
            "title": "Your launch and redirect addresses are the same page",
            "why": "It works; it is easy to get wrong.",
            "fix": "Consider two addresses.",
        },
    ]


def make_refused() -> dict[str, Any]:
    """A refused exchange with four errors and one corrected request."""
    address = f"{BASE}/general/oauth/authorize?response_type=code&client_id=5f0c2b1e-7d34-4a6b-9c88-1e2f3a4b5c6d"
    address += "&redirect_uri=http%3A%2F%2Flocalhost%3A8100%2F"
    return {
        "id": "4d9a1c7e-60b2-4f1d-9f27-b3c58e0a7712",
        "at": 1795516267.412,
        "tenant": "general",
        "stage": "authorize",
        "app": "5f0c2b1e-7d34-4a6b-9c88-1e2f3a4b5c6d",
        "launch": "l-8f3e21",
        "milliseconds": 2.1,
        "decided": "launch-param-is-url",
        "request": {
            "method": "GET",
            "url": address + "&launch=http%3A%2F%2Flocalhost%3A8100%2F"
            "&scope=patient%2FPatient.read%2Cpatient%2FObservation.read%2Claunch"
            "&aud=http%3A%2F%2Flocalhost%3A7425%2Fgeneral%2Fdstu2%2F",
        },
        "response": {
            "status": 302,
            "headers": {"Location": f"http://localhost:8100/?error=invalid_request&error_uri={BASE}/exchanges/4d9a1c7e"},
        },
        "checks": [{"name": name, "outcome": outcome} for name, outcome in CHECKS],
        "findings": _findings(),
        "corrected": {
            "kind": "authorize_url",
            "url": address + "&launch=kX7mQ2vTn9RbW4cJ8sLzHd"
            "&scope=patient%2FPatient.read%20patient%2FObservation.read%20launch"
            "&aud=http%3A%2F%2Flocalhost%3A7425%2Fgeneral%2Fdstu2&state=Zk3vQ0m8yT1uWc7RkX2pLh",
        },
    }


def token_refused() -> dict[str, Any]:
    return {
        "id": "7712",
        "at": "2026-11-24T10:31:07+00:00",
        "stage": "token",
        "app": "c",
        "request": {
            "method": "POST",
            "url": f"{BASE}/general/oauth/token",
            "headers": {"Authorization": "Basic •••"},
            "body": "grant_type=authorization_code&code=•••&client_secret=•••&redirect_uri=http://a/",
        },
        "response": {"status": 400, "body": '{"error":"invalid_grant"}'},
        "checks": [{"name": "code_is_unused", "outcome": "refused"}],
        "findings": [
            {
                "id": "code-reused",
                "severity": "error",
                "title": "Your app sent the same code twice",
                "why": "A code is redeemed once.",
                "fix": "Send it once.",
                "facts": {},
                "spec": None,
            }
        ],
        "corrected": None,
    }


def grant() -> dict[str, Any]:
    return {
        "id": "1",
        "stage": "access",
        "request": {"method": "GET", "url": f"{BASE}/general/r4/Patient/p1"},
        "response": {"status": 200},
        "checks": [],
        "findings": [],
        "corrected": None,
    }


WRITE_REQUEST = EditedRequest(
    "POST",
    "/general/r4/Observation",
    "_pretty=true&name=YOUR-NAME",
    {"authorization": "Bearer ACCESS-TOKEN-OF-YOUR-APP", "content-type": "application/fhir+json"},
    "YOUR-BODY",
)


def _edit_view(edited: EditedRequest) -> ResendView:
    is_long = edited is WRITE_REQUEST
    return ResendView(
        id="x",
        action="/exchanges/x/resend",
        stage="FHIR request",
        method=edited.method,
        url=path_of(edited),
        tables=edit_tables(edited),
        body=body_of(edited),
        body_missing=is_long,
        fault="The `path` is wrong." if is_long else "",
        writes=is_long,
        hospital="General Hospital" if is_long else "",
        other=Link("Start with the original request instead", "/exchanges/x/resend?from=original") if is_long else None,
    )


def exchange_pages() -> dict[str, tuple[str, Any, Frame]]:
    def view(exchange: dict[str, Any], **more: Any) -> exchange_views.ExchangeView:
        return exchange_views.exchange_view(exchange, **more)

    full = view(
        make_refused(),
        app="Pressure Notes",
        app_href="/developer/apps/9ab4",
        hospital="General Hospital, DSTU2",
        app_id="9ab4",
    )
    offered = replace(view(make_refused()), resend=ResendOffer("/exchanges/x/resend", True, True, "Sickbay sends it."))
    both = compare_exchanges(make_refused(), grant(), ("Sickbay filled in a new code.",), "{}")
    resent = replace(view({**grant(), "resent_from": "x"}), comparison=both)
    patient = ShownBody("Response", '{"resourceType": "Patient"}', "application/fhir+json", 12)
    return {
        "exchange-bodies": ("exchange", replace(view(grant()), bodies=(ShownBody("Request", ""), patient)), DEVELOPER),
        "exchange-bodies-dropped": ("exchange", replace(view(grant()), bodies_dropped=True), DEVELOPER),
        "exchange-offered": ("exchange", offered, DEVELOPER),
        "exchange-resent": ("exchange", resent, DEVELOPER),
        "resend": ("resend", _edit_view(WRITE_REQUEST), DEVELOPER),
        "resend-least": ("resend", _edit_view(EditedRequest("GET", "/")), DEVELOPER),
        "exchange": ("exchange", full, DEVELOPER),
        "exchange-token": ("exchange", view(token_refused()), DEVELOPER),
        "exchange-granted": ("exchange", view(grant()), DEVELOPER),
        "exchange-failed": ("exchange", view({**grant(), "response": {"status": 404}}), DEVELOPER),
    }
