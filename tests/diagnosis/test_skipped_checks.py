"""A check of a pasted request counts as passed only if the text shows what it looks at."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from sickbay.diagnosis import case
from sickbay.diagnosis.evidence.access import EVERYWHERE
from sickbay.diagnosis.kinds import KINDS
from sickbay.diagnosis.skipped_checks import NEEDED, OF_A_BODY, OF_A_SERVER, skip_unknown
from sickbay.doctor.diagnose import diagnose
from sickbay.kernel.checks import Check

SHOWN = frozenset(
    ("smart", "unusual_scopes", "headers_known", "public", "response_mode", "ids", "version", "now", "guesses", "faults")
)
"""Attributes of a context that are read from the request itself, and guesses, which the findings mention."""
CONSULTED = {
    "a_key_is_for_signatures": {"server"},
    "assertion_was_issued_recently_if_it_says_when": {"server"},
    "jti_is_short_enough": {"server"},
    "algorithm_is_one_of_smart": {"server"},
    "audience_is_the_token_endpoint": {"server"},
    "resource_is_what_was_granted": {"server"},
    "resource_is_repeated_if_the_policy_is_strict": {"server"},
    "launch_is_a_code_and_no_url": {"server"},
    "redirect_uri_is_sent": {"server"},
    "scopes_are_separated_by_spaces": {"server", "client"},
    "scopes_are_well_formed": {"client", "server"},
    "scopes_stand_bare": {"server"},
    "verifier_is_well_formed": {"server", "client"},
}
"""Checks that look at the request, and consult what is known of the server only to say more or to allow more."""


class Recording:
    """A context that remembers which attributes were read."""

    def __init__(self, context: object) -> None:
        self._context = context
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self._context, name)


def requests() -> list[dict[str, Any]]:
    """The requests of all cases, without their contexts."""
    loaded = [case.load(path) for path in case.list_paths().values()]
    inputs = [evidence for example in loaded for evidence in (example.refused, example.corrected) if evidence]
    return [{name: value for name, value in evidence.items() if name != "context"} for evidence in inputs]


def reads_of_passed_checks(evidence: dict[str, Any]) -> dict[str, set[str]]:
    """What each check that passes reads of a context that was made from nothing but the request."""
    kind = KINDS[evidence["kind"]]
    request = kind.request(evidence)
    context = kind.context(evidence, request)
    passed = {result.name for result in kind.examine(request, context).checked if result.outcome == "passed"}
    result: dict[str, set[str]] = {}
    for check in kind.checks(request):
        if check.name in passed:
            recording = Recording(context)
            if not check.inputs or getattr(recording, check.inputs):
                check.decide(request, recording)
            result[check.name] = recording.read
    return result


def test_no_check_passes_that_looks_at_what_was_not_pasted() -> None:
    wrong: set[tuple[str, str]] = set()
    for evidence in requests():
        reads = reads_of_passed_checks(evidence)
        for result in diagnose(evidence).examination.checked:
            if result.outcome == "passed":
                unknown = reads.get(result.name, set()) - SHOWN - CONSULTED.get(result.name, set())
                wrong |= {(result.name, name) for name in unknown}
    assert not wrong


def test_each_check_in_the_tables_exists_and_is_skipped_without_a_context() -> None:
    checks: dict[str, Check[Any, Any]] = {}
    outcomes: dict[str, set[str]] = {}
    for evidence in requests():
        kind = KINDS[evidence["kind"]]
        checks |= {check.name: check for check in kind.checks(kind.request(evidence))}
        for result in diagnose(evidence).examination.checked:
            outcomes.setdefault(result.name, set()).add(result.outcome)
    assert NEEDED.keys() | OF_A_SERVER | OF_A_BODY <= checks.keys()
    assert not [name for name in NEEDED if "passed" in outcomes[name]]


def test_a_check_passes_if_the_context_says_what_it_looks_at() -> None:
    evidence = {
        "kind": "token_request",
        "method": "POST",
        "url": "https://a.example/token",
        "headers": {},
        "body": "grant_type=x",
    }
    assert outcome(evidence, "guesses_are_few") == ("skipped", "earlier")
    assert outcome(evidence | {"context": {"waits": 0}}, "guesses_are_few") == ("passed", None)


@pytest.mark.parametrize("url", ["https://a.example/fhir/Patient?name=x", "https://a.example/r4/Observation?code=1"])
def test_what_a_server_supports_is_not_known_from_a_url(url: str) -> None:
    evidence = {"kind": "fhir_request", "method": "GET", "url": url, "headers": {"Authorization": "Bearer a"}}
    assert outcome(evidence, "parameters_are_known")[0] == "skipped"
    server = {"fhir_bases": [url.partition("?")[0].rpartition("/")[0]], "fhir_version": "4.0.1"}
    assert outcome(evidence | {"context": {"server": server}}, "parameters_are_known")[0] == "passed"


def outcome(evidence: dict[str, Any], name: str) -> tuple[str, str | None]:
    result = next(result for result in diagnose(evidence).examination.checked if result.name == name)
    return result.outcome, result.waits_for


def test_a_refusal_is_never_skipped() -> None:
    evidence = {"kind": "token_request", "method": "GET", "url": "https://a.example/token", "headers": {}, "body": "a=b"}
    examination = diagnose(evidence).examination
    refused = structs.replace(examination.checked[0], name="guesses_are_few", outcome="refused")
    kept = skip_unknown(type(examination)((refused,)), {}, None)
    assert kept.checked == (refused,)


def test_the_faults_of_every_server_are_looked_at() -> None:
    assert not {rule.replace("-", "_") for rule in EVERYWHERE} & OF_A_SERVER
