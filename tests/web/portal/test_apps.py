"""The list of apps has pages, so that many apps don't hold the event loop."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.flows.flow import Flow, run

from sickbay.web.portal import apps

HTML = {"Accept": "text/html"}
LINKS = re.compile(r'<a class="name" href="([^"]*)">([^<]*)</a>')


def test_every_app_is_on_one_page_the_newest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apps, "LISTED_APPS", 4)

    async def steps(flow: Flow) -> None:
        for number in range(6):
            await flow.register(name=f"App {number}")
        address, pages = "/developer", list[list[tuple[str, str]]]()
        while address:
            text = (await flow.http.get(address, headers=HTML)).text
            pages.append(LINKS.findall(text))
            following = re.search(r'<a href="([^"]*)">Older apps</a>', text)
            address = following[1] if following else ""
        every = [link for page in pages for link in page]
        assert sorted(name for _, name in every if name.startswith("App ")) == [f"App {number}" for number in range(6)]
        assert len(every) == len(set(every))
        assert [len(page) for page in pages[:-1]] == [4] * (len(pages) - 1)
        assert len(pages) > 1

    run(steps, tmp_path, patients=0)


@pytest.mark.parametrize("start", ["x", "-1", "10000", "٣", "1e2", ""])
def test_an_impossible_page_is_the_first_page(start: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await flow.register(name="App")
        first, other = [(await flow.http.get(f"/developer{query}", headers=HTML)).text for query in ("", f"?from={start}")]
        assert LINKS.findall(other) == LINKS.findall(first) != []

    run(steps, tmp_path, patients=0)
