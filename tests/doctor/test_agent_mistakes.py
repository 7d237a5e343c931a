"""The mistakes of agents and MCP servers that are known (shared facts, agents.md): each is provoked, and named first."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from tests.doctor.texts import files, ids
from tests.laws import for_each

from sickbay.diagnosis import case
from sickbay.doctor.diagnose import diagnose

RULES = {
    "mcp-aud-resource-differ": "aud-resource-disagree",
    "mcp-aud-sent-instead": "mcp-aud-sent-instead",
    "mcp-audience-unchecked": "mcp-audience-unchecked",
    "mcp-cimd-id-differs": "mcp-cimd-id-differs",
    "mcp-cimd-loopback-port": "redirect-uri-port-mismatch",
    "mcp-cimd-media-type": "mcp-cimd-media-type",
    "mcp-cimd-secret": "mcp-cimd-secret",
    "mcp-cimd-stale": "mcp-cimd-stale",
    "mcp-cimd-too-big": "mcp-cimd-too-big",
    "mcp-cimd-unreachable": "mcp-cimd-unreachable",
    "mcp-cimd-url-invalid": "mcp-cimd-url-invalid",
    "mcp-credentials-other-issuer": "mcp-credentials-other-issuer",
    "mcp-dcr-each-start": "mcp-dcr-each-start",
    "mcp-fhir-token-at-mcp": "mcp-fhir-token-at-mcp",
    "mcp-launch-scope": "mcp-launch-scope",
    "mcp-patient-scope-no-picker": "mcp-patient-scope-no-picker",
    "mcp-prompt-consent": "mcp-prompt-consent",
    "mcp-proxy-no-aud": "mcp-proxy-no-aud",
    "mcp-resource-fragment": "mcp-resource-fragment",
    "mcp-resource-is-fhir-base": "mcp-resource-is-fhir-base",
    "mcp-resource-missing": "mcp-resource-missing",
    "mcp-resource-missing-token": "mcp-resource-missing-token",
    "mcp-resource-not-prm": "mcp-resource-not-prm",
    "mcp-resource-query": "mcp-resource-query",
    "mcp-resource-refresh-lost": "mcp-resource-refresh-lost",
    "mcp-resource-trailing-slash": "mcp-resource-trailing-slash",
    "mcp-resource-twice": "mcp-resource-twice",
    "mcp-resource-unknown": "mcp-resource-unknown",
    "mcp-scope-all-supported": "mcp-scope-all-supported",
    "mcp-state-missing": "mcp-state-missing",
    "mcp-stepup-by-refresh": "mcp-stepup-by-refresh",
    "mcp-stepup-not-union": "mcp-stepup-not-union",
    "mcp-stepup-one-by-one": "mcp-stepup-one-by-one",
    "mcp-token-passthrough": "mcp-token-passthrough",
}
"""Mistakes that an exchange shows, and the rule that names them."""
CAUSES = {
    "mcp-401-no-challenge": "mcp-no-challenge",
    "mcp-421-host": "mcp-host-not-allowed",
    "mcp-as-url-not-issuer": "mcp-server-is-not-an-issuer",
    "mcp-challenge-malformed": "mcp-challenge-malformed",
    "mcp-cimd-not-advertised": "mcp-documents-not-advertised",
    "mcp-dcr-application-type": "mcp-registered-as-web",
    "mcp-dcr-custom-scheme": "mcp-custom-scheme-refused",
    "mcp-header-mismatch": "mcp-headers-differ-from-body",
    "mcp-iss-missing": "mcp-iss-differs",
    "mcp-issuer-path-appended": "mcp-issuer-path-appended",
    "mcp-lifespan-not-run": "mcp-lifespan-not-run",
    "mcp-modern-only": "mcp-only-the-newest-version",
    "mcp-offline-in-challenge": "mcp-offline-access-in-challenge",
    "mcp-pkce-missing-metadata": "mcp-server-without-pkce",
    "mcp-prm-behind-auth": "mcp-metadata-need-a-token",
    "mcp-prm-missing": "mcp-metadata-missing",
    "mcp-prm-no-servers": "mcp-metadata-without-servers",
    "mcp-prm-not-json": "mcp-metadata-are-a-page",
    "mcp-prm-resource-mismatch": "mcp-metadata-resource-mismatch",
    "mcp-prm-wrong-place": "mcp-metadata-in-the-wrong-place",
    "mcp-session-404": "mcp-session-on-another-worker",
    "mcp-stdout-noise": "mcp-output-is-not-json",
    "mcp-stepup-403-plain": "mcp-forbidden-without-scope",
    "mcp-token-in-query": "mcp-token-in-url",
}
"""Mistakes that a pasted text shows, and the cause that explains them."""
TEXTS = {
    "mcp-issuer-slash": (
        "oauth-issuer-slash",
        "mcp: Issuer mismatch: expected https://a.example.org/, got https://a.example.org",
    )
}
GOAL = 45
AGENTS = Path(os.environ.get("SICKBAY_SHARED", Path(__file__).parents[3] / "shared")) / "facts" / "agents.md"


@for_each("mistake, rule", RULES.items())
def test_the_exchange_with_a_mistake_is_explained_by_its_rule_first(mistake: str, rule: str) -> None:
    findings = diagnose(case.load(case.list_paths()[rule]).refused).explanation.findings
    assert findings[0].id == rule, mistake


@for_each("mistake, cause", CAUSES.items())
def test_the_text_with_a_mistake_is_explained_by_its_cause_first(mistake: str, cause: str) -> None:
    texts = [example.text for file in files() if file.cause.id == cause for example in file.seen]
    assert [ids(text)[0] for text in texts] == [cause] * len(texts), mistake
    assert texts


@for_each("mistake", TEXTS)
def test_a_mistake_that_agents_share_with_other_clients_has_the_cause_of_all(mistake: str) -> None:
    cause, text = TEXTS[mistake]
    assert ids(text)[0] == cause


def test_enough_of_the_known_mistakes_are_named_first() -> None:
    assert len(RULES | CAUSES | TEXTS) == len(RULES) + len(CAUSES) + len(TEXTS) >= GOAL


@pytest.mark.skipif(not AGENTS.exists(), reason="shared facts aren't there")
def test_each_mistake_is_one_of_the_shared_facts() -> None:
    table = AGENTS.read_text(encoding="utf-8").partition("## C. Mistakes")[2].partition("\n## D.")[0]
    listed = {id for row in re.findall(r"^\| (mcp-[^|]+) \|", table, re.M) for id in row.split(", ")}
    assert RULES.keys() | CAUSES.keys() | TEXTS.keys() <= listed
