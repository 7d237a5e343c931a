"""Reads the pages of the FHIR explorer over HTTP."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import httpx2
from tests.flows.flow import Flow

from sickbay.services import records, viewers

HTML = {"Accept": "text/html"}
HOME = "/developer/explorer/general/r4"
_RAW = re.compile(r'<pre class="raw" id="raw" tabindex="0">(.*?)</pre>', re.S)
_RESULT = re.compile(r'<tr><th scope="row"><a href="([^"]*)">')
_RULE = re.compile(r'href="/rules/([a-z0-9-]+)"')


def token_path(token: str, home: str = HOME) -> str:
    """The address of the explorer as the app with this token."""
    return f"{home}/token:{viewers.handle_of(records.digest(token))}"


async def open_page(flow: Flow, address: str) -> httpx2.Response:
    return await flow.http.get(address, headers=HTML)


def raw_json(page: httpx2.Response) -> dict[str, Any]:
    """The resource on a page with the form JSON."""
    match = _RAW.search(page.text)
    assert match, page.text[:2000]
    return dict(json.loads(html.unescape(match[1])))


def result_paths(page: httpx2.Response) -> list[str]:
    """The FHIR paths that the rows of a page link to."""
    return ["/".join(html.unescape(address).split("/")[6:]) for address in _RESULT.findall(page.text)]


def rule_ids(page: httpx2.Response) -> set[str]:
    """The rules that a page names."""
    return set(_RULE.findall(page.text))
