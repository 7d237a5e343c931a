"""A finding that rests on a guess is only probable, is at most a warning, and says what was assumed."""

from __future__ import annotations

from dataclasses import dataclass

from tests.one_key import rsa_key

from sickbay.diagnosis import guesses
from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.rule import Finding, fill_rule
from sickbay.doctor.diagnose import diagnose
from sickbay.kernel.checks import Refusal, check, examine
from sickbay.protocol import jose


@dataclass
class Context:
    server: str = "guessed"
    now: int = 1
    guesses: tuple[tuple[str, str], ...] = (("server", "Sickbay assumes a server."),)


@check(requires=("server",))
def needs_the_server(request: object, context: Context) -> Refusal | None:
    return Refusal("of-the-server", "x", {"received": 1})


@check(requires=("now",))
def needs_the_time(request: object, context: Context) -> Refusal | None:
    return Refusal("of-the-time", "x")


CHECKS = (needs_the_server, needs_the_time)


def test_only_a_refusal_that_needs_the_guessed_value_is_marked() -> None:
    context = Context()
    first, second = guesses.mark_guesses(CHECKS, context, examine(CHECKS, None, context)).refusals
    assert first.facts == {"received": 1, "guess": "Sickbay assumes a server."}
    assert second.facts == {}


def test_a_refusal_can_be_a_guess_itself() -> None:
    context = Context(guesses=(("of-the-time", "Sickbay assumes a time."),))
    first, second = guesses.mark_guesses(CHECKS, context, examine(CHECKS, None, context)).refusals
    assert "guess" not in first.facts
    assert second.facts["guess"] == "Sickbay assumes a time."


def test_nothing_is_marked_if_nothing_was_guessed() -> None:
    context = Context(guesses=())
    examination = examine(CHECKS, None, context)
    assert guesses.mark_guesses(CHECKS, context, examination) is examination


def test_a_finding_with_a_guess_is_probable_and_repeats_it() -> None:
    rule, facts = BY_ID["aud-not-fhir-base"], {"received": "https://a.example", "expected": "x"}
    sure, unsure = (fill_rule(rule, facts | more, refused=True) for more in ({}, {"guess": "Perhaps."}))
    assert (sure.severity, sure.degree, "Perhaps." in sure.why) == ("error", "certain", False)
    assert (unsure.severity, unsure.degree, unsure.why.endswith(" Perhaps.")) == ("warning", "probable", True)
    advice = fill_rule(rule, facts | guesses.POLICY, refused=False)
    assert (advice.severity, advice.degree) == ("info", "probable")


def findings(**evidence: object) -> dict[str, Finding]:
    return {finding.id: finding for finding in diagnose(evidence).explanation.findings}


KEY = rsa_key()
HEADERS = {"Accept": "application/fhir+json", "Authorization": "Bearer Rw4ZtQ9mK2xV7cLpAbCdEf"}


def test_a_type_of_another_version_rests_on_the_version_in_the_url_but_a_malformed_date_does_not() -> None:
    url = "https://ehr.example.org/fhir/r4/{}"
    renamed = findings(kind="fhir_request", url=url.format("MedicationOrder?patient=1"), headers=HEADERS)
    assert "Sickbay assumes FHIR R4" in renamed["fhir-resource-wrong-version"].why
    dated = findings(kind="fhir_request", url=url.format("Observation?date=01/02/2020&code=x"), headers=HEADERS)
    assert dated["fhir-date-malformed"].degree == "certain"


def test_a_bare_url_has_unknown_headers_and_shown_headers_without_a_token_lack_one() -> None:
    url = "https://ehr.example.org/fhir/r4/Patient/1"
    assert findings(kind="fhir_request", url=url) == {}
    assert findings(kind="fhir_request", url=url, context={"tokens": {}}) == {}
    shown = findings(kind="fhir_request", url=url, headers={"Accept": "application/fhir+json"})
    assert shown["fhir-token-missing"].degree == "probable"
    assert (
        findings(kind="fhir_request", url="https://hapi.fhir.org/baseR4/Patient/1", headers={"Accept": "application/fhir+json"})
        == {}
    )


def test_an_aud_without_a_path_is_judged_by_its_path_and_replaced_by_a_placeholder() -> None:
    url = (
        "https://ehr.example.org/authorize?response_type=code&client_id=a&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcb"
        "&scope=launch%2Fpatient%20patient%2FPatient.rs&state=33af273b-6611-4c6a-9e5d-5d9c7e0d3b11&aud={}"
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    )
    for aud in ("https%3A%2F%2Fehr.example.org", "https%3A%2F%2Fehr.example.org%2Fauth%2Ftoken"):
        diagnosis = diagnose({"kind": "authorize_url", "url": url.format(aud)})
        assert [finding.id for finding in diagnosis.explanation.findings] == ["aud-not-fhir-base"]
        assert diagnosis.corrected is not None
        assert "aud=FHIR-BASE-URL-OF-YOUR-LAUNCH" in diagnosis.corrected["url"]
    for aud in ("https%3A%2F%2Fws-a.fhir.azurehealthcareapis.com", "https%3A%2F%2Fehr.example.org%2Ffhir", "general"):
        assert not findings(kind="authorize_url", url=url.format(aud))


def test_scopes_are_read_from_a_token_that_is_a_jwt() -> None:
    def report(url: str, **claims: object) -> dict[str, Finding]:
        headers = HEADERS | {"Authorization": f"Bearer {jose.sign(claims, KEY)}"}
        return findings(kind="fhir_request", url=f"https://ehr.example.org/fhir/r4/{url}", headers=headers)

    lacking = report("Condition/1", scope="openid patient/Observation.rs", patient="1")["fhir-insufficient-scope"]
    assert "patient/Condition.rs" in lacking.fix
    assert (lacking.severity, lacking.degree) == ("warning", "probable")
    assert report("Condition/1", scp=["user/Observation.rs"]).keys() == {"fhir-insufficient-scope"}
    assert report("Observation/1", scope="openid patient/Observation.rs") == {}
    assert report("Condition/1", scope="openid profile email") == {}
    assert report("metadata", scope="patient/Observation.rs") == {}


def test_a_policy_that_only_some_servers_have_is_mentioned_but_corrects_nothing() -> None:
    evidence = {"kind": "fhir_request", "url": "https://ehr.example.org/fhir/r4/Patient", "headers": HEADERS}
    diagnosis = diagnose(evidence)
    assert [(finding.id, finding.severity) for finding in diagnosis.explanation.findings] == [("fhir-search-unbounded", "info")]
    assert diagnosis.corrected is None


def test_an_address_that_is_not_of_fhir_is_not_measured_by_fhir() -> None:
    url = "https://api.example.org/users?next=a%252Fb"
    assert findings(kind="fhir_request", url=url) == {}
    assert findings(kind="fhir_request", url=url, headers={"Accept": "application/json"}) == {}


def test_a_redirect_without_state_is_only_probably_wrong_if_the_request_is_not_known() -> None:
    url = "https://app.example.org/callback?code=Rw4ZtQ9mK2xV7cLp"
    alone = findings(kind="redirect_url", url=url)["redirect-state-missing"]
    assert (alone.severity, alone.degree) == ("warning", "probable")
    context = findings(kind="redirect_url", url=url, context={"sent_state": "x"})["redirect-state-missing"]
    assert (context.severity, context.degree) == ("error", "certain")


def test_an_unfilled_value_comes_before_what_else_is_wrong() -> None:
    url = "https://ehr.example.org/authorize?response_type=code&client_id=a&redirect_uri=value_here&scope=patient%2FPatient.rs"
    reported = list(findings(kind="authorize_url", url=url))
    assert reported[0] == "value-is-placeholder"
    assert {"state-missing", "aud-missing"} <= set(reported)


def test_only_scopes_of_smart_2_demand_pkce_of_an_unknown_server() -> None:
    def severity(scope: str) -> str:
        url = f"https://idp.example.org/authorize?response_type=code&client_id=a&state=af0ifjsldkj&scope={scope}"
        return findings(kind="authorize_url", url=url)["pkce-missing"].severity

    assert [severity(scope) for scope in ("openid", "launch", "launch+patient/*.read", "patient/*.rs")] == [
        *["info"] * 3,
        "warning",
    ]


def test_only_a_registration_of_an_app_for_smart_needs_scopes_for_resources() -> None:
    def reports_it(**more: object) -> bool:
        app = {
            "client_name": "A",
            "redirect_uris": ["https://app.example.org/cb"],
            "token_endpoint_auth_method": "none",
            **more,
        }
        return "reg-no-resource-scopes" in findings(kind="registration", app=app)

    assert [reports_it(), reports_it(launch_uri="https://app.example.org/launch"), reports_it(scope="launch")] == [
        False,
        True,
        True,
    ]


def test_the_scopes_of_a_registration_may_be_those_of_another_api() -> None:
    def list_severities(**more: object) -> set[str]:
        app = {
            "client_name": "A",
            "redirect_uris": ["https://app.example.org/cb"],
            "token_endpoint_auth_method": "none",
            **more,
        }
        return {finding.severity for finding in findings(kind="registration", app=app).values()}

    for scope in ("openid profile email", "read write", "atproto transition:generic"):
        assert list_severities(scope=scope) <= {"info"}
        assert list_severities(scope=scope, launch_uri="https://app.example.org/launch") >= {"warning"}
    assert list_severities(scope="openid patient.Observation.read") >= {"error"}
