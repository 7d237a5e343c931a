"""Of a long request, the beginning is kept: whole parameters and whole headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.abuse.counted_steps import counting

from sickbay.services.redaction.excerpt import HEADERS, make_excerpt
from sickbay.services.redaction.redaction import RecordedRequest

FORM = {"content-type": "application/x-www-form-urlencoded"}
PAIRS = "&".join(f"name{number}={number}" for number in range(3_000))


def test_a_usual_request_is_kept_whole() -> None:
    request = RecordedRequest("POST", "http://x/token", FORM, "code=1&client_id=2")
    assert make_excerpt(request) == (request, 0)


@pytest.mark.parametrize("size", [30, 100, 4096])
def test_url_and_form_end_with_a_whole_parameter(size: int) -> None:
    query, left_out = make_excerpt(RecordedRequest("GET", f"http://x/a?{PAIRS}", {}), size)
    assert len(query.url) <= size
    assert f"http://x/a?{PAIRS}".startswith(query.url)
    assert f"http://x/a?{PAIRS}"[len(query.url)] in "?&"
    assert left_out == len(f"http://x/a?{PAIRS}") - len(query.url)
    form, left_out = make_excerpt(RecordedRequest("POST", "http://x", FORM, PAIRS), size)
    assert len(form.body) <= size
    assert left_out == len(PAIRS) - len(form.body)
    assert PAIRS[len(form.body)] == "&" or not form.body


def test_a_long_path_ends_with_a_whole_segment() -> None:
    request, _ = make_excerpt(RecordedRequest("GET", "http://x/general/r4/" + "Patient/" * 2_000, {}), 50)
    assert request.url == "http://x/general/r4/Patient/Patient/Patient"


def test_a_body_that_is_only_outlined_is_kept_whole() -> None:
    body = '{"resourceType": "Patient", "name": "' + "a" * 100_000 + '"}'
    request = RecordedRequest("POST", "http://x/Patient", {"content-type": "application/fhir+json"}, body)
    assert make_excerpt(request) == (request, 0)


def test_headers_are_kept_whole_and_in_order() -> None:
    headers = {f"x-{number}": "a" * number for number in range(2 * HEADERS)} | {"x-long": "b" * 50_000}
    request, left_out = make_excerpt(RecordedRequest("GET", "http://x/", headers), 1_000)
    kept = list(request.headers.items())
    assert kept == list(headers.items())[: len(kept)]
    assert sum(len(name) + len(value) for name, value in kept) <= 2_000
    assert left_out == sum(len(name) + len(value) for name, value in headers.items() if name not in request.headers)


def test_one_long_header_does_not_displace_the_others() -> None:
    headers = {"cookie": "a" * 50_000, "accept": "text/html"}
    assert make_excerpt(RecordedRequest("GET", "http://x/", headers))[0].headers == {"accept": "text/html"}


@given(st.text(max_size=300), st.dictionaries(st.text(max_size=5), st.text(max_size=80), max_size=90), st.text(max_size=300))
def test_what_is_kept_is_a_beginning_and_nothing_is_lost_silently(url: str, headers: dict[str, str], body: str) -> None:
    kept, left_out = make_excerpt(RecordedRequest("POST", url, headers | FORM, body), 100)
    assert url.startswith(kept.url)
    assert body.startswith(kept.body)
    assert kept.headers.items() <= (headers | FORM).items()
    assert (left_out == 0) == (kept == RecordedRequest("POST", url, headers | FORM, body))


def test_cutting_takes_few_steps() -> None:
    headers = {f"x-{number}": "a" for number in range(10_000)}
    with counting() as steps:
        make_excerpt(RecordedRequest("POST", f"http://x/?{PAIRS}", headers, PAIRS))
    assert steps.count < 1_000
