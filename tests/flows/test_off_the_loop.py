"""What takes long runs on a thread, so that other requests don't wait for it."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run
from tests.flows.random_use import bearer
from tests.flows.writing import hand

from sickbay.fhir import body
from sickbay.web.fhir.request import LARGE

SLOW_PARTS = [
    ("/general/r4/metadata", "sickbay.fhir.conformance", "make_statement"),
    ("/general/r5/metadata?_format=xml", "sickbay.fhir.xml.writer", "dumps"),
    ("/general/r4/metadata?_pretty=true", "sickbay.fhir.lossless_json", "dumps"),
    ("/general/r4/Observation?_count=1000&_summary=true", "sickbay.web.fhir.interactions.search", "make_subset"),
    ("/general/r4/Observation?_count=1000&_elements=code", "sickbay.web.fhir.interactions.search", "make_subset"),
    ("/rules?q=redirect", "sickbay.doctor.topics", "find_topics"),
]
"""Address; module and name of a function that takes long for it."""


@pytest.mark.parametrize(("address", "module", "name"), SLOW_PARTS, ids=[address for address, _, _ in SLOW_PARTS])
def test_what_takes_long_runs_on_a_thread(
    address: str, module: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    holder = importlib.import_module(module)
    original = getattr(holder, name)

    def observe(*arguments: Any, **more: Any) -> Any:
        threads.append(threading.get_ident())
        return original(*arguments, **more)

    async def steps(flow: Flow) -> None:
        headers = await bearer(flow)
        monkeypatch.setattr(holder, name, observe)
        answer = await flow.http.get(address, headers=headers)
        assert answer.status_code == 200
        assert threads
        assert threading.get_ident() not in threads

    run(steps, tmp_path, patients=10)


def test_the_refusal_of_a_large_body_is_explained_on_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    original = body.make_body

    def observe(*arguments: Any) -> Any:
        threads.append(threading.get_ident())
        return original(*arguments)

    async def steps(flow: Flow) -> None:
        client = await hand(flow, "system/*.cruds", None)
        monkeypatch.setattr(body, "make_body", observe)
        answer = await client.ask(
            "POST", "/Basic", {"resourceType": "Basic", "code": [0] * (LARGE // 2)}, Content_Type="text/plain"
        )
        assert answer.status_code == 415
        assert len(threads) > 1
        assert threading.get_ident() not in threads

    run(steps, tmp_path, patients=0)


def test_a_large_body_is_read_once_even_if_a_header_is_corrected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Any] = []
    original = body.make_body

    def observe(*arguments: Any) -> Any:
        reads.append(arguments)
        return original(*arguments)

    async def steps(flow: Flow) -> None:
        client = await hand(flow, "system/*.cruds", None)
        monkeypatch.setattr(body, "make_body", observe)
        large = {"resourceType": "Basic", "code": {"text": "x" * LARGE}}
        for resource, status in ((large, 201), (large | {"code": [0] * (LARGE // 2)}, 422)):
            reads.clear()
            answer = await client.ask("POST", "/Basic", resource, Accept="*/*")
            assert answer.status_code == status
            assert await flow.findings(answer)
            assert len(reads) == 1

    run(steps, tmp_path, patients=0)
