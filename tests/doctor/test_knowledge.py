"""The files of the knowledge fit together, and say where what they say comes from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from tomllib import loads

from tests.doctor.texts import KNOWLEDGE, files

from sickbay.diagnosis.catalogue import RULES
from sickbay.doctor import source
from sickbay.doctor.facts import FACTS
from sickbay.doctor.fill import VALUES, WORDLESS
from sickbay.doctor.model import Cause
from sickbay.doctor.rank import DOUBTS, FIELDS

NOT_QUOTED = 249
"""So many texts were put together from the wordings on a page. Quote real ones instead, and lower the number."""
LEAST_LETTERS = 7
HOME_PAGE = re.compile(r"https?://(?:github\.com/[^/]+(?:/[^/#]+)?|[^/#]+|[^/#]+/docs|groups\.google\.com/g/[^/]+)/?$")
SLOT = re.compile(r"\{(\w+)\}")
IN_BACKTICKS = re.compile(r"`[^`]*`")
SENTENCE = re.compile(r"[A-Z`\d].*[^\s.:,]\.")
VERB = re.compile(r"\b(?:is|isn't|was|failed|denied)\b")
DOUBLED = re.compile(r"(?<![\w./-])(\w+) \1(?![\w./-])", re.I)


def texts(cause: Cause) -> dict[str, str]:
    fields = {name: getattr(cause, name) for name in ("title", "why", "check", "fix")}
    return fields | {f"where.{product}": place for product, place in cause.where.items()}


@cache
def wordings() -> dict[str, dict[str, object]]:
    """The fields of each message as they are written."""
    paths = sorted(source.FOLDER.glob("*/messages.toml"))
    return {
        f"{path.parent.name}/{name}": fields
        for path in paths
        for name, fields in loads(path.read_text(encoding="utf-8")).items()
    }


def test_the_id_of_a_cause_is_its_own() -> None:
    ids = Counter([id for file in files() for id in (file.cause.id, *file.cause.was)] + [rule.id for rule in RULES])
    assert [id for id, times in ids.items() if times > 1] == []


def test_each_place_is_in_a_known_product() -> None:
    assert [file.cause.id for file in files() if file.cause.where.keys() - KNOWLEDGE.products.keys()] == []


def test_each_fact_that_decides_is_known() -> None:
    facts = FACTS.keys() | KNOWLEDGE.facts.keys()
    known = facts | {rule.id for rule in RULES} | KNOWLEDGE.code.mistakes.keys()
    used = {fact for file in files() for fact in (*file.cause.confirmed_by, *file.cause.excluded_by)}
    needed = {fact for message in KNOWLEDGE.messages.values() for fact in message.needs}
    assert used - known == set()
    assert needed - facts == set()
    assert facts - used - needed - KNOWLEDGE.unseen.keys() == {
        *(fact for fields in FIELDS.values() for fact in fields),
        *DOUBTS,
    }


OF_THE_ACCEPTED = re.compile(
    r"redirect.?uri\b(?!.* of the token).*(?:isn't (?:one|valid|registered|in)|absolute|missing in the auth|match"
    r"|doesn't (?:accept|allow))"
    r"|client_?.?id\b.*(?:isn't|know|enabled|not reg)",
    re.I,
)


def test_an_error_at_the_redirect_uri_excludes_what_the_server_checks_before_it_redirects() -> None:
    """RFC 6749, 4.1.2.1: without a known client and its redirect URI, no response arrives there."""
    causes = [cause for cause in KNOWLEDGE.causes.values() if OF_THE_ACCEPTED.search(cause.title)]
    assert len(causes) > 10
    assert {cause.id for cause in causes if "error_reached_the_app" not in cause.excluded_by} == OF_OTHER_STEPS


OF_OTHER_STEPS = {
    *("entra-platform-not-spa", "github-incorrect-client-credentials", "identityserver-client-secret"),
    *("keycloak-logout-redirect-uri", "strava-client"),
}
"""Causes about a client or a redirect URI that only the token endpoint or a library looks at."""


_WITHOUT_FHIR = """
auth0 authentik cognito django github google hydra identityserver keycloak nextauth oauth oauth2-proxy oidc-provider okta
openiddict spring wso2 zitadel
"""
WITHOUT_FHIR = frozenset(_WITHOUT_FHIR.split())
"""Folders of servers that issue tokens and serve no resources. Google's APIs read JSON, which is a cause of FHIR too."""


def test_no_message_of_a_server_without_fhir_has_a_cause_of_fhir() -> None:
    behind = {(id, file.cause.id) for file in files() for id in file.cause.behind if file.path.parent.name == "fhir"}
    wrong = {(id, cause) for id, cause in behind if id.partition("/")[0] in WITHOUT_FHIR}
    assert wrong == {("google/json-content-type", "fhir-content-type-wrong")}


def test_each_message_has_a_cause() -> None:
    behind = {id for file in files() for id in file.cause.behind}
    assert KNOWLEDGE.messages.keys() - behind == set()


def test_each_message_behind_a_cause_is_known() -> None:
    behind = {id for file in files() for id in file.cause.behind}
    assert behind - KNOWLEDGE.messages.keys() == set()
    assert [file.cause.id for file in files() if not file.cause.behind] == []


def test_only_a_message_of_a_product_shows_its_product() -> None:
    assert not [message.id for message in KNOWLEDGE.messages.values() if message.unmistakable and not message.product]


def test_a_source_is_a_page_that_says_it_and_not_a_home_page() -> None:
    sources = {file.cause.id: file.cause.source for file in files()}
    sources |= {id: str(fields["source"]) for id, fields in wordings().items()}
    assert {id: url for id, url in sources.items() if HOME_PAGE.match(url)} == {}


def test_texts_that_are_not_quoted_become_fewer() -> None:
    assert sum(not example.is_quoted for file in files() for example in file.seen) <= NOT_QUOTED


def letters(phrase: str) -> int:
    """The letters of a phrase with the shortest alternatives. A code, with a digit or an underscore, has enough."""
    if re.search(r"[\d_*]", phrase):
        return LEAST_LETTERS
    return sum(min(len(re.sub(r"\W", "", word)) for word in part.split("|")) for part in phrase.replace("…", " ").split())


def test_what_a_message_needs_has_more_than_six_letters() -> None:
    short = []
    for id, fields in wordings().items():
        groups: list[list[str]] = fields.get("wordings", [])  # type: ignore[assignment]
        if groups and not {"codes", "needs"} & fields.keys():
            short += [id] if sum(min(map(letters, group)) for group in groups) < LEAST_LETTERS else []
    assert short == []


def list_single_phrases() -> Iterator[tuple[str, str]]:
    """The product and the phrase of each message that a phrase alone shows."""
    for id, fields in wordings().items():
        groups: list[list[str]] = fields.get("wordings", [])  # type: ignore[assignment]
        if len(groups) == 1 and not {"codes", "needs"} & fields.keys():
            yield from ((id.partition("/")[0], phrase.lower()) for phrase in groups[0])


def test_a_phrase_shows_one_message_of_a_product() -> None:
    assert [where for where, times in Counter(list_single_phrases()).items() if times > 1] == []


def test_a_phrase_has_no_half_of_a_contraction() -> None:
    """The words of a text have contractions written out, so `doesn t` is in none; `doesn't` and `does not` are the same."""
    phrases = [phrase for fields in wordings().values() for group in fields.get("wordings", []) for phrase in group]  # type: ignore[attr-defined]
    assert [phrase for phrase in phrases if re.search(r"\b(?:\w+n|can|won) t\b", phrase)] == []


def test_each_slot_is_known() -> None:
    found = {(file.cause.id, slot) for file in files() for text in texts(file.cause).values() for slot in slots(text)}
    found |= {
        (message.id, slot) for message in KNOWLEDGE.messages.values() for text in message.captures for slot in slots(text)
    }
    assert {each for each in found if each[1] not in {*VALUES, *WORDLESS}} == set()


def slots(text: str) -> list[str]:
    return SLOT.findall(IN_BACKTICKS.sub("", text))


def has_label(text: str) -> bool:
    """Whether the text begins with a name and a colon, such as "aud: " or "Access token: ", and not with a sentence."""
    label, colon, _ = IN_BACKTICKS.sub("X", text).partition(": ")
    return bool(colon) and len(label.split()) <= 3 and not VERB.search(label)


def test_a_meaning_and_a_title_are_sentences() -> None:
    """Both begin with a word, because a slot without a value leaves one in lower case."""
    said = {message.id: message.means for message in KNOWLEDGE.messages.values()}
    said |= {file.cause.id: f"{file.cause.title}." for file in files()}
    assert {id: text for id, text in said.items() if has_label(text) or not SENTENCE.fullmatch(SLOT.sub("x", text))} == {}


def test_no_text_has_a_doubled_word() -> None:
    found = [(file.cause.id, name) for file in files() for name, text in texts(file.cause).items() if DOUBLED.search(text)]
    assert found == []


def test_two_causes_have_neither_the_same_title_nor_the_same_remedy() -> None:
    for name in ("title", "fix"):
        counts = Counter(getattr(file.cause, name) for file in files())
        assert [text for text, times in counts.items() if times > 1] == []


def test_the_laws_find_what_they_look_for() -> None:
    assert HOME_PAGE.match("https://github.com/keycloak/keycloak")
    assert not HOME_PAGE.match("https://github.com/keycloak/keycloak/issues/1")
    assert letters("role|roles … x") == 5
    assert DOUBLED.search("the the server")
    assert all(map(has_label, ("`code`: it has expired.", "Access token: the server refuses it.", "404: it isn't there.")))
    assert not any(map(has_label, ("`nonce` is missing: the server requires it.", "The server needs Prefer.")))
    assert slots("{first} and `{noop}`") == ["first"]
