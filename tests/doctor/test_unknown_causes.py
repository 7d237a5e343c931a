"""A text whose cause isn't in the knowledge gets no other one as the most likely, and doesn't pass as correct."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec import structs
from tests.doctor.texts import KNOWLEDGE, SeenText, files, seen_texts

from sickbay.doctor.diagnose import Diagnosis
from sickbay.doctor.model import Knowledge
from sickbay.doctor.proof import prove
from sickbay.doctor.text import diagnose_text

PARTS = 20
"""The causes are left out in so many parts, each with the texts that prove them."""
SAMPLE = 30
"""`make test` asks so many texts."""
MOST_LIKELY = 0.025
"""The largest share of texts with another cause as the most likely. About half of those help, because they say the same."""
WITHOUT_AN_ERROR = frozenset(
    (
        "athena-brp-code",
        "cerner-dstu2-retired",
        "envoy-istiod-cannot-fetch-keys",
        "fhir-contained-reference",
        "fhir-link-address-wrong",
        "mcp-metadata-are-a-page",
        "mcp-server-is-not-an-issuer",
        "oauth-discovery-http-behind-proxy",
        "oauth-scope-not-requested",
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


def ask(texts: Iterable[SeenText], knowledge: Knowledge) -> tuple[list[str], set[str]]:
    """The texts with a cause that is called the most likely and leads, and the causes whose texts pass as correct."""
    asked = [(seen, diagnose_text(seen.text, knowledge=knowledge)[1]) for seen in texts]
    cleared = {seen.cause for seen, diagnosis in asked if diagnosis.verdict.exit_code == 0}
    return [f"{seen.cause}: {seen.text}" for seen, diagnosis in asked if is_claimed(diagnosis)], cleared


def is_claimed(diagnosis: Diagnosis) -> bool:
    titles = [finding.title for finding in diagnosis.explanation.findings[:1]]
    return any(cause.title in titles and cause.confidence == "most likely" for cause in diagnosis.causes[:1])


def test_a_text_whose_cause_is_unknown_seldom_gets_another_one() -> None:
    texts = seen_texts()[:: len(seen_texts()) // SAMPLE]
    claimed, cleared = ask(texts, leave_out(frozenset(seen.cause for seen in texts)))
    assert len(claimed) <= SAMPLE // 10
    assert cleared <= WITHOUT_AN_ERROR


@pytest.mark.prove
def test_texts_whose_causes_are_unknown_seldom_get_another_one() -> None:
    claimed: list[str] = []
    for number in range(PARTS):
        causes = frozenset(file.cause.id for file in files()[number::PARTS])
        known = [(file.cause, example.text) for file in files() if file.cause.id not in causes for example in file.seen]
        found, cleared = ask((seen for seen in seen_texts() if seen.cause in causes), prove(leave_out(causes), known))
        claimed += found
        assert cleared <= WITHOUT_AN_ERROR
    assert len(claimed) <= MOST_LIKELY * len(seen_texts()), claimed


def test_a_text_whose_cause_is_known_gets_it() -> None:
    seen = next(seen for seen in seen_texts() if seen.cause == "oauth-client-authenticates-twice")
    assert ask([seen], KNOWLEDGE)[0] != []
    assert ask([seen], leave_out(frozenset([seen.cause])))[0] == []
