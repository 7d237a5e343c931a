"""Reading the entries of a batch or transaction, and replacing references between them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sickbay.fhir.transaction import InvalidBundle, find_references, index_places, link_references, read

URN = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"
WHERE = {URN: "Patient/7", "http://h/fhir/Patient/tmp": "Patient/8", "Patient?name=x": "Patient/9"}


def bundle(*entries: dict[str, Any], kind: str = "transaction") -> bytes:
    return orjson.dumps({"resourceType": "Bundle", "type": kind, "entry": list(entries)})


def entry(url: str, method: str = "GET", **more: Any) -> dict[str, Any]:
    return {"request": {"method": method, "url": url}, **more}


def test_a_search_in_an_entry_may_contain_a_url() -> None:
    urls = ["Patient?identifier=http://acme.org/mrn|1", "ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/x"]
    _, requests = read("r4", bundle(*map(entry, urls)), "application/json")
    assert [f"{request.path}?{request.query}" for request in requests] == [f"/{url}" for url in urls]


@pytest.mark.parametrize("url", ["http://h/fhir/Patient/1", "//h/Patient/1", "/../Patient/1", "../Patient/1", "Patient/1#x"])
def test_a_url_outside_the_base_is_refused(url: str) -> None:
    with pytest.raises(InvalidBundle, match="relative to the base"):
        read("r4", bundle(entry(url)), "application/json")


BASE = "http://h/fhir"


@pytest.mark.parametrize(
    ("url", "path"),
    [("/Patient/1", "/Patient/1"), (f"{BASE}/Patient/1", "/Patient/1"), (BASE, ""), (f"{BASE}/", ""), ("/", "")],
)
def test_a_url_may_begin_with_a_slash_or_with_the_base(url: str, path: str) -> None:
    (request,) = read("r4", bundle(entry(url)), "application/json", BASE)[1]
    assert (request.path, request.spelled, request.wrong) == (path, url, "")
    (plain,) = read("r4", bundle(entry("Patient/1")), "application/json", BASE)[1]
    assert (plain.path, plain.spelled) == ("/Patient/1", "")


@pytest.mark.parametrize("url", [f"{BASE}2/Patient/1", f"{BASE}//h/x", f"/{BASE}/Patient/1", "http://other/fhir/Patient/1"])
def test_a_url_on_another_base_is_refused(url: str) -> None:
    with pytest.raises(InvalidBundle, match="relative to the base"):
        read("r4", bundle(entry(url)), "application/json", BASE)


def test_entries_of_a_transaction_must_have_different_full_urls() -> None:
    twice = [entry("Patient", "POST", fullUrl=URN, resource={"resourceType": "Patient"}) for _ in range(2)]
    with pytest.raises(InvalidBundle, match="bdl-7"):
        read("r4", bundle(*twice), "application/json")
    assert len(read("r4", bundle(*twice, kind="batch"), "application/json")[1]) == 2
    assert len(read("r4", bundle(entry("Patient"), entry("Patient")), "application/json")[1]) == 2


@pytest.mark.parametrize(
    ("type", "sent", "expected"),
    [
        ("Observation", {"subject": {"reference": URN}}, {"subject": {"reference": "Patient/7"}}),
        ("Observation", {"subject": {"reference": "Patient?name=x"}}, {"subject": {"reference": "Patient/9"}}),
        (
            "Patient",
            {"contact": [{"extension": [{"valueReference": {"reference": URN}}]}]},
            {"contact": [{"extension": [{"valueReference": {"reference": "Patient/7"}}]}]},
        ),
        ("DocumentReference", {"content": [{"attachment": {"url": URN}}]}, {"content": [{"attachment": {"url": "Patient/7"}}]}),
        ("Patient", {"extension": [{"url": "x", "valueUri": URN}]}, {"extension": [{"url": "x", "valueUri": "Patient/7"}]}),
        (
            "Patient",
            {"contained": [{"resourceType": "Media", "content": {"url": URN}}]},
            {"contained": [{"resourceType": "Media", "content": {"url": "Patient/7"}}]},
        ),
        (
            "Patient",
            {"text": {"div": f'<div><a href="{URN}">x</a><img alt="{URN}" src=\'{URN}\'/>{URN}</div>'}},
            {"text": {"div": f'<div><a href="Patient/7">x</a><img alt="{URN}" src=\'Patient/7\'/>{URN}</div>'}},
        ),
    ],
)
def test_an_address_of_an_entry_is_replaced_by_its_resource(type: str, sent: dict[str, Any], expected: dict[str, Any]) -> None:
    assert link_references("r4", {"resourceType": type, **sent}, WHERE) == {"resourceType": type, **expected}


@pytest.mark.parametrize(
    ("type", "sent"),
    [
        ("DocumentReference", {"masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": URN}}),
        ("Patient", {"identifier": [{"value": URN}]}),
        ("Patient", {"extension": [{"url": "x", "valueString": URN}, {"url": "y", "valueUuid": URN}]}),
        ("Patient", {"extension": [{"url": "x", "valueCanonical": URN}]}),
        ("Observation", {"note": [{"text": URN}], "unheard": {"of": URN}, "_status": {"id": URN}}),
        ("Observation", {"subject": {"display": URN, "reference": "urn:uuid:another"}}),
        ("Unheard", {"of": [URN]}),
    ],
)
def test_a_value_that_is_not_an_address_is_unchanged(type: str, sent: dict[str, Any]) -> None:
    assert link_references("r4", {"resourceType": type, **sent}, WHERE) == {"resourceType": type, **sent}


def test_a_value_that_is_not_a_resource_is_unchanged() -> None:
    assert link_references("r4", {"url": URN}, WHERE) == {"url": URN}
    assert link_references("r4", None, WHERE) is None


def test_a_relative_reference_is_resolved_against_the_full_url_of_its_entry() -> None:
    targets_from = index_places(WHERE)
    assert targets_from("http://h/fhir/Observation/1")["Patient/tmp"] == "Patient/8"
    assert targets_from("http://h/fhir/Observation/2") == targets_from("http://h/fhir/Observation/1")
    for other in ("http://other/fhir/Observation/1", URN, "", "http://h/Observation/1"):
        assert targets_from(other) == WHERE


def test_a_urn_is_lost_if_its_own_bundle_does_not_contain_it() -> None:
    inner = {"resourceType": "Bundle", "entry": [{"resource": {"subject": {"reference": "urn:uuid:2"}}}]}
    value = {"subject": {"reference": "urn:uuid:1"}, "contained": [inner], "focus": [{"reference": "urn:oid:1.2"}]}
    assert find_references(value).list_unknown_urns({"urn:oid:1.2"}) == ["urn:uuid:1"]
    assert find_references(inner).list_unknown_urns(set()) == []
    assert find_references(None).list_unknown_urns(set()) == []


def test_references_are_collected_in_the_order_of_the_document() -> None:
    searched = {"reference": "Patient?name=c", "identifier": {"assigner": [{"reference": "Organization?name=d"}]}}
    inner = {"resourceType": "Bundle", "entry": [{"resource": {"subject": {"reference": "Patient?name=e"}}}]}
    value = {"a": [[{"reference": "Group?code=a"}], {"b": {"reference": "Group?code=b"}}], "contained": [inner], "c": searched}
    found = find_references(value)
    assert found.own == ["Group?code=a", "Group?code=b", "Patient?name=c", "Organization?name=d"]
    assert found.conditional() == [*found.own, "Patient?name=e"]
    assert find_references([{"reference": "http://h/Patient?x=1"}, {"reference": "Patient/1"}]).conditional() == []
