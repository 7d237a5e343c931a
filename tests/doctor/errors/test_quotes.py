"""The most specific message of an error is quoted as the text has it, also next to a known status."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.diagnosis.answers.finding import UNEXPLAINED
from sickbay.doctor.errors import quotes
from sickbay.doctor.text import diagnose_text

SAID = "The flux of element 'core' has 3 gigawatts"
OTHER = "A second flux of 'rim' is empty"
CHAIN = "Error creating bean 'a': exception with message: Failed to build 'b': exception with message: java.io.IOException: "
ISSUE = '{{"resourceType": "OperationOutcome", "issue": [{{"severity": "{0}", "code": "invalid", {1}}}]}}'
XML = (
    '<OperationOutcome xmlns="http://hl7.org/fhir"><issue><severity value="warning"/><diagnostics value="{1}"/></issue>'
    '<issue><severity value="error"/><code value="invalid"/><details><text value="{0}"/></details></issue></OperationOutcome>'
)
RFC = "The provided authorization grant (e.g., authorization code) is invalid, expired, or was issued to another client."
YAML = "resourceType: OperationOutcome\nissue:\n- severity: fatal\n  code: invalid\n  expression: [Flux.core]\n  diagnostics: "
FEW_LINES = f"ValidationError: 2 validation errors for Flux\n{SAID}\n  wanted\n{OTHER}\n"
CAUSE_ENDINGS = ("may name the cause", "may name what failed")
"""The endings of a title that points to the message."""
QUOTED = {
    "an exception": f"org.example.FluxException: {SAID}\n  at a.b.c(D.java:1)",
    "the innermost exception": f"BeanException: Failed to build the whole\n\tat a.b\nCaused by: java.io.IOException: {SAID}",
    "an exception within a line": f"2026-01-01 ERROR [main] {CHAIN}{SAID}",
    "a log": f"260 [main] ERROR org.example.flux.Core  - {SAID}",
    "wrapped lines": "FluxError: " + SAID.replace(" has", "\n   has"),
    "diagnostics in prose": "It fails, why?\n" + ISSUE.format("error", f'"diagnostics": "{SAID}"'),
    "a text of details": ISSUE.format("fatal", f'"details": {{"coding": [{{"code": "X"}}], "text": "{SAID}"}}'),
    "a narrative": ISSUE.format("error", f'"text": {{"div": "<div>{SAID}</div>"}}'),
    "XML, the error before the warning": XML.format(SAID, OTHER),
    "problem details": f'HTTP/1.1 400 Bad Request\n\n{{"title": "Bad Request", "status": 400, "detail": "{SAID}"}}',
    "text next to JSON": f'{{"error": "failed", "message": "Bad request"}}\n\nlog: Error: {SAID}',
    "an error_description": f'{{"error": "invalid_grant", "error_description": "{SAID}"}}',
    "a display of details": ISSUE.format(
        "error", f'"details": {{"coding": [{{"display": "{SAID}"}}]}}, "diagnostics": "Failed"'
    ),
    "a debug message": f'{{"error": "error", "error_description": "The error is unrecognizable", "error_debug": "{SAID}"}}',
    "a sentence with backticks": f"It fails with `a.b.FluxException: {SAID}`",
    "a message below a mere token": f"ERROR: Invalid id_token\n\nError: {SAID}",
    "HAPI's validator": f"a\nSingleValidationMessage[col=2,row=9,locationString=core,message={SAID},https://a.b#d-1,severity=error]",
    "HL7's validator": f"  Information @ Flux.rim (line 1, col2): {OTHER}\n  Error @ Flux.core (line 6, col6) : {SAID}",
    "a table with the path first": f"Path | Severity | Message\nFlux.core | error | {SAID}\nFlux.rim | warning | {OTHER}",
    "a compiler": f"I get this:\n\nerror {SAID}\n  File: a.fsh",
    "a compiler with a colon": f"> fatal: {SAID}",
    "a cut outcome": f'"issue": [{{"severity": "error", "diagnostics": "{SAID}"}}, {{"severity": "error", "dia',
}


@for_each("kind", QUOTED)
def test_the_most_specific_message_is_quoted(kind: str) -> None:
    first = diagnose_text(QUOTED[kind])[1].explanation.findings[0]
    assert first.id == UNEXPLAINED
    assert f'The message: "{SAID}"' in first.why
    assert first.title.endswith(CAUSE_ENDINGS)
    assert OTHER not in first.why


@for_each(
    "said, text",
    [
        (f'{SAID} wanted" and "{OTHER}', FEW_LINES),
        ("{root}: rest.0: 'a property is missing", "FluxError: {root}:\n  rest.0:\n    'a property is missing'\n"),
        ("Flux.core: gigawatts spilled", f"{YAML}gigawatts spilled\n"),
        (SAID, f'{YAML}"{SAID}"\n'),
        (
            'No parameter "flux" for "Core"',
            ISSUE.format("error", '"diagnostics": "No parameter &quot;flux&quot; for &quot;Core&quot;"'),
        ),
        ("Use <url>/Flux/id or <id>", ISSUE.format("error", '"diagnostics": "Use <url>/Flux/id or <id>"')),
        ("type: flux-key path: core", f"{YAML}\n    type: flux-key\n    path: core\n"),
        ("$.core: has 3 gigawatts", '{"title": "Bad Request", "status": 400, "errors": {"$.core": ["has 3 gigawatts"]}}'),
        (
            "core: expected an array",
            '{"message": "1 violation", "code": 2, "name": "x", "fields": {"core": "expected an array"}}',
        ),
        ("The flux is empty", '{"fault": {"faultstring": "The flux is empty", "detail": {"errorcode": "x.y"}}}'),
        ("'core' is empty.", ISSUE.format("error", """"diagnostics": "'core' is empty.\"""")),
    ],
)
def test_the_decisive_half_of_a_message_is_quoted(said: str, text: str) -> None:
    first = diagnose_text(text)[1].explanation.findings[0]
    assert f'The message: "{said}' in first.why
    assert first.title.endswith(CAUSE_ENDINGS)


def test_two_errors_of_an_outcome_are_quoted() -> None:
    issues = ", ".join(f'{{"severity": "error", "diagnostics": "{said}"}}' for said in (SAID, OTHER))
    assert quotes.find_quote(f'{{"issue": [{issues}]}}', "") == f'{SAID}" and "{OTHER}'


@for_each(
    "text",
    [
        "HTTP 500: an unexpected error occurred",
        "java.lang.NullPointerException: Internal error",
        ISSUE.format("error", '"diagnostics": "Resource Patient/7 not found"'),
        f'{{"error": "invalid_token", "error_description": "{RFC}"}}',
        "ValidationError: 2 validation errors for Flux",
        '{"message": "Request failed with status code 400"}',
        "I get a 403",
        "ERROR: Invalid id_token",
        "ERROR: Failed to start quarkus",
        ISSUE.format("error", """"details": {"text": "Access violation at address 00000000006210FF in module 'Flux.exe'"}"""),
        f'This message is misleading: {{"error": "invalid_client", "error_description": "{SAID}"}}',
        f"We see misleading messages: Error: {SAID}",
    ],
)
def test_what_says_nothing_is_not_called_the_cause(text: str) -> None:
    first = diagnose_text(text)[1].explanation.findings[0]
    assert not first.title.endswith(CAUSE_ENDINGS)
    assert "The message: " not in first.why


@given(
    st.lists(st.sampled_from(("Caused by: ", "Error: ", "\n", '"text": "', "severity", '"', "{", SAID, "at x ")), max_size=12)
)
def test_a_quotation_is_in_the_text(parts: list[str]) -> None:
    text = "".join(parts)
    said = quotes.find_quote(text, "").split('" and "')
    assert all(each in " ".join(text.split()) for each in said)


def test_an_issue_is_quoted_with_its_element() -> None:
    printed = (
        'SingleValidationMessage[col=2,row=9,locationString=Patient.name[0],message=Magnetic "flux" of 3 units,severity=error]'
    )
    assert (
        'The message: "Patient.name[0]: Magnetic "flux" of 3 units".' in diagnose_text(printed)[1].explanation.findings[0].why
    )


def test_a_known_cause_quotes_the_message_with_the_value() -> None:
    text = ISSUE.format("error", '"diagnostics": "Unknown search parameter: colour"')
    first = diagnose_text(text)[1].explanation.findings[0]
    assert first.id == "fhir-search-parameter-unknown"
    assert first.why.startswith('The message: "Unknown search parameter: colour".')
