"""With no fault configured, requests hardly notice that faults can be injected."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, Flow, run

import sickbay

SOURCES = Path(sickbay.__file__).parent
INJECTING = tuple(f"{SOURCES / path}" for path in ("faults", "services/injection", "web/middleware/injection.py"))
MAXIMUM_SHARE = 0.01
"""Of the bytecode instructions of Sickbay that a request executes."""
SCOPE = "launch openid fhirUser offline_access patient/Patient.rs patient/Observation.rs"
Answer = Awaitable[httpx2.Response]


@contextmanager
def count_instructions() -> Iterator[Counter[str]]:
    """Count the bytecode instructions that this thread executes, by source file of Sickbay."""
    counts: Counter[str] = Counter()
    sources = f"{SOURCES}/"

    def enter(frame: FrameType, event: str, value: object) -> Any:
        if not frame.f_code.co_filename.startswith(sources):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return count

    def count(frame: FrameType, event: str, value: object) -> Any:
        counts[frame.f_code.co_filename] += event == "opcode"
        return count

    previous = sys.gettrace()
    sys.settrace(enter)
    try:
        yield counts
    finally:
        sys.settrace(previous)


async def authorize(flow: Flow, app: dict[str, Any], tokens: dict[str, Any]) -> httpx2.Response:
    return await flow.authorize(app, launch=(await flow.launch(app))["launch"], scope=SCOPE)


async def redeem(flow: Flow, app: dict[str, Any], tokens: dict[str, Any]) -> httpx2.Response:
    return await flow.redeem(app, await flow.code(app, launch=(await flow.launch(app))["launch"], scope=SCOPE))


async def refresh(flow: Flow, app: dict[str, Any], tokens: dict[str, Any]) -> httpx2.Response:
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": app["client_id"]}
    answer = await flow.http.post("/general/oauth/token", data=form)
    tokens.update(answer.json())
    return answer


def get(path: str) -> Callable[[Flow, dict[str, Any], dict[str, Any]], Answer]:
    def request(flow: Flow, app: dict[str, Any], tokens: dict[str, Any]) -> Answer:
        return flow.http.get(path, headers={"Authorization": f"Bearer {tokens['access_token']}"})

    return request


@pytest.mark.parametrize(
    "request_of",
    [
        pytest.param(get(f"{BASE}/general/r4/Patient/p-0001"), id="read"),
        pytest.param(get(f"{BASE}/general/r4/Observation?patient=p-0001&_count=5"), id="search"),
        pytest.param(authorize, id="authorize"),
        pytest.param(redeem, id="redeem"),
        pytest.param(refresh, id="refresh"),
    ],
)
def test_with_no_fault_configured_at_most_a_hundredth_of_the_instructions_of_a_request_are_about_faults(
    request_of: Callable[[Flow, dict[str, Any], dict[str, Any]], Answer], tmp_path: Path
) -> None:
    async def steps(flow: Flow) -> Counter[str]:
        app = await flow.register(scope=SCOPE)
        tokens = (await redeem(flow, app, {})).json()
        with count_instructions() as counts:
            await request_of(flow, app, tokens)  # what is imported, compiled and cached once isn't counted
            counts.clear()
            assert (await request_of(flow, app, tokens)).status_code in (200, 302, 303)
        return counts

    counts = run(steps, tmp_path)
    injecting = sum(count for file, count in counts.items() if file.startswith(INJECTING))
    assert 0 < injecting <= MAXIMUM_SHARE * counts.total(), counts.most_common(20)
