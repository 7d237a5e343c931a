"""Tests of the app against Sickbay, without a browser: an HTTP client follows the redirects between the app and the EHR."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest
from starlette.testclient import TestClient
from web_app import SCOPE, WebApp

APP = "http://localhost:8100"
"""Where the app is registered. Nothing listens there: its requests go to the app directly, so tests can run in parallel."""


@pytest.fixture
def registered(sickbay):
    """The registration. Dr. Okafor signs in, and agrees, without a person."""
    return sickbay.app(client="symmetric", scope=SCOPE, user="okafor")


@pytest.fixture
def app(sickbay, registered):
    return WebApp(registered.client_id, registered.client_secret, f"{APP}/callback", sickbay.fhir())


@pytest.fixture
def browse(app):
    """Opens a URL as a browser does: follows redirects, and sends what is for the app to the app."""
    with TestClient(app.routes(), base_url=APP, follow_redirects=False) as to_app, httpx.Client(timeout=60) as to_others:

        def opened(url):
            for _ in range(10):
                to = to_app if url.startswith(APP) else to_others
                page = to.get(url, headers={"Accept": "text/html"})
                if not page.has_redirect_location:
                    return page
                url = page.headers["location"]
            raise AssertionError("too many redirects")

        yield opened


def test_a_launch_shows_the_patient_of_the_chart(sickbay, registered, browse):
    page = browse(sickbay.launch(registered, patient="p-0001").url)
    assert page.status_code == 200
    assert "<h1>" in page.text
    assert "<li>" in page.text
    sickbay.assert_no_refusals()


def test_an_unknown_ehr_is_not_contacted(sickbay, browse):
    page = browse(f"{APP}/launch?iss=https://ehr.example.org/fhir&launch=abc")
    assert page.status_code == 403
    assert sickbay.exchanges() == []


def test_a_launch_code_works_only_once(sickbay, registered, browse):
    launch = sickbay.launch(registered)
    browse(launch.url)
    page = browse(launch.url)
    assert "The EHR refused access" in page.text
    (refusal,) = sickbay.refusals()
    assert refusal["stage"] == "authorize"


def test_a_response_with_an_unknown_state_is_not_used(browse):
    assert browse(f"{APP}/callback?code=abc&state=invented").status_code == 400


def test_a_wrong_redirect_uri_is_refused(sickbay, registered, app, browse):
    app.redirect_uri = f"{APP}/callback/"
    page = browse(sickbay.launch(registered).url)
    assert urlsplit(str(page.url)).path.endswith("/authorize"), "the browser stays at the EHR"
    (refusal,) = sickbay.refusals()
    assert refusal["findings"][0]["id"] == "redirect-uri-trailing-slash"
