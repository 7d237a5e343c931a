"""Prepares the load of the flow: a user signs in on the pages and consents to the app once."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2


class Person:
    """A user's browser. Cookies are set manually because they are Secure and the benchmark uses http."""

    def __init__(self, http: httpx2.Client) -> None:
        self.http = http
        self.cookie = ""

    def allows(self, address: str, account: str) -> None:
        """Follow an authorization request to its code, filling in forms. Raises RuntimeError if it doesn't lead to a code."""
        answer = self._get_page(address)
        while not _leads_to_a_code(answer):
            answer = self._get_page(answer.headers["location"]) if answer.is_redirect else self._submit_account(answer, account)

    def _submit_account(self, page: httpx2.Response, account: str) -> httpx2.Response:
        fields = {name: _hidden_field(page.text, name) for name in ("csrf", "request")}
        if 'name="account"' in page.text:
            return self._post_form(page, {**fields, "account": account})
        if 'name="scope"' not in page.text:
            raise RuntimeError(f"neither sign-in nor consent: {page.status_code} {page.text[:500]!r}")
        scopes = re.findall(r'name="scope" value="([^"]*)"', page.text)
        return self._post_form(page, {**fields, "scope": scopes, "decision": "allow"})

    def _get_page(self, address: str) -> httpx2.Response:
        return self._keep_cookie(self.http.get(address, headers={"Cookie": self.cookie, "Accept": "text/html"}))

    def _post_form(self, page: httpx2.Response, fields: dict[str, Any]) -> httpx2.Response:
        return self._keep_cookie(self.http.post(page.url.copy_with(query=None), data=fields, headers={"Cookie": self.cookie}))

    def _keep_cookie(self, answer: httpx2.Response) -> httpx2.Response:
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer


def _leads_to_a_code(answer: httpx2.Response) -> bool:
    return "code" in parse_qs(urlsplit(answer.headers.get("location", "")).query)


def _hidden_field(page: str, name: str) -> str:
    match = re.search(rf'name="{name}" value="([^"]*)"', page)
    if match is None:
        raise RuntimeError(f"no {name} in {page[:500]!r}")
    return match[1]
