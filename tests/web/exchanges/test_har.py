"""A launch as a HAR file: as the specification says, and readable by Sickbay's own doctor."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from tests.web.exchange_pages import grant, make_refused

from sickbay.doctor import har as har_reader
from sickbay.doctor.diagnose import diagnose
from sickbay.web.exchanges.har import make_har

Header = dict[str, str]


class Content(msgspec.Struct, forbid_unknown_fields=True):
    size: int
    mimeType: str
    text: str = ""


class PostData(msgspec.Struct, forbid_unknown_fields=True):
    mimeType: str
    params: list[Header]
    text: str


class SentRequest(msgspec.Struct, forbid_unknown_fields=True):
    method: str
    url: str
    httpVersion: str
    cookies: list[Any]
    headers: list[Header]
    queryString: list[Header]
    headersSize: int
    bodySize: int
    postData: PostData | None = None


class GivenResponse(msgspec.Struct, forbid_unknown_fields=True):
    status: int
    statusText: str
    httpVersion: str
    cookies: list[Any]
    headers: list[Header]
    content: Content
    redirectURL: str
    headersSize: int
    bodySize: int


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    pageref: str
    startedDateTime: str
    time: float
    request: SentRequest
    response: GivenResponse
    cache: dict[str, Any]
    timings: dict[str, float]
    comment: str


class Log(msgspec.Struct, forbid_unknown_fields=True):
    version: str
    creator: dict[str, str]
    pages: list[dict[str, Any]]
    entries: list[Entry]
    comment: str


def read(document: dict[str, Any]) -> Log:
    """The members that HAR 1.2 requires and allows, with their types."""
    return msgspec.convert(document["log"], Log)


def test_each_exchange_is_an_entry_with_what_the_specification_requires() -> None:
    log = read(make_har("A: Launched", [grant() | {"at": 1795516267.4, "milliseconds": 12.5}, make_refused()], left_out=3))
    assert (log.version, log.creator["name"]) == ("1.2", "Sickbay")
    first, second = log.entries
    assert {entry.pageref for entry in log.entries} == {page["id"] for page in log.pages}
    assert first.time == sum(first.timings.values()) == 12.5
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry.startedDateTime) for entry in log.entries)
    assert second.comment.startswith("Exchange ")
    assert "3 more exchanges of the launch are not in this file." in log.comment


def test_a_launch_without_exchanges_is_a_file_too() -> None:
    assert read(make_har("A", [])).entries == []


def test_the_doctor_reads_the_refusal_back_from_the_file() -> None:
    (read_back,) = har_reader.read(make_har("A", [make_refused()]))
    found = {finding.id for evidence in read_back.inputs for finding in diagnose(evidence).explanation.findings}
    assert "scope-comma-separated" in found
