"""The list of patients, page by page, as a clinician goes through it."""

from __future__ import annotations

import html
import re
from pathlib import Path

from tests.flows.flow import Flow, run
from tests.flows.test_ward import HTML, sign_in


def people(text: str) -> list[str]:
    return re.findall(r'class="name" href="/general/ehr/patients/([^"?]+)"', text)


def test_the_next_pages_show_everybody_once(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        address, seen = "/general/ehr/patients", []
        while address:
            page = await flow.http.get(address, headers=HTML)
            seen += people(page.text)
            more = re.search(r'href="([^"]+)">Show the next', page.text)
            address = html.unescape(more[1]) if more else ""
        assert len(seen) == len(set(seen)) == 40

    run(steps, tmp_path, patients=40)


def test_a_page_that_is_over_leads_back_to_the_first(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        page = await flow.http.get("/general/ehr/patients?from=nonsense", headers=HTML)
        assert page.status_code == 200
        assert people(page.text) == []
        assert 'href="/general/ehr/patients">' in page.text

    run(steps, tmp_path)
