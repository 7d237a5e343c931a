"""Facts are found whatever the form of a text, and their values are those that it shows."""

from __future__ import annotations

import textwrap

from tests.doctor.fact_texts import TRUE
from tests.doctor.test_facts import compute, facts
from tests.laws import for_each

from sickbay.doctor.evidence import Evidence


@for_each("width", [50, 60, 70])
def test_a_fact_is_true_whatever_the_line_breaks(width: int) -> None:
    sentence = "The token was refused, because of its aud: expected 'https://api.example.org/fhir', got 'https://b.example'"
    assert "audience_differs" in compute(Evidence("\n".join(textwrap.wrap(sentence, width))))


def test_a_fact_is_true_in_escaped_json() -> None:
    document = TRUE["discovery_mixes_http"].replace('"', '\\"')
    assert "discovery_mixes_http" in compute(Evidence(f"the document is {document} here"))


def test_patterns_ignore_case_except_where_it_matters() -> None:
    assert "posts_to_mcp" in compute(Evidence(TRUE["posts_to_mcp"].lower()))
    assert "has_version_1_scopes" not in compute(Evidence(TRUE["has_version_1_scopes"].lower()))


def test_no_fact_is_true_in_an_empty_text() -> None:
    assert compute(Evidence("")) == {}


def test_a_fault_that_a_rule_found_is_a_fact() -> None:
    assert compute(Evidence("", rules=frozenset({"code-reused"}))) == {"code-reused": {}}


def test_values_in_quotation_marks_are_compared() -> None:
    said = "Issuer: 'https://a.5.example/.auth'. Did not match: validationParameters.ValidIssuer: 'null' or ValidIssuers: 'https://a.example'"
    assert facts(said)["issuer_differs"] == {"received": "https://a.5.example/.auth", "expected": "https://a.example"}
    assert "audience_differs" in facts("Audiences: 'https://[api].example'. Did not match: ValidAudience: 'https://b.example'")
    assert "audience_differs" not in facts("Audiences: 'https://a.example'. Did not match: parameters.ValidAudience: 'null'")
    said = (
        "IDX10214: Audience validation failed. Audiences: 'https://a.example/resources'. Did not match: {}.ValidAudience: '{}'"
    )
    assert facts(said.format("parameters", "flux"))["audience_differs"] == {
        "received": "https://a.example/resources",
        "expected": "flux",
    }
    assert "audience_differs" not in facts(said.format("parameters", "[web API's client ID]"))
    escaped = facts(r"oidc: expected audience \"kubernetes\" got [\"headlamp\"]")["audience_differs"]
    assert escaped == {"expected": "kubernetes", "received": "headlamp"}


def test_facts_have_values_that_fill_texts() -> None:
    assert facts(TRUE["audience_differs"])["audience_differs"] == {
        "expected": "https://api.example.org",
        "received": "https://other.example.org",
    }
    assert facts(TRUE["redirect_uri_is_http"])["redirect_uri_is_http"]["expected"] == "https://app.example.org/cb"
    assert facts(TRUE["placeholder_is_left"])["placeholder_is_left"] == {"value": "${CLIENT_ID}"}


@for_each("kind", ["searchset", "history", "transaction-response"])
def test_no_server_refuses_the_bundle_that_another_sent(kind: str) -> None:
    flawed = '{{"resourceType": "Bundle", "type": "{}", "total": -1}}'
    assert "element_is_not_as_defined" in facts(flawed.format("collection"))
    assert "element_is_not_as_defined" not in facts(flawed.format(kind))
