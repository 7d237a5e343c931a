"""A request that uses a value issued to another app gets its own timeline, and learns nothing about that app's."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.attacks.stealing import CLAIMED, ELSEWHERE, PUBLIC, Stolen, exchange_of, remote, steal
from tests.flows.flow import REDIRECT, Flow
from tests.flows.shared_app import SharedApp, open_shared_app


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, engine: Callable[[], str | None]) -> Iterator[SharedApp]:
    with open_shared_app(tmp_path_factory.mktemp("timelines"), engine(), patients=1) as server:
        yield server


@pytest.fixture(scope="module", params=["symmetric", "public"])
def stolen(desk: SharedApp, request: pytest.FixtureRequest) -> Stolen:
    return desk.do(lambda flow: steal(flow, request.param))


async def _timeline(flow: Flow, id: str, headers: dict[str, str]) -> set[str]:
    timeline = (await flow.http.get(f"/timelines/{id}", headers={"Accept": "application/json"} | headers)).json()
    return {exchange["id"] for exchange in timeline["exchanges"]}


async def _victims(flow: Flow, stolen: Stolen) -> set[str]:
    """The timelines of all stolen values."""
    listing = (await flow.http.get(f"/admin/exchanges?app={stolen.app['app_id']}")).json()
    exchanges = listing["exchanges"] if isinstance(listing, dict) else listing
    return {stolen.timeline} | {
        exchange["launch"] for exchange in exchanges if exchange["launch"] and exchange["response"]["status"] < 400
    }


@pytest.mark.parametrize("way", ELSEWHERE)
def test_another_app_does_not_appear_in_the_timeline(desk: SharedApp, stolen: Stolen, way: str) -> None:
    async def steps(flow: Flow) -> None:
        victim_timelines = await _victims(flow, stolen)
        answer = await ELSEWHERE[way](remote(desk), stolen)
        for headers in ({}, PUBLIC):
            assert (await exchange_of(flow, answer, **headers))["launch"] not in victim_timelines
            for timeline in victim_timelines:
                assert answer.headers["x-correlation-id"] not in await _timeline(flow, timeline, headers)
        page = await flow.http.get(f"/exchanges/{answer.headers['x-correlation-id']}", headers=PUBLIC | {"Accept": "text/html"})
        assert not any(timeline in answer.text + page.text for timeline in victim_timelines)

    desk.do(steps)


@pytest.mark.parametrize("way", CLAIMED)
def test_a_client_that_only_claims_to_be_the_app_does_not_learn_its_timeline(desk: SharedApp, stolen: Stolen, way: str) -> None:
    if "wrong secret" in way and "client_secret" not in stolen.app:
        way = "a code, with the victim's client id and nothing else"  # a public app has no secret

    async def steps(flow: Flow) -> None:
        victim_timelines = await _victims(flow, stolen)
        answer = await CLAIMED[way](remote(desk), stolen)
        assert answer.status_code >= 400
        assert (await exchange_of(flow, answer, **PUBLIC))["launch"] is None
        id = answer.headers["x-correlation-id"]
        for timeline in victim_timelines:
            assert id not in await _timeline(flow, timeline, PUBLIC)
        page = await flow.http.get(f"/exchanges/{id}", headers=PUBLIC | {"Accept": "text/html"})
        assert not any(timeline in answer.text + page.text for timeline in victim_timelines)
        full = (await exchange_of(flow, answer))["launch"]  # control: the administrator sees where it claims to belong
        assert full is not None
        assert id in await _timeline(flow, full, {})

    desk.do(steps)


def test_the_app_itself_reads_its_timeline(desk: SharedApp, stolen: Stolen) -> None:
    """The control: the app itself sends the code, and is refused for another reason."""

    async def steps(flow: Flow) -> None:
        secret = {"client_secret": stolen.app["client_secret"]} if "client_secret" in stolen.app else {}
        answer = await flow.redeem(stolen.app, stolen.code, redirect_uri=REDIRECT + "/", **secret)
        assert answer.status_code == 400
        assert (await exchange_of(flow, answer, **PUBLIC))["launch"] == stolen.timeline
        assert answer.headers["x-correlation-id"] in await _timeline(flow, stolen.timeline, PUBLIC)

    desk.do(steps)


def test_a_client_cannot_choose_the_timeline_of_a_launch(desk: SharedApp, stolen: Stolen) -> None:
    """A page passes a seed to the launch that it prepares. The id of a timeline isn't a seed for that timeline."""

    async def steps(flow: Flow) -> None:
        flow = desk.flow()
        await flow.http.get("/general/ehr/sign-in")
        sent = {"app": stolen.app["app_id"], "user": await desk.first.clinician(), "timeline": stolen.timeline}
        answer = await flow.http.get("/general/ehr/launch", params=sent | {"seed": stolen.timeline})
        assert answer.status_code == 303
        exchange = await exchange_of(flow, answer)
        assert exchange["stage"] == "launch"
        assert exchange["launch"] not in (None, stolen.timeline)

    desk.do(steps)
