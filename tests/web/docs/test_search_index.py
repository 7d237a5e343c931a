"""The search of the documentation without a browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.kernel.word_index import split_stems
from sickbay.web.docs import library, search_index


def addresses(query: str) -> list[str]:
    return [result.passage.address for result in search_index.find(query)]


def test_invalid_grant_leads_to_rules_of_the_token_endpoint() -> None:
    assert any(address.startswith("rules/token.html#") for address in addresses("invalid_grant"))


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("redirect-uri-trailing-slash", "rules/authorize.html#redirect-uri-trailing-slash"),
        ("POST /admin/launches", "reference/admin.html#post-adminlaunches"),
        ("behind a proxy", "how-to/behind-a-proxy.html"),
    ],
)
def test_a_heading_with_the_words_comes_first(query: str, first: str) -> None:
    assert addresses(query)[0] == first


@pytest.mark.parametrize("query", ["", "  ", "zzqq"])
def test_nothing_is_found_for_nothing(query: str) -> None:
    assert addresses(query) == []


def test_every_result_leads_to_a_heading_of_a_page() -> None:
    for passage in search_index.list_passages():
        address, _, anchor = passage.address.partition("#")
        name = library.find_by_address(address)
        assert name
        assert not anchor or anchor in library.render_page(name).anchors


@given(st.lists(st.sampled_from(["token", "aud", "launch", "scopes", "the"]), min_size=1, max_size=28))  # a longer one is cut
def test_every_word_of_the_query_is_in_every_result(words: list[str]) -> None:
    wanted = set(split_stems(" ".join(words)))
    for result in search_index.find(" ".join(words)):
        passage = result.passage
        assert wanted <= set(split_stems(f"{passage.title} {passage.heading} {passage.text}"))
        assert result.before.removeprefix("…") + result.match + result.after in passage.text


def test_words_are_found_and_not_parts_of_words() -> None:
    results = search_index.find("state")
    assert results
    assert all(re.fullmatch(r"states?|stated|stating|", result.match.lower()) for result in results)


@pytest.mark.parametrize("query", ["self-signed certificate", "self signed certificates", "certificate for https"])
def test_a_self_signed_certificate_is_found(query: str) -> None:
    assert any("certificate" in result.passage.text.lower() for result in search_index.find(query)[:3])


def test_if_no_passage_has_every_word_those_with_any_are_found() -> None:
    assert addresses("zzqq certificate")


def test_the_script_has_all_passages() -> None:
    start, _, data = search_index.write_script().rstrip(";\n").partition(" = ")
    assert start == "globalThis.sickbayDocs"
    assert json.loads(data) == [list(passage) for passage in search_index.list_passages()]


HERE = Path(__file__).parent
DOCS_JS = Path(search_index.__file__).parents[1] / "static" / "js" / "docs.js"
QUERIES = (
    "audience",
    "redirect uri",
    "backend services jwks",
    "how do I reset",
    "hospital policy scope",
    "refresh token expired",
    "x",
    "Gr\u00f6\u00dfe",
    "launch/patient",
    "workers postgres zzqq",
    "FHIR R5 search parameter",
)


def test_the_browser_finds_the_same_passages_in_the_same_order(tmp_path: Path) -> None:
    index = tmp_path / "search-index.js"
    index.write_text(search_index.write_script(), encoding="utf-8")
    command = [str(shutil.which("node")), str(HERE / "docs_search.js"), str(DOCS_JS), str(index)]
    ran = subprocess.run(command, input=json.dumps(QUERIES), capture_output=True, text=True, check=True)
    shown = dict(zip(QUERIES, json.loads(ran.stdout), strict=True))
    assert shown == {query: addresses(query)[: search_index.SHOWN_RESULTS] for query in QUERIES}
    assert all(shown[query] for query in ("audience", "workers postgres zzqq"))
