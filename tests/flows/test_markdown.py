"""What an agent can read: /llms.txt, and pages as Markdown where it asks for them."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from tests.agents.instructions import INSTRUCTIONS, find_marks
from tests.flows.flow import BASE, Flow, run

from sickbay.diagnosis.catalogue import RULES
from sickbay.doctor.pages import PAGES

MARKDOWN = {"accept": "text/markdown"}
TYPE = "text/markdown; charset=utf-8"


def test_every_page_of_the_index_is_served_as_markdown(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        index = await flow.http.get("/llms.txt")
        assert index.headers["content-type"] == "text/plain; charset=utf-8"
        assert index.text.startswith("# Sickbay\n\n> ")
        addresses = re.findall(rf"\]\({re.escape(BASE)}(/[^)]+)\)", index.text)
        assert addresses[0] == "/docs/how-to/coding-agents.md"
        assert len(addresses) == len({*addresses}) > 30
        for address in addresses:
            page = await flow.http.get(address)
            assert (page.status_code, page.headers["content-type"]) == (200, TYPE), address
            assert page.text.startswith("# "), address

    run(steps, tmp_path)


def test_a_page_of_the_documentation_has_both_forms_at_one_address(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        source = PAGES.read_text("running.md")
        assert (await flow.http.get("/docs/running.md")).text == source
        for path in ("/docs/running.html", "/docs/running"):
            assert (await flow.http.get(path, headers=MARKDOWN)).text == source
        html = await flow.http.get("/docs/running.html")
        assert html.headers["content-type"].startswith("text/html")
        assert html.headers["vary"] == "Accept"
        assert (await flow.http.get("/docs/running.html", headers={"accept": "text/html, text/markdown"})).text == html.text
        assert (await flow.http.get("/docs/rules/token.md")).text.startswith("# Rules of the stage token")
        for path in ("no", "../pyproject", "%2e%2e/README", "rules/no"):
            assert (await flow.http.get(f"/docs/{path}.md")).status_code == 404

    run(steps, tmp_path)


def test_a_rule_and_a_cause_are_served_as_markdown(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for rule in RULES[::40]:
            page = await flow.http.get(f"/rules/{rule.id}.md")
            assert page.headers["content-type"] == TYPE
            assert page.headers["vary"] == "Accept"
            assert page.text == (await flow.http.get(f"/rules/{rule.id}", headers=MARKDOWN)).text
            assert rule.spec.url in page.text
        assert "Fix: " in (await flow.http.get("/rules/oauth-code-used-twice.md")).text
        assert (await flow.http.get("/rules/no-such-rule.md")).status_code == 404
        assert (await flow.http.get("/rules", headers=MARKDOWN)).text == (await flow.http.get("/rules.md")).text
        assert (await flow.http.get("/rules/state-missing")).headers["content-type"].startswith("text/html")

    run(steps, tmp_path)


def test_an_exchange_is_explained_in_markdown_with_strangers_words_apart(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for text in INSTRUCTIONS[::25]:
            sent = {"client_id": text, "redirect_uri": text, "scope": text, "state": text, text: text}
            refused = await flow.http.get("/general/oauth/authorize", params=sent, headers=MARKDOWN)
            assert (refused.status_code, refused.headers["content-type"]) == (400, TYPE)
            assert refused.headers["cache-control"] == "no-store"
            page = await flow.http.get(f"/exchanges/{refused.headers['x-correlation-id']}", headers=MARKDOWN)
            assert page.headers["vary"] == "Accept, Origin"
            assert page.headers["content-type"] == TYPE
            for answer in (refused, page):
                ours, _, marked = answer.text.partition("## What the request contains")
                assert not find_marks(re.sub(r"\?[^\s\"]+", "", ours))
                assert marked.count("```") == 2

    run(steps, tmp_path)


def test_the_error_uri_of_a_vendor_is_served_as_markdown(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(tenant="cerner", redirect_uris=["http://localhost:8100/callback"])
        smart = (await flow.http.get("/admin/hospitals")).json()[1]
        answer = await flow.http.get(smart["authorize"], params=flow.asking(app) | {"aud": smart["fhir"]["r4"]})
        uri = str(answer.headers["location"]).partition("error_uri=")[2].partition("&")[0]
        page = await flow.http.get(unquote(uri), headers=MARKDOWN)
        assert page.headers["content-type"] == TYPE
        assert page.text.startswith("# Refused: authorize, status 302")

    run(steps, tmp_path)
