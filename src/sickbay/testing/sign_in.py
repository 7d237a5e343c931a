"""Signs a user in to the EHR, as a browser does, and returns the state of that browser for Playwright."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from .http_client import HttpClient, HttpResponse, SickbayError

BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


def sign_in(http: HttpClient, user: str, password: str, tenant: str) -> dict[str, Any]:
    """The storage state of the signed-in browser. Raises SickbayError if the password is wrong."""
    path, host = f"/{tenant}/ehr/sign-in", urlsplit(http.base).hostname or "localhost"
    page = http.send("GET", path, headers=BROWSER)
    form = re.search(r'name="csrf" value="([^"]+)"', page.text)
    fields = {"csrf": form[1] if form else "", "username": user, "password": password}
    cookie = "; ".join(f"{name}={value}" for name, value in _set_cookies(page))
    answer = http.send_form(path, fields, BROWSER | {"Origin": http.base, "Cookie": cookie})
    if answer.status != 303:
        raise SickbayError(f"{user} can't sign in to {tenant} with this password.")
    return {"cookies": [_describe_cookie(name, value, host) for name, value in _set_cookies(answer)], "origins": []}


def _set_cookies(response: HttpResponse) -> list[tuple[str, str]]:
    """Returns cookie names and values. A cookie jar withholds Secure cookies from http, but browsers send them on loopback."""
    lines: list[str] = response.headers.get_all("set-cookie") or []
    return [(name, value) for name, _, value in (line.partition(";")[0].partition("=") for line in lines)]


def _describe_cookie(name: str, value: str, host: str) -> dict[str, Any]:
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
