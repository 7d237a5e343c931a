"""A text whose cause isn't in the knowledge gets no other one as the most likely, and doesn't pass as correct."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pytest
from msgspec import structs
from tests.doctor.texts import KNOWLEDGE, SeenText, files, seen_texts

from sickbay.doctor.diagnose import Diagnosis
from sickbay.doctor.model import Knowledge
from sickbay.doctor.proof import put_proven_phrases_first
from sickbay.doctor.text import diagnose_text

PARTS = 20
"""The causes are left out in so many parts, each with the texts that prove them."""
SAMPLE = 60
"""`make test` asks so many texts."""
LED = 0.2
"""The largest share of texts with another cause as the answer, however likely. The others get a list, or none."""
MOST_LIKELY = 0.025
"""The largest share of texts with another cause as the most likely. About half of those help, because they say the same."""
WITHOUT_AN_ERROR = frozenset(
    (
        "athena-brp-code",
        "cerner-dstu2-retired",
        "cognito-amplify-response-type-missing",
        "envoy-istiod-cannot-fetch-keys",
        "fhir-contained-reference",
        "fhir-hook-without-address",
        "fhir-link-address-wrong",
        "fhir-resource-type-misspelled",
        "mcp-metadata-are-a-page",
        "mcp-server-is-not-an-issuer",
        "oauth-discovery-http-behind-proxy",
        "oauth-kid-not-in-key-set",
        "oauth-scope-not-requested",
        "oauth-token-expires-before-issued",
        "oauth-token-response-may-be-stored",
        "spring-private-key-jwt",
    )
)
"""Causes whose texts have a fault that only the knowledge finds, and no error."""


def leave_out(causes: frozenset[str]) -> Knowledge:
    """The knowledge without causes and without messages that only they are behind. What is proved stays proved."""
    messages = {
        id: structs.replace(message, needs=("nothing",)) if causes.issuperset(KNOWLEDGE.causes_of.get(id, ("",))) else message
        for id, message in KNOWLEDGE.messages.items()
    }
    known = {id: cause for id, cause in KNOWLEDGE.causes.items() if id not in causes}
    unseen = {fact: tuple(id for id in ids if id in known) for fact, ids in KNOWLEDGE.unseen.items()}
    return structs.replace(KNOWLEDGE, causes=known, messages=messages, unseen=unseen)


class Asked(NamedTuple):
    """The texts with a cause that leads, those where it is called the most likely, and causes whose texts pass as correct."""

    led: list[str]
    claimed: list[str]
    cleared: set[str]


def ask(texts: Iterable[SeenText], knowledge: Knowledge) -> Asked:
    asked = [(seen, diagnose_text(seen.text, knowledge=knowledge)[1]) for seen in texts]
    leads = [(f"{seen.cause}: {seen.text}", confidence) for seen, each in asked if (confidence := name_confidence(each))]
    return Asked(
        [text for text, _ in leads],
        [text for text, confidence in leads if confidence == "most likely"],
        {seen.cause for seen, diagnosis in asked if diagnosis.verdict.exit_code == 0},
    )


def name_confidence(diagnosis: Diagnosis) -> str:
    """How likely the cause is called that is the answer; "" if none is."""
    titles = [finding.title for finding in diagnosis.explanation.findings[:1]]
    return next((cause.confidence for cause in diagnosis.causes[:1] if cause.title in titles), "")


def test_a_text_whose_cause_is_unknown_seldom_gets_another_one() -> None:
    texts = seen_texts()[:: len(seen_texts()) // SAMPLE]
    asked = ask(texts, leave_out(frozenset(seen.cause for seen in texts)))
    assert len(asked.led) <= SAMPLE // 3
    assert len(asked.claimed) <= SAMPLE // 10
    assert asked.cleared <= WITHOUT_AN_ERROR


@pytest.mark.prove
def test_texts_whose_causes_are_unknown_seldom_get_another_one() -> None:
    led = 0
    claimed: list[str] = []
    for number in range(PARTS):
        causes = frozenset(file.cause.id for file in files()[number::PARTS])
        known = [(file.cause, example.text) for file in files() if file.cause.id not in causes for example in file.seen]
        asked = ask((seen for seen in seen_texts() if seen.cause in causes), put_proven_phrases_first(leave_out(causes), known))
        led, claimed = led + len(asked.led), claimed + asked.claimed
        assert asked.cleared <= WITHOUT_AN_ERROR
    assert led <= LED * len(seen_texts())
    assert len(claimed) <= MOST_LIKELY * len(seen_texts()), claimed


def test_a_text_whose_cause_is_known_gets_it() -> None:
    seen = next(seen for seen in seen_texts() if seen.cause == "oauth-client-authenticates-twice")
    assert ask([seen], KNOWLEDGE).claimed != []
    assert ask([seen], leave_out(frozenset([seen.cause]))).claimed == []
