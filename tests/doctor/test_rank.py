"""Causes are ordered by their messages and weights; facts confirm and exclude them."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs
from tests.doctor import small
from tests.doctor.small import FILES, write

from sickbay.doctor import phrases, rank, source
from sickbay.doctor.match import find_shown
from sickbay.doctor.model import Knowledge


@pytest.fixture
def knowledge() -> Knowledge:
    return small.read()


def ids(knowledge: Knowledge, text: str, *codes: str, facts: tuple[str, ...] = ("shows_access",)) -> list[str]:
    shown = find_shown(knowledge, phrases.split_words(text), codes, facts)
    return [each.cause.id for each in rank.rank_causes(knowledge, shown, facts)]


def test_a_cause_that_belongs_to_a_product_needs_the_product(knowledge: Knowledge) -> None:
    assert ids(knowledge, "unknown redirect") == ["oauth-redirect"]
    assert ids(knowledge, "acme.com: unknown redirect") == ["oauth-redirect", "acme-number"]


def test_a_cause_about_access_needs_a_text_about_access(knowledge: Knowledge) -> None:
    assert ids(knowledge, "unknown redirect", facts=()) == []
    assert ids(knowledge, "acme.com: unknown redirect", facts=()) == ["acme-number"]


def test_a_code_alone_supports_no_cause_before_others(knowledge: Knowledge) -> None:
    shown = find_shown(knowledge, [], ("invalid_grant",), ())
    assert [each.is_supported for each in rank.rank_causes(knowledge, shown, ("shows_access",))] == [False, False]
    shown = find_shown(knowledge, phrases.split_words("unknown redirect"), (), ())
    assert [each.is_supported for each in rank.rank_causes(knowledge, shown, ("shows_access",))] == [True]


def has_lead(ranked: list[rank.RankedCause], *, is_quoted: bool = False, is_only: bool = False) -> bool:
    return rank.has_lead(ranked, is_quoted=is_quoted, is_only=is_only)


def leads(knowledge: Knowledge, text: str, *codes: str) -> bool:
    shown = find_shown(knowledge, phrases.split_words(text), codes, ())
    return has_lead(rank.rank_causes(knowledge, shown, ("shows_access",)))


def test_a_quotation_without_a_rival_leads_and_a_code_does_not(knowledge: Knowledge) -> None:
    assert leads(knowledge, "unknown redirect")
    assert not leads(knowledge, "", "invalid_grant")
    first, second = rank.rank_causes(knowledge, find_shown(knowledge, [], ("invalid_grant",), ()), ("shows_access",))
    quoted = first._replace(letters=rank.DESCRIBED_LETTERS)
    assert has_lead([quoted, second._replace(points=rank.RIVAL_SHARE * quoted.points - 1)])
    assert not has_lead([quoted, second._replace(points=rank.RIVAL_SHARE * quoted.points)])
    assert not has_lead([quoted._replace(letters=rank.DESCRIBED_LETTERS - 1), second])


def test_the_cause_of_a_message_that_only_its_product_writes_leads(knowledge: Knowledge) -> None:
    first, second = rank.rank_causes(knowledge, find_shown(knowledge, [], ("invalid_grant",), ()), ("shows_access",))
    assert not has_lead([first])
    own = first._replace(message=structs.replace(first.message, product="acme", strength="message", unmistakable=True))
    assert has_lead([own, second])


def test_a_short_phrase_leads_if_its_message_has_one_cause_and_of_a_product_also_beside_rivals(
    knowledge: Knowledge,
) -> None:
    first, second = rank.rank_causes(knowledge, find_shown(knowledge, [], ("invalid_grant",), ()), ("shows_access",))
    rival = second._replace(points=first.points)
    short = first._replace(letters=rank.ONLY_LETTERS, message=structs.replace(first.message, strength="message"))
    assert has_lead([short], is_only=True)
    assert not has_lead([short])
    assert not has_lead([short, rival], is_only=True)
    assert not has_lead([short._replace(letters=rank.ONLY_LETTERS - 1)], is_only=True)
    own = short._replace(message=structs.replace(short.message, product="acme"))
    undecided = own._replace(message=structs.replace(own.message, undecided=True))
    assert has_lead([own, rival], is_quoted=True)
    assert has_lead([own, rival], is_only=True)
    assert not has_lead([own, rival])
    assert not has_lead([undecided, rival], is_quoted=True)
    assert not has_lead([short, rival], is_quoted=True)


def test_a_usual_cause_comes_before_a_rare_one(knowledge: Knowledge) -> None:
    assert ids(knowledge, "", "invalid_grant") == ["oauth-code-used", "oauth-redirect"]


def test_a_cause_that_a_fact_confirms_comes_first(tmp_path: Path) -> None:
    used = FILES["oauth/code-used.md"].replace("[behind]", '[behind]\n"oauth/redirect" = "possible"')
    knowledge = source.read(write(tmp_path, **{"oauth_code-used_md": used}))
    assert ids(knowledge, "unknown redirect") == ["oauth-redirect", "oauth-code-used"]
    assert ids(knowledge, "unknown redirect", facts=("shows_access", "code-reused")) == ["oauth-code-used", "oauth-redirect"]


def test_a_fact_does_not_confirm_a_cause_against_a_much_clearer_message(knowledge: Knowledge) -> None:
    assert ids(knowledge, "unknown redirect", "invalid_grant", facts=("shows_access", "code-reused")) == ["oauth-redirect"]


def test_a_fact_excludes_a_cause(knowledge: Knowledge) -> None:
    assert ids(knowledge, "", "invalid_grant", facts=("shows_access", "refreshes")) == ["oauth-redirect"]


def test_two_causes_with_the_same_remedy_are_shown_as_the_first_one(tmp_path: Path) -> None:
    same = FILES["oauth/code-used.md"].replace("Send it once.", "Register {redirect_uri} exactly.")
    assert ids(source.read(write(tmp_path, **{"oauth_code-used_md": same})), "", "invalid_grant") == ["oauth-code-used"]


def test_causes_that_can_not_be_seen_belong_to_facts(knowledge: Knowledge) -> None:
    assert [each.cause.id for each in rank.list_unseen_causes(knowledge, ("authorize_request",))] == ["oauth-redirect"]
    assert rank.list_unseen_causes(knowledge, ("token_request",)) == []
