"""A Bundle built from bytes is the same as one serialised from JSON."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from sickbay.fhir.bundle import Alike, BundleEntry, make_searchset, search_url

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
BODIES = st.dictionaries(st.text(max_size=8), JSON, max_size=4)


@given(st.lists(st.tuples(st.text("abc-.09", min_size=1, max_size=9), BODIES), max_size=5), st.none() | st.integers(0, 9))
def test_a_bundle_built_from_bytes_equals_a_serialised_one(
    resources: list[tuple[str, dict[str, object]]], total: int | None
) -> None:
    entries = [BundleEntry("Patient", id, json.dumps(body).encode()) for id, body in resources]
    bundle = json.loads(
        make_searchset("http://h/general/r4", {"match": entries}, self_url='http://h/"?a=ä', next_url=None, total=total)
    )
    assert bundle.get("total") == total
    assert bundle["link"] == [{"relation": "self", "url": 'http://h/"?a=ä'}]
    assert [entry["resource"] for entry in bundle.get("entry", [])] == [body for _, body in resources]
    assert [entry["fullUrl"] for entry in bundle.get("entry", [])] == [
        f"http://h/general/r4/Patient/{id}" for id, _ in resources
    ]
    assert "entry" in bundle or not resources


@given(st.lists(st.tuples(st.text("abc-.09", min_size=1, max_size=9), BODIES), max_size=5), st.integers(0, 2))
def test_rows_give_the_same_bundle_as_entries(resources: list[tuple[str, dict[str, object]]], at: int) -> None:
    contents = [(id, json.dumps(body).encode()) for id, body in resources]
    rows = Alike("Patient", [(*range(at), *content, "a key") for content in contents], at)
    entries = [BundleEntry("Patient", *content) for content in contents]
    assert list(rows) == entries
    assert make_searchset("http://h", {"match": rows}, self_url="s") == make_searchset(
        "http://h", {"match": entries}, self_url="s"
    )


def test_bodies_are_returned_byte_for_byte() -> None:
    body = b'{"resourceType":"Observation" , "value":1.00}'
    spliced = make_searchset("http://h", {"include": [BundleEntry("Observation", "1", body)]}, self_url="s", next_url="n")
    assert body in spliced
    assert b'"search":{"mode":"include"}' in spliced
    assert b'{"relation":"next","url":"n"}' in spliced


def test_an_outcome_without_an_id_has_no_full_url() -> None:
    entry = BundleEntry("OperationOutcome", "", b"{}")
    assert json.loads(make_searchset("http://h", {"outcome": [entry]}, self_url="s"))["entry"] == [
        {"resource": {}, "search": {"mode": "outcome"}}
    ]


@given(st.lists(st.tuples(st.text("ab:_", min_size=1, max_size=5), st.text(max_size=8)), max_size=4))
def test_the_self_link_decodes_to_the_same_pairs(pairs: list[tuple[str, str]]) -> None:
    url = search_url("http://h/r4", "Patient", tuple(pairs))
    assert parse_qsl(urlsplit(url).query, keep_blank_values=True) == pairs


def test_a_vertical_bar_is_encoded_because_strict_url_parsers_refuse_it() -> None:
    url = search_url("http://h/r4", "Observation", (("code", "http://loinc.org|8480-6,x"), ("date", "ge2020")))
    assert url == "http://h/r4/Observation?code=http://loinc.org%7C8480-6,x&date=ge2020"
