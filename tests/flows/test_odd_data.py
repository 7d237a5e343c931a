"""Invalid resources that `sickbay load` accepted without validation break no response; nor do odd request bodies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run
from tests.flows.writing import hand

from sickbay.fhir import lossless_json
from sickbay.fhir.loading import ParsedResource, prepare_resource, split_into_resources
from sickbay.services.loading import Loading

HUGE = (
    '{"resourceType":"Observation","id":"huge","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p-0001"},'
    '"valueQuantity":{"value":1e400},"referenceRange":[{"low":{"value":' + "9" * 400 + "}}],"
    '"meta":{"extension":[{"url":"u","valueDecimal":-1e999}]}}'
)
ODD: list[dict[str, Any]] = [
    {"resourceType": "Observation", "id": "odd-1", "code": "x", "meta": "y", "subject": 5, "status": [], "text": 3},
    {"resourceType": "Observation", "id": "odd-2", "code": {"coding": "x"}, "meta": {"tag": "t"}, "component": {}},
    {"resourceType": "Observation", "id": "odd-3", "code": {"coding": [[]]}, "meta": {"tag": [1], "profile": 2}},
    {"resourceType": "Group", "id": "odd-4", "member": "x", "contained": 1},
    {"resourceType": "Group", "id": "odd-5", "member": [1, {"entity": "x"}, {"entity": {"reference": 7}}]},
    {"resourceType": "Binary", "id": "odd-6", "data": 7, "contentType": [], "securityContext": "x"},
    {"resourceType": "List", "id": "odd-7", "entry": [None, {"item": []}]},
    {"resourceType": "Patient", "id": "odd-8", "name": "x", "link": {}, "generalPractitioner": [5]},
    {"resourceType": "Encounter", "id": "odd-9", "subject": [], "period": "x", "participant": None},
    {"resourceType": "DocumentReference", "id": "odd-10", "date": {}, "content": 1, "subject": {"reference": []}},
]
ASKED = (
    "/Observation?_count=1000",
    "/Observation/$lastn?max=3",
    "/Observation?_elements=code&_count=1000",
    "/Observation?_summary=true&_count=1000",
    "/Observation?_summary=data&_count=1000",
    "/Observation?_summary=text&_count=1000",
    "/Observation?_include=*&_count=1000",
    "/Observation?_sort=-date,code,value-quantity&_count=1000",
    "/Patient?_revinclude=*",
    "/Observation/huge",
    "/Observation/huge?_format=xml",
    "/Observation/huge?_pretty=true",
    "/Observation/huge/$validate",
    "/Observation/huge/$meta",
    "/Observation/huge/_history",
    "/Observation/huge/_history/1",
    "/Observation?_id=huge&_format=xml",
    "/Observation?value-quantity=gt1e200",
    "/Patient/p-0001/$everything",
    "/Patient/p-0001/$everything?_since=2020-01-01T00:00:00Z",
    "/Patient/odd-8/$everything",
    "/Encounter/odd-9/$everything",
    "/Patient/odd-8/*",
    "/_history?_count=1000",
    "/?_text=x",
    "/_history?_count=1000&_summary=true",
    "/Observation/_history?_elements=id",
    "/$meta",
    "/Observation/$meta",
    "/Patient?_list=odd-7",
    "/Group?member=Patient/p-0001",
    "/DocumentReference/$docref?patient=odd-8",
    *(
        f"/{resource['resourceType']}/{resource['id']}{more}"
        for resource in ODD
        for more in (
            "",
            "?_format=xml",
            "?_pretty=true",
            "?_summary=true",
            "?_elements=meta",
            "?_summary=text",
            "/$validate",
            "/$meta",
        )
    ),
)


def odd_resources() -> list[ParsedResource]:
    resources = [item for text in (HUGE.encode(), *map(lossless_json.dumps, ODD)) for item in split_into_resources("r4", text)]
    assert all(isinstance(resource, ParsedResource) for resource in resources)
    return [resource for resource in resources if isinstance(resource, ParsedResource)]


@pytest.mark.parametrize("parts", [ASKED[:31], ASKED[31:]], ids=["many", "each"])
def test_every_loaded_resource_can_be_read_and_searched(
    tmp_path: Path, parts: tuple[str, ...], engine: Callable[[], str | None]
) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        await own.ask("GET", "/Patient/p-0001")
        run = Loading(flow.sandbox.runtime, flow.sandbox.runtime.tenants["general"], "r4", "odd")
        base = run.tenant.fhir_base("r4")
        await run.store_batch([prepare_resource("r4", resource, base) for resource in odd_resources()])
        await run.finish()
        failed = {path: answer.text[:200] for path in parts if (answer := await own.ask("GET", path)).status_code >= 500}
        assert failed == {}
        meta = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "t"}]}}]}
        patch = b'[{"op":"add","path":"/note","value":[{"text":"x"}]}]'
        for odd_resource in (*ODD, {"resourceType": "Observation", "id": "huge"}):
            address = f"/{odd_resource['resourceType']}/{odd_resource['id']}"
            assert (await own.ask("POST", f"{address}/$meta-add", meta)).status_code < 500, odd_resource
            assert (await own.ask("PATCH", address, patch, content_type="application/json-patch+json")).status_code < 500
        begun = [await own.ask("GET", path, prefer="respond-async") for path in ("/$export", "/Group/odd-5/$export")]
        assert all(resource.status_code < 500 for resource in begun), [resource.text for resource in begun]
        for accepted in begun:
            job = accepted.headers["content-location"].partition("/general/r4")[2]
            status = await own.ask("GET", job)
            while status.status_code == 202:
                await asyncio.sleep(0.1)
                status = await own.ask("GET", job)
            assert status.status_code == 200, status.text
            for file in status.json()["output"]:
                assert (await own.ask("GET", file["url"].partition("/general/r4")[2])).status_code == 200

    run(steps, tmp_path, data=engine() or str(tmp_path))


def test_an_id_that_is_not_a_string_does_not_match_the_url(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.cruds")
        for odd in (b"5", b"1e308", b"5.5", b"[]", b'{"a":1.5}', b"true"):
            body = b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"id":' + odd + b"}"
            for path, status in (("/Observation/5", 400), ("/Observation?identifier=urn:none|1", 422)):
                response = await own.ask("PUT", path, body)
                assert (odd, response.status_code) == (odd, status), response.text

    run(steps, tmp_path)
