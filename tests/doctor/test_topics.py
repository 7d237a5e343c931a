"""Topics are found by words, and suggested only if they stand out."""

from __future__ import annotations

import math

from tests.laws import for_each

from sickbay.doctor import compiled, topics
from sickbay.doctor.topics import Topic, TopicKind
from sickbay.kernel.word_index import split_stems

TOPICS = compiled.load_topics()


def find(query: str, *kinds: TopicKind) -> list[Topic]:
    return topics.find_topics(TOPICS, query, *(kinds or topics.KINDS))


@for_each(
    "query, id",
    [
        ("redirect_uri trailing slash", "redirect-uri-trailing-slash"),
        ("code verifier length", "oauth-pkce-verifier-length"),
        ("keycloak audience mapper", "keycloak-audience-mapper"),
        ("comma separated scopes", "scope-comma-separated"),
    ],
)
def test_a_topic_is_among_the_first_five(query: str, id: str) -> None:
    assert id in [topic.id for topic in find(query)][:5]


def test_a_self_signed_certificate_is_found_in_the_documentation() -> None:
    found = find("self-signed certificate", "page")
    assert found
    assert found[0].url.startswith("/docs/")


def test_kinds_narrow_what_is_found() -> None:
    for kind in topics.KINDS:
        assert {topic.kind for topic in find("redirect_uri", kind)} == {kind}


def test_topics_of_a_kind_follow_each_other() -> None:
    assert [topic.kind for topic in TOPICS.topics] == sorted((topic.kind for topic in TOPICS.topics), key=topics.KINDS.index)


def test_if_no_topic_has_every_word_those_with_any_are_found() -> None:
    assert find("redirect_uri flibbertigibbet")
    assert find("flibbertigibbet") == []


@for_each(
    "topic, url",
    [
        (Topic("rule", "code-reused", ""), "/rules/code-reused"),
        (Topic("cause", "oauth-json-body", ""), "/rules/oauth-json-body"),
        (Topic("page", "guides/README#start", ""), "/docs/guides/index.html#start"),
        (Topic("page", "README", ""), "/docs/index.html"),
        (Topic("page", "doctor", ""), "/docs/doctor.html"),
    ],
)
def test_a_topic_has_the_path_at_which_it_is_shown(topic: Topic, url: str) -> None:
    assert topic.url == url


def test_a_cause_of_a_product_is_suggested_only_if_the_text_shows_it() -> None:
    text = "The audience mapper of the realm is missing, and the account audience isn't accepted"
    assert not any(topic.product for topic in topics.suggest_topics(TOPICS, text, frozenset()))
    assert any(topic.product == "keycloak" for topic in topics.suggest_topics(TOPICS, text, {"keycloak"}))


def test_a_topic_shares_several_words_with_the_text_and_one_that_few_topics_have() -> None:
    few = len(TOPICS.topics) * math.exp(-topics.RAREST)
    for said in [message.means for message in compiled.load_knowledge().messages.values()][::40]:
        for topic in topics.suggest_topics(TOPICS, said, compiled.load_knowledge().products):
            shared = {*split_stems(topic.title)} & {*split_stems(said)}
            assert len(shared) > 1
            assert min(len(TOPICS.index.postings.get(each, ())) / 2 for each in shared) <= few


@for_each(
    "said, id",
    [
        ("Invalid Ethnicity provided in the request", "oauth-code-used-twice"),
        ("The request should not contain an id", "id-token-not-issued"),
        ("IfNoneMatch precondition failed", "fhir-bundle-in-bundle"),
        ("First certificate from a.pem not a client certificate", "oauth-pkce-required"),
    ],
)
def test_a_topic_with_common_words_only_is_not_suggested(said: str, id: str) -> None:
    assert id not in [topic.id for topic in topics.suggest_topics(TOPICS, said, frozenset())]


def test_nothing_is_suggested_for_words_that_mean_nothing_here() -> None:
    assert topics.suggest_topics(TOPICS, "The cat sleeps on the sofa, and the garden is green.", frozenset()) == ()


def test_no_page_about_sickbay_itself_is_suggested_for_an_error_of_another_server() -> None:
    text = (
        "The log of the server has a request without credentials, the checks refuse it, and the token response has no patient"
    )
    pages = [topic.id for topic in find(text, "page")]
    assert any(page.startswith(("operations", "reference/")) for page in pages)
    suggested = topics.suggest_topics(TOPICS, text, frozenset())
    assert not any(topic.kind == "page" and not topic.id.startswith(topics.ABOUT_APPS) for topic in suggested)


def test_the_pages_that_may_be_suggested_exist() -> None:
    pages = [topic.id for topic in TOPICS.topics if topic.kind == "page"]
    assert [name for name in topics.ABOUT_APPS if not any(page.startswith(name) for page in pages)] == []


def test_at_most_three_topics_are_suggested() -> None:
    assert (
        0
        < len(topics.suggest_topics(TOPICS, "refresh token offline_access scope consent launch patient " * 50, frozenset()))
        <= 3
    )


def test_each_rule_and_each_cause_is_a_topic_once() -> None:
    ids = [topic.id for topic in TOPICS.topics]
    assert len(set(ids)) == len(ids)
    assert set(compiled.load_knowledge().causes) <= set(ids)
