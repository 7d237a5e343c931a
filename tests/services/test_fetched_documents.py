"""Fetches of metadata documents are limited by sender, by host and in all, however a URL is written."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import examples

from sickbay.services.fetched_documents import FETCHES_PER_ADDRESS, FETCHES_PER_HOST, FETCHES_PER_MINUTE, ClientDocuments

HOSTS = ("agent.example.com", "AGENT.example.com", "agent.example.com.")


@settings(max_examples=examples(200))
@given(
    st.lists(st.tuples(st.sampled_from(HOSTS), st.integers(1, 65_535), st.text("abc/", max_size=5)), min_size=30, max_size=40)
)
def test_all_ports_paths_and_spellings_of_a_host_are_counted_together(parts: list[tuple[str, int, str]]) -> None:
    documents = ClientDocuments()
    refused = [
        documents.take_turn(1, f"192.0.2.{number}", f"https://{host}:{port}/{path}")
        for number, (host, port, path) in enumerate(parts)
    ]
    assert refused[:FETCHES_PER_HOST] == [""] * FETCHES_PER_HOST
    assert set(refused[FETCHES_PER_HOST:]) == {f"{FETCHES_PER_HOST} documents were fetched from this host within a minute"}


def test_a_sender_and_all_senders_have_limits_of_their_own_and_each_minute_begins_again() -> None:
    documents = ClientDocuments()
    from_one = [documents.take_turn(1, "192.0.2.1", f"https://host{number}.example.com/c") for number in range(20)]
    assert [not reason for reason in from_one] == [True] * FETCHES_PER_ADDRESS + [False] * (20 - FETCHES_PER_ADDRESS)
    all_senders = [documents.take_turn(1, f"address {n}", f"https://other{n}.example.com/c") for n in range(FETCHES_PER_MINUTE)]
    assert all_senders.count("") == FETCHES_PER_MINUTE - FETCHES_PER_ADDRESS
    assert documents.take_turn(2, "192.0.2.1", "https://host1.example.com/c") == ""
