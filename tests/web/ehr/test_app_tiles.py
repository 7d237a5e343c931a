"""Many apps don't crowd the chart: favourites first, a few tiles, and a search."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st
from tests.flows.flow import Flow, run
from tests.flows.test_ehr_by_http import HTML, field, sign_in

from sickbay.authorization.models import Client
from sickbay.web.ehr.app_tiles import FOUND_TILES, SHOWN_TILES, TileOptions, make_tiles

CHART = "/general/ehr/patients/p-0017"


def apps(number: int) -> list[Client]:
    return [Client(client_id=f"c{index}", app_id=f"a{index}", name=f"App {index:03}") for index in range(number)]


def options(**more: Any) -> TileOptions:
    return TileOptions(CHART, "r4", False, **more)


def test_favourites_come_first_and_the_others_by_name() -> None:
    tiles = make_tiles(apps(5), None, options(favourites=("a3",))).tiles
    assert [tile.app_id for tile in tiles] == ["a3", "a0", "a1", "a2", "a4"]
    assert [tile.is_favourite for tile in tiles] == [True, False, False, False, False]


def test_of_many_apps_only_some_are_shown_and_the_open_one_always() -> None:
    many = apps(200)
    shown = make_tiles(many, many[150], options())
    assert (len(shown.tiles), shown.total) == (SHOWN_TILES, 200)
    assert shown.tiles[0].app_id == "a150"


@given(st.text(max_size=130))
def test_a_search_shows_only_apps_with_these_words(words: str) -> None:
    shown = make_tiles(apps(200), None, options(words=words))
    assert len(shown.tiles) <= (FOUND_TILES if words else SHOWN_TILES)
    assert all(words[:100].lower() in tile.name.lower() for tile in shown.tiles)


def test_a_star_keeps_an_app_in_front_on_every_chart(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        registered = [await flow.register(name=f"App {number:02}") for number in range(12)]
        last = registered[-1]["app_id"]
        page = await flow.http.get(CHART, headers=HTML)
        assert f"?app={last}" not in page.text
        found = await flow.http.get(f"{CHART}?find=app 11", headers=HTML)
        assert f"?app={last}" in found.text
        form = {"csrf": field(page, "csrf"), "app": last, "back": CHART}
        starred = await flow.http.post("/general/ehr/favourites", data=form, headers=HTML)
        assert starred.headers["location"] == CHART
        page = await flow.http.get(CHART, headers=HTML)
        assert page.text.index(f"?app={last}") < page.text.index(f"?app={registered[0]['app_id']}")
        assert page.text.count('aria-pressed="true"') == 1
        await flow.http.post("/general/ehr/favourites", data=form, headers=HTML)
        assert 'aria-pressed="true"' not in (await flow.http.get(CHART, headers=HTML)).text

    run(steps, tmp_path)


def test_a_foreign_form_changes_no_favourite_and_redirects_nowhere_else(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        answer = await flow.http.post("/general/ehr/favourites", data={"app": "a", "back": "//evil.example"}, headers=HTML)
        assert answer.headers["location"] == "/general/ehr"
        assert "set-cookie" not in answer.headers
        strange = {**HTML, "cookie": f"{flow.http.headers['cookie']}; sickbay_favourites={quote('<b>') + '.' * 9000}"}
        assert (await flow.http.get(CHART, headers=strange)).status_code == 200

    run(steps, tmp_path)
