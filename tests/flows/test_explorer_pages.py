"""The pages of the explorer with hostile and with huge resources: all of it stays text, and no page gets large."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2
from tests.flows.explorer import open_page, token_path
from tests.flows.flow import BASE, Flow, run
from tests.flows.writing import TokenClient, hand, observation

from sickbay.fhir import lossless_json
from sickbay.fhir.search.index import extract_entries
from sickbay.storage.interface import ResourceSpace, Save

PAGE_BYTES = 150_000
ATTACK = (
    "\"'><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)></svg><a href='javascript:alert(4)'>x</a>"
)
NARRATIVE = (
    '<div xmlns="http://www.w3.org/1999/xhtml"><p>Hello <a href="http://evil.example/">there</a></p>'
    '<img src="http://evil.example/x.png" alt="x"/><table><tr><td>a</td><td>b</td></tr></table></div>'
)
FORMS = ("", "?_format=json", "?_format=xml", "/_history")


class Live(HTMLParser):
    """The elements of a page that could act: scripts, embedded content, handlers of events, and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "srcdoc", "src", "href", "action", "formaction", "data", "ping"):
                self.found.append((tag, f"{name}={value}"))
        if tag in ("iframe", "object", "embed", "img", "video", "audio", "base", "meta", "form", "script", "style"):
            self.found.append((tag, ""))


OWN_ADDRESS = re.compile(
    r"(?:href|src|action)=(?:/(?:static|developer|exchanges|timelines|docs|rules|doctor|theme)(?:[/?].*)?|/|#[\w.-]+)"
)


def check_inert(page: httpx2.Response) -> None:
    """Every link, script and form of the page is one of Sickbay's own."""
    allowed = {"form", "meta", "script"}
    foreign = [
        (tag, text) for tag, text in Live(page.text).found if text and not OWN_ADDRESS.fullmatch(text) and "hl7.org" not in text
    ]
    assert not foreign, foreign
    assert {tag for tag, text in Live(page.text).found if not text} <= allowed
    assert page.text.count("<script") == 1
    assert len(page.content) <= PAGE_BYTES, len(page.content)
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]


def _hostile() -> list[dict[str, Any]]:
    text = {"status": "generated", "div": NARRATIVE}
    coding = [{"system": f"http://x/{ATTACK.replace(' ', '')}", "code": "x-1", "display": ATTACK}]
    document = {"resourceType": "DocumentReference", "status": "current", "subject": {"reference": "Patient/p-0001"}}
    attachment = {
        "contentType": "text/html",
        "url": "javascript:alert(1)",
        "title": ATTACK,
        "data": base64.b64encode(ATTACK.encode()).decode(),
    }
    return [
        observation()
        | {
            "text": text,
            "code": {"text": ATTACK, "coding": coding},
            "valueString": ATTACK,
            "note": [{"text": ATTACK, "authorString": ATTACK}],
            "performer": [
                {"reference": "javascript:alert(1)", "display": ATTACK},
                {"reference": "http://evil.example/Patient/1"},
            ],
            "extension": [{"url": f"http://x/{'y' * 300}", "valueUri": "javascript:alert(1)"}],
            "contained": [
                {"resourceType": "Device", "id": "d.1-x", "deviceName": [{"name": ATTACK, "type": "user-friendly-name"}]}
            ],
            "device": {"reference": "#d.1-x", "display": ATTACK},
        },
        document | {"content": [{"attachment": attachment}], "description": ATTACK},
        {"resourceType": "Binary", "contentType": "text/html", "data": base64.b64encode(ATTACK.encode()).decode()},
        {"resourceType": "Binary", "contentType": "image/svg+xml", "data": base64.b64encode(ATTACK.encode()).decode()},
        {"resourceType": "Binary", "contentType": "application/octet-stream", "data": base64.b64encode(bytes(256)).decode()},
    ]


async def _writer(flow: Flow) -> tuple[TokenClient, str]:
    client = await hand(flow, "system/*.cruds")
    return client, token_path(client.headers["Authorization"].removeprefix("Bearer "))


def test_nothing_in_a_resource_becomes_markup_or_a_foreign_link(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        client, root = await _writer(flow)
        for resource in _hostile():
            answer = await client.ask("POST", f"/{resource['resourceType']}", resource)
            assert answer.status_code == 201, answer.text
            path = f"{resource['resourceType']}/{answer.json()['id']}"
            for form in FORMS:
                page = await open_page(flow, f"{root}/{path}{form}")
                assert page.status_code == 200, (path, form)
                check_inert(page)
            page = await open_page(flow, f"{root}/{resource['resourceType']}?_id={answer.json()['id']}")
            assert answer.json()["id"] in page.text
            check_inert(page)

    run(steps, tmp_path)


def test_a_narrative_is_plain_text_and_html_in_a_binary_is_shown_as_text(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        client, root = await _writer(flow)
        first, _, third, fourth, fifth = _hostile()
        created = await client.create(first)
        page = await open_page(flow, f"{root}/Observation/{created['id']}")
        assert "Hello there" in page.text
        assert "evil.example/x.png" not in page.text
        assert 'href="#contained-d.1-x"' in page.text
        assert 'id="contained-d.1-x"' in page.text
        text = await client.create(third)
        assert "&lt;script&gt;alert(1)" in (await open_page(flow, f"{root}/Binary/{text['id']}")).text
        for other in (fourth, fifth):
            made = await client.create(other)
            shown = await open_page(flow, f"{root}/Binary/{made['id']}")
            assert "1 KB" in shown.text
            assert "alert(" not in shown.text

    run(steps, tmp_path)


def test_picking_asks_for_words_where_a_hospital_does_not_list_everyone(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        pick = "/developer/explorer/general/r4/user:okafor/Patient/_pick?for=Observation&parameter=patient"
        page = await open_page(flow, pick)
        assert page.status_code == 200
        assert "Type what to find. General Hospital doesn’t list all of them." in page.text
        assert "fhir-search-unbounded" not in page.text
        assert "Timothy Peters" in (await open_page(flow, f"{pick}&find=peters")).text

    run(steps, tmp_path)


def test_the_query_and_the_path_stay_text(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        _, root = await _writer(flow)
        for path in (
            "Patient?name=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
            "Patient?%3Cscript%3E=1",
            "%3Cscript%3Ealert(1)%3C/script%3E",
            "Patient/%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E",
            "Patient/_pick?for=%22%3E%3Cscript%3E&parameter=%22%3E%3Cscript%3E&query=javascript:alert(1)&find=%22%3E",
            "Patient/p-0001/_compare?a=%3Cscript%3E&b=%22%3E",
            "Patient?_format=%3Cscript%3E",
            "Patient/_form?more=javascript:alert(1)",
        ):
            page = await open_page(flow, f"{root}/{path}")
            if page.status_code == 303:
                assert page.headers["location"].startswith(f"{root}/Patient?")
                continue
            assert page.status_code < 500
            check_inert(page)

    run(steps, tmp_path)


def test_huge_resources_and_results_are_cut_and_the_page_says_so(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        client, root = await _writer(flow)
        notes = [{"text": f"{number} {'<&>' * 500}"} for number in range(400)]
        large = await client.create(
            observation() | {"note": notes, "component": [{"code": {"text": "c" * 50}, "valueString": "v"}] * 500}
        )
        path = f"{root}/Observation/{large['id']}"
        for form, words in (("", "too large for one page"), ("?_format=json", "The first "), ("?_format=xml", "The first ")):
            page = await open_page(flow, f"{path}{form}")
            assert words in page.text, form
            check_inert(page)
        data = base64.b64encode(b"x" * 2_000_000).decode()
        binary = await client.create({"resourceType": "Binary", "contentType": "text/plain", "data": data})
        page = await open_page(flow, f"{root}/Binary/{binary['id']}")
        assert "2.0 MB" in page.text
        check_inert(page)
        updated = large | {"note": [{"text": f"{number} {'&' * 1900}"} for number in range(400)]}
        await client.ask("PUT", f"/Observation/{large['id']}", updated)
        page = await open_page(flow, f"{path}/_compare?a=1&b=2")
        assert "Not all of them fit on the page" in page.text
        check_inert(page)
        page = await open_page(flow, f"{root}/Observation?_count=1000&_include=*")
        assert "fit on the page" in page.text
        check_inert(page)

    run(steps, tmp_path)


def test_every_type_of_every_version_has_a_form_that_fits_on_a_page(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for version, types in (
            ("r4", ("Patient", "Observation", "Encounter")),
            ("dstu2", ("Patient",)),
            ("r5", ("Patient", "Observation")),
        ):
            for type in types:
                page = await open_page(flow, f"/developer/explorer/general/{version}/user:okafor/{type}/_form")
                assert page.status_code == 200
                check_inert(page)

    run(steps, tmp_path, versions=("r4", "dstu2", "r5"))


def _nest(levels: int) -> dict[str, Any]:
    """An extension in an extension, and so on."""
    nested: dict[str, Any] = {"url": "http://x/last", "valueString": ATTACK}
    for _ in range(levels):
        nested = {"url": "http://x/next", "extension": [nested]}
    return nested


UNCHECKED: list[dict[str, Any]] = [
    {
        "text": {
            "status": "generated",
            "div": f"<div onclick='alert(1)'>{ATTACK}<style>*{{}}</style><iframe srcdoc='<script>'></iframe>",
        }
    },
    {"text": {"div": "<" * 100_000}, "code": {"text": "<a " * 50_000}},
    {"extension": [_nest(80)]},
    {
        "code": [],
        "valueQuantity": "x",
        "subject": [{"reference": {"a": 1}}],
        "note": {"text": 3},
        "category": [[["x"]], None, 4, True],
    },
    {
        "subject": {"reference": "Patient/p-0001/_history/../../../x"},
        "performer": [{"reference": '#"><script>'}, {"reference": "//x"}],
    },
    {
        "contained": [
            {"id": 'a"><script>', "resourceType": "Patient"},
            {"id": "d"},
            "x",
            {"contained": [{}], "resourceType": "Patient"},
        ]
    },
    {ATTACK: ATTACK, "constructor": {"__proto__": ATTACK}, "_status": {"extension": [{"url": ATTACK, "valueCode": ATTACK}]}},
    {"effectiveDateTime": ATTACK, "issued": "2026-13-45T99:99:99Z", "effectivePeriod": {"start": "2026", "end": [1]}},
    {
        "meta": {
            "profile": [ATTACK],
            "tag": [{"display": ATTACK}],
            "versionId": "1",
            "lastUpdated": ATTACK,
            "source": "javascript:alert(1)",
        }
    },
]
"""Members of resources that no check of a write would accept, such as those that an older Sickbay stored."""


def test_a_stored_resource_that_no_check_would_accept_is_shown_as_text_too(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        _, root = await _writer(flow)
        space, store = ResourceSpace("general", "r4"), flow.sandbox.runtime.store
        for number, members in enumerate(UNCHECKED):
            valid = observation() | {"id": f"odd-{number}", "resourceType": "Observation"}
            facts = extract_entries("r4", valid, f"{BASE}/general/r4")
            body = lossless_json.dumps(valid | members)
            await store.transaction([Save(space, "Observation", f"odd-{number}", 1, body, facts, flow.now() * 1000)])
            for form in ("", "?_format=json", "/_history"):
                page = await open_page(flow, f"{root}/Observation/odd-{number}{form}")
                assert page.status_code == 200, (number, form)
                check_inert(page)
            check_inert(await open_page(flow, f"{root}/Observation?_id=odd-{number}"))
        page = await open_page(flow, f"{root}/Observation?_id={','.join(f'odd-{number}' for number in range(len(UNCHECKED)))}")
        assert "odd-1" in page.text
        check_inert(page)

    run(steps, tmp_path)
