"""The answer to a text: one cause with its check and remedy, never for another server, and no more than is known."""

from __future__ import annotations

import json
import re
from functools import cache
from statistics import median

from tests.doctor.texts import recognise, seen_texts
from tests.laws import cases, for_each

from sickbay.diagnosis.answers.finding import UNEXPLAINED
from sickbay.doctor import answer
from sickbay.doctor.diagnose import LikelyCause
from sickbay.doctor.text import diagnose_text
from sickbay.doctor.verdict import Verdict

NOT_KEYCLOAK = 'https://sso.example.org/realms/clinic answers {"error":"invalid_grant","error_description":"No flux"}'


@cache
def all_answers() -> list[tuple[str, LikelyCause]]:
    """Each text's causes with what is shown of them."""
    return [(seen.cause, cause) for seen in cases(seen_texts()) for cause in answer.list_causes(recognise(seen.text))]


SLOT = re.compile(r"\{(?:\w+)\}")
IN_BACKTICKS = re.compile(r"`[^`]*`")
DOUBLED = re.compile(r"(?<![\w./-])(\w+) \1(?![\w./-])", re.I)


def test_no_text_of_an_answer_has_an_open_slot_or_a_doubled_word() -> None:
    wrong = []
    for id, cause in all_answers():
        bare = [IN_BACKTICKS.sub("•", text) for text in (cause.title, cause.why, cause.fix)]
        wrong += [(id, text) for text in bare if SLOT.search(text) or DOUBLED.search(text) or "  " in text]
    assert wrong == []


def test_each_text_of_an_answer_begins_and_ends_like_a_sentence() -> None:
    wrong = [
        (id, text)
        for id, cause in all_answers()
        for text in (cause.why, cause.fix)
        if not text or not text.rstrip("`").endswith((".", "?", ")"))
    ]
    assert wrong == []


def test_the_explanation_of_a_possible_cause_is_not_stated_as_a_fact() -> None:
    for seen in cases(seen_texts()):
        for ranked in (found := recognise(seen.text)).ranked[:1]:
            said = answer.to_finding(found, ranked, "warning").why
            is_possible = answer.list_causes(found)[0].confidence == "possible"
            assert (answer.IF_SO in said) == (is_possible and bool(ranked.cause.why)), seen


def test_a_corrected_request_without_the_refused_parameter_is_not_shown() -> None:
    text = (
        "AADSTS50011: The redirect URI https://a.example.com/cb specified in the request does not match the redirect URIs "
        "configured for the application. https://login.microsoftonline.com/common/oauth2/v2.0/authorize?response_type=code"
        "&client_id=11111111-1111-1111-1111-111111111111&redirect_uri=https%3A%2F%2Fa.example.com%2Fcb&scope=openid,profile&state="
    )
    assert diagnose_text(text)[1].corrected is None


def test_no_answer_has_two_causes_with_the_same_remedy() -> None:
    for seen in cases(seen_texts()):
        fixes = [ranked.cause.fix.casefold() for ranked in recognise(seen.text).ranked]
        assert len(set(fixes)) == len(fixes), seen


@cache
def first_answers() -> list[LikelyCause]:
    known = [found for seen in seen_texts() if (found := recognise(seen.text)).ranked]
    return [answer.list_causes(found._replace(ranked=found.ranked[:1]))[0] for found in known]


def test_the_first_cause_with_its_check_and_remedy_has_at_most_500_characters_in_the_median() -> None:
    assert median(len(cause.title) + len(cause.why) + len(cause.fix) for cause in first_answers()) <= 500


def test_the_first_cause_has_a_title_and_a_remedy_also_if_a_value_in_them_is_not_known() -> None:
    wrong = [cause.id for cause in first_answers() if not cause.title.strip() or not cause.fix.strip()]
    wrong += [cause.id for cause in first_answers() if cause.title.count("`") % 2]
    assert wrong == []


def findings(text: str) -> list[str]:
    return [found.id for found in diagnose_text(text)[1].explanation.findings]


def test_a_server_is_named_if_the_text_shows_one_and_only_one() -> None:
    assert answer.name_product(recognise("Our Keycloak answers 400")) == "Keycloak"
    assert answer.name_product(recognise("Our Keycloak and Okta answer 400")) == ""
    assert answer.name_product(recognise("Spring Security with Keycloak answers 400")) == "Keycloak"
    assert answer.name_product(recognise('With a token of Keycloak:\n{"resourceType": "OperationOutcome", "issue": []}')) == ""
    assert answer.name_product(recognise("Spring Security says 400")) == ""
    assert answer.name_product(recognise("Spring Security: [authorization_request_not_found]")) == "Spring Security"
    assert answer.name_product(recognise("https://x.b2clogin.com answers 400")) == "Azure AD B2C"
    assert answer.name_product(recognise(NOT_KEYCLOAK)) == ""


def test_an_error_whose_causes_are_not_known_is_said_to_be_so_with_related_topics() -> None:
    text = 'ORY Hydra answers {"error": "flux_capacitor_empty", "error_description": "The redirect URI needs 1.21 gigawatts"}'
    _, diagnosis = diagnose_text(text)
    first = diagnosis.explanation.findings[0]
    assert (first.id, first.title) == (UNEXPLAINED, "Sickbay read this error of ORY Hydra, and doesn't know its causes")
    assert diagnosis.causes == ()
    assert len(diagnosis.related) <= 3
    assert diagnosis.has_problem


def test_settings_with_the_question_whether_they_are_right_are_no_report() -> None:
    settings = "oidc.auth-server-url=https://id.example.org\noidc.client-id=a\noidc.type=service\noidc.token.audience=api"
    assert diagnose_text(f"Is this all it needs?\n\n{settings}")[1].verdict.exit_code == 2
    assert diagnose_text(f"Is this all? It fails: invalid audience\n\n{settings}")[1].verdict.exit_code == 1


GENERIC = {
    "a code": '{"error": "invalid_grant"}',
    "a code with usual words": '{"error": "invalid_request", "error_description": "The request has an invalid parameter"}',
    "a code of a product": "GET https://fhir.epic.com/interconnect-fhir-oauth/api/FHIR/R4/Patient returns 403 Forbidden",
    "a status": "GET https://fhir.example.org/r4/Observation/1 returns 403 Forbidden",
    "a word of prose": "Our app says access token malformed whenever the FHIR server refuses a search",
}


@for_each("kind", GENERIC)
def test_generic_evidence_lists_causes_and_names_none_as_the_answer(kind: str) -> None:
    _, diagnosis = diagnose_text(GENERIC[kind])
    assert diagnosis.explanation.findings[0].id == UNEXPLAINED
    assert {cause.confidence for cause in diagnosis.causes} == {"possible"}
    assert (diagnosis.corrected, diagnosis.related) == (None, ())
    assert diagnosis.verdict in (Verdict.ERROR, Verdict.DOUBTFUL)


def test_causes_of_a_code_that_have_nothing_to_do_with_its_message_are_not_listed() -> None:
    for said, listed in (("No more than 1.2 gigawatts", set()), ("Redirect to the gigawatts", {"redir"})):
        _, diagnosis = diagnose_text(f'{{"error": "invalid_grant", "error_description": "{said}"}}')
        assert {"redir" for cause in diagnosis.causes if "redirect" in cause.title} == listed
        assert bool(diagnosis.causes) == bool(listed)


def test_a_cause_that_a_text_proves_is_listed() -> None:
    """A text that a rule or another cause explains has that first."""
    for seen in seen_texts()[:: len(seen_texts()) // 40]:
        _, diagnosis = diagnose_text(seen.text)
        if [found.id for found in diagnosis.explanation.findings[:1]] == [UNEXPLAINED]:
            known = {ranked.cause.id for ranked in recognise(seen.text).ranked}
            assert seen.cause not in known or seen.cause in {cause.id for cause in diagnosis.causes}, seen


def test_the_usual_cause_of_a_quoted_message_is_the_answer() -> None:
    _, diagnosis = diagnose_text("The FHIR server says: Cannot enforce 'patient/*' claims without a launch context.")
    assert diagnosis.explanation.findings[0].id == diagnosis.causes[0].id


REFUSED_BY_KEYCLOAK = "WARN [org.keycloak.events] type=CODE_TO_TOKEN_ERROR, clientId=flux, error=invalid_client_credentials"


def test_what_the_quoted_message_says_is_the_title_if_it_has_several_causes() -> None:
    first = diagnose_text(REFUSED_BY_KEYCLOAK)[1].explanation.findings[0]
    assert first.id == UNEXPLAINED
    assert first.title.startswith("Keycloak could not authenticate the client")
    assert first.why.startswith("The text contains an error code of the server: invalid_client_credentials. The message: ")


def test_a_message_that_may_say_two_things_is_only_quoted() -> None:
    said = "There was a problem refreshing your current auth tokens: invalid_grant: Invalid JWT Signature."
    first = diagnose_text(f"ERROR: (gcloud.auth.activate-service-account) {said}")[1].explanation.findings[0]
    assert first.id == UNEXPLAINED
    assert first.title == "The text contains a token error: invalid_grant. Its message may name the cause"


IN_THE_WORDS_OF_THE_RFC = "is missing a required parameter, includes an invalid parameter value, or is otherwise malformed."
DESCRIPTIONS = {
    f"invalid_request: {IN_THE_WORDS_OF_THE_RFC} Check the `redirect_uri` parameter": "oauth-parameter-missing",
    f"invalid_request: {IN_THE_WORDS_OF_THE_RFC} Check the `client_id` parameter": "oauth-parameter-missing",
    f"invalid_request: {IN_THE_WORDS_OF_THE_RFC} Check the `code_challenge` parameter": "oauth-pkce-required",
    "invalid_request: Missing required parameter: code_verifier.": "oauth-pkce-verifier-not-sent",
    "invalid_grant: The provided authorization grant is invalid, expired, revoked, does not match the redirection URI. "
    "The PKCE code challenge did not match the code verifier.": "oauth-pkce-challenge-computed-wrong",
    "invalid_state: Request parameter 'state' must be at least be 8 characters long.": "oauth-state-too-short",
    "token_inactive: Token is inactive because it is malformed, expired or otherwise invalid.": "oauth-access-token-refused",
    "unsupported_response_type: The client is not allowed to request response_type 'code'.": "oauth-response-type-not-allowed",
    "unauthorized_client: The client is not authorized to perform this request using this method.": "oauth-grant-not-enabled",
}


@for_each("answered, cause", DESCRIPTIONS.items())
def test_the_reason_that_a_server_adds_to_the_words_of_the_rfc_decides(answered: str, cause: str) -> None:
    code, _, description = answered.partition(": ")
    causes = [each.id for each in diagnose_text(json.dumps({"error": code, "error_description": description}))[1].causes]
    assert causes[0] == cause
    assert not any(each.startswith("fhir-") for each in causes)


def test_code_without_a_request_is_read_if_it_shows_a_product() -> None:
    code = "await medplum.searchResources('Observation', {\n  code: '78012-2',\n  _include: 'Observation:patient',\n});"
    assert diagnose_text(code)[1].verdict == Verdict.UNEXAMINED
    assert diagnose_text(code.replace("medplum", "client"))[1].verdict == Verdict.UNKNOWN
    assert diagnose_text(f"{code}\nThis does something else, why?")[1].verdict == Verdict.UNKNOWN


def test_an_unrecognised_text_may_have_related_topics() -> None:
    assert 0 < len(diagnose_text("Which discriminator does a slice of my profile need?")[1].related) <= 3
    assert diagnose_text("The weather is nice")[1].related == ()


def test_a_fault_that_a_rule_proves_comes_first_and_is_not_said_twice() -> None:
    found = findings(
        "https://ehr.example.org/authorize?response_type=code&client_id=growth-chart&redirect_uri=https%3A%2F%2Fapp.example.org"
        '%2Fcb&scope=openid,fhirUser&state=k9idgCFpbJIr75aw30aA&aud=https%3A%2F%2Fehr.example.org%2Ffhir\n\n{"error":"invalid_scope"}'
    )
    assert found[0] == "scope-comma-separated"
    assert "oauth-scope-separator" not in found


def test_values_of_the_message_fill_the_remedy() -> None:
    text = (
        "AADSTS50011: The redirect URI 'https://app.example.org/cb' specified in the request does not match the redirect URIs"
        " configured for the application"
    )
    assert "`https://app.example.org/cb`" in diagnose_text(text)[1].explanation.findings[0].fix


def test_the_place_in_the_console_of_the_shown_product_is_named() -> None:
    fix = diagnose_text("Keycloak: We are sorry... Invalid parameter: redirect_uri")[1].explanation.findings[0].fix
    assert "Keycloak: " in fix
    assert "Entra" not in fix


def test_the_description_in_the_redirect_is_quoted_before_what_the_app_says_about_it() -> None:
    redirect = (
        "https://app.example/cb?error=unauthorized_client&error_description=Kiosk+apps+are+only+for+registered+clinics&state=1"
    )
    diagnosis = diagnose_text(f'{redirect}\n\n{{"detail": "\'code\' parameter was not found in callback request"}}')[1]
    assert "Kiosk apps are only for registered clinics" in diagnosis.explanation.findings[0].why
