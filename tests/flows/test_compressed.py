"""Compressed bodies: gzip is read, other codings are refused by name, and bombs by their size."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from tests.flows.flow import Flow, run
from tests.flows.test_bundles import bundle, entry
from tests.flows.writing import hand, observation

ALL = "user/*.cruds"
FORM = "application/x-www-form-urlencoded"


def test_gzip_bodies_of_any_kind_are_read(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        created = await own.ask(
            "POST", "/Observation", gzip.compress(json.dumps(observation()).encode()), Content_Encoding="gzip"
        )
        assert created.status_code == 201, created.text
        body = json.dumps(bundle("batch", entry("GET", f"Observation/{created.json()['id']}"))).encode()
        read = await own.ask("POST", "", gzip.compress(body), Content_Encoding="x-gzip")
        assert read.json()["entry"][0]["response"]["status"] == "200 OK"
        change = b'[{"op":"replace","path":"/status","value":"amended"}]'
        changed = await own.ask(
            "PATCH",
            f"/Observation/{created.json()['id']}",
            gzip.compress(change),
            Content_Encoding="GZIP",
            Content_Type="application/json-patch+json",
        )
        assert (changed.status_code, changed.json()["status"]) == (200, "amended")
        response = await own.ask(
            "POST", "/Observation/_search", gzip.compress(b"_id=nothing"), Content_Encoding="gzip", Content_Type=FORM
        )
        assert (response.status_code, response.json()["total"]) == (200, 0)
        plain = await own.ask("POST", "/Observation", observation(), Content_Encoding="Identity")
        assert plain.status_code == 201

    run(steps, tmp_path)


@pytest.mark.parametrize("path", ["/Observation", "/Observation/_search", ""])
def test_another_coding_is_refused_with_the_supported_ones(tmp_path: Path, path: str) -> None:
    async def steps(flow: Flow) -> None:
        own, stranger = await hand(flow, ALL), await hand(flow, ALL)
        stranger.headers["Authorization"] = "Bearer nonsense"
        kind = {"Content_Type": FORM} if path.endswith("_search") else {}
        for coding in ("br", "deflate", "gzip, gzip", "nonsense", ""):
            answer = await own.ask("POST", path, b"x", Content_Encoding=coding, **kind)
            assert (coding, answer.status_code, answer.headers["accept-encoding"]) == (coding, 415, "gzip")
            assert answer.json()["issue"][0]["code"] == "not-supported"
        response = await own.ask("POST", path, b"x", Content_Encoding="br", Accept="application/fhir+xml", **kind)
        assert (response.status_code, response.headers["content-type"][:20]) == (415, "application/fhir+xml")
        assert (await stranger.ask("POST", path, b"x", Content_Encoding="br", **kind)).status_code == 401

    run(steps, tmp_path)


def test_a_corrupt_gzip_body_is_refused(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        packed = gzip.compress(b"{}")
        for sent, status in (
            (gzip.compress(b" " * 9_000_000), 413),
            (b"{}", 400),
            (packed[:-4], 400),
            (packed + b"more", 400),
            (b"", 400),
        ):
            answer = await own.ask("POST", "/Observation", sent, Content_Encoding="gzip")
            assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")

    run(steps, tmp_path)
