"""/admin/faults refuses filters of a wrong type, whatever stands beside them."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

from tests.flows.flow import Flow, run

from sickbay.faults.fault import FILTERS

OF_EVERY_TYPE: tuple[Any, ...] = (True, 7, 0.5, "x", [], ["x"], {}, {"x": 1})


def test_a_filter_of_any_type_is_answered_also_beside_the_name_of_an_app(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = (await flow.register())["client_id"]
        for name, value, kind in product(FILTERS, OF_EVERY_TYPE, ({"kind": "no-patient"}, {"preset": "flaky"})):
            answer = await flow.http.post("/admin/faults", json={**kind, "app": app, name: value})
            is_wrong = bool(FILTERS[name].find_mistake(value))
            assert answer.status_code == 422 if is_wrong else answer.status_code in (201, 404), (name, value, answer.text)
            await flow.http.delete("/admin/faults")

    run(steps, tmp_path)
