"""The requests in an exported collection are examined like those in other pastes."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from sickbay.doctor.pieces.postman import read_requests
from sickbay.doctor.text import diagnose_text

TOKEN = {
    "name": "Token",
    "request": {
        "method": "POST",
        "header": [{"key": "Accept", "value": "application/json"}, {"key": "X-Off", "value": "1", "disabled": True}],
        "url": {"raw": "{{host}}/oauth2/token"},
        "body": {
            "mode": "urlencoded",
            "urlencoded": [{"key": "grant_type", "value": "authorization_kode"}, {"key": "code", "value": "{{code}}"}],
        },
    },
}
COLLECTION = {"info": {"name": "EHR"}, "item": [{"name": "Folder", "item": [TOKEN]}]}


def test_a_request_in_a_folder_is_read_with_its_variables() -> None:
    assert list(read_requests(COLLECTION)) == [
        {
            "method": "POST",
            "url": "{host}/oauth2/token",
            "headers": {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
            "body": "grant_type=authorization_kode&code={code}",
        }
    ]


def test_the_fault_of_a_request_is_found() -> None:
    diagnosis = diagnose_text(json.dumps(COLLECTION))[1]
    assert "grant-type-invalid" in [finding.id for finding in diagnosis.explanation.findings]
    assert "collection of requests" in diagnosis.recognised


def test_an_export_of_insomnia_is_read() -> None:
    request = {
        "_type": "request",
        "method": "GET",
        "url": "https://a.example/r4/Patient/1",
        "headers": [{"name": "A", "value": "b"}],
    }
    export = {"_type": "export", "__export_format": 4, "resources": [{"_type": "workspace"}, request]}
    assert list(read_requests(export)) == [
        {"method": "GET", "url": "https://a.example/r4/Patient/1", "headers": {"A": "b"}, "body": ""}
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["item", "request", "url", "method", "header", "body", "urlencoded", "raw"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["info", "item", "resources", "request"]), JSON, max_size=4))
def test_no_export_makes_it_fail(members: dict[str, object]) -> None:
    for request in read_requests(members):
        assert request.keys() == {"method", "url", "headers", "body"}
