"""Each mistake in the file of a hospital is named with its line, and with what was probably meant."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import ROOT
from tests.laws import for_each
from tests.services.hospitals.hospital_texts import RIVERSIDE, replace_text

from sickbay import dialects
from sickbay.services.hospitals import hospital_file
from sickbay.services.hospitals.hospital_file import FileProblem, HospitalFile
from sickbay.services.hospitals.problems import find_problems


def problems(text: str, names: tuple[str, ...] = ("general",), *, toml: bool = True) -> list[FileProblem]:
    file = hospital_file.read_hospital_file(text, toml=toml)
    return find_problems(file, names, ("dr.okafor",)) if isinstance(file, HospitalFile) else [file]


def test_a_complete_file_has_no_problem() -> None:
    assert problems(RIVERSIDE) == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('token = "/connect', 'tokn = "/connect', "There is no key tokn in [paths]. Did you mean token?"),
        ("[policy]", "[polcy]", "There is no key polcy. Did you mean policy?"),
        ("token_lifetime = 300", 'token_lifetime = "5 min"', "token_lifetime must be a whole number."),
        ("token_lifetime = 300", 'pkce = "maybe"', "pkce must be required or if-sent or off."),
        ("token_lifetime = 300", "token_lifetime = 0", "The policy token_lifetime must be a number of seconds, 1 or more."),
        (
            "token_lifetime = 300",
            "search_criteria = []",
            "There is no key search_criteria in [policy]. Use required in [search].",
        ),
        ("token_lifetime = 300", 'framed = "never"', "framed must be all or signed-in or none."),
        ("token_lifetime = 300", 'relaxed = ["state-mising"]', "There is no refusal state-mising. Did you mean state-missing?"),
        ('name = "riverside"', 'name = "River Side"', "name must have 1 to 40 lower-case letters, digits and hyphens"),
        ('name = "riverside"', 'name = "admin"', "admin is an address of Sickbay itself. Choose another name."),
        ('name = "riverside"', 'name = "general"', "There is already a hospital general."),
        ('fhir = ["r4"]', 'fhir = ["r3"]', "There is no FHIR version r3. Known:"),
        ('fhir = ["r4"]', 'fhir = ["r4"]\nlike = "epik"', "There is no dialect epik. Did you mean epic?"),
        ('"/api/fhir"', '"api/fhir"', "The path fhir must begin with a slash"),
        ('"/api/fhir"', '"/api/../fhir"', "The path fhir must not have the segments . and .."),
        ('"/connect/token"', '"/connect/authorize"', "The path token is also that of authorize."),
        ('"/connect/token"', '"/api/fhir/token"', "The path token is inside the FHIR base, which would answer its requests."),
        ('"/connect/token"', '"/ehr/token"', "The path token is also that of the EHR's pages."),
        ('"/connect/token"', '"/connect/{customer}"', "The path token can't contain {customer}."),
        ('"/connect/token"', '"/{tenant_id}/token"', "The path token has {tenant_id}, but the file has no tenant_id."),
        ("error_description = false", 'untrusted = "see-other"', "see-other needs the path errors, to which it redirects."),
        ('"patient/*.rs"', '"patient/*.sr.x"', "patient/*.sr.x isn't a SMART scope."),
        ("Observation: patient | subject", "Observation: pateint | subject", "Observation has no search parameter pateint."),
        ("r4 Observation: patient", "dstu2 Observation: patient", "is about dstu2, which this hospital doesn't have."),
        ('"code"]', '"cod"]', "Observation has no search parameter cod. Did you mean code?"),
        ("Observation: patient | subject | _id", "Observation: date", "A search for Observation must name date, but"),
        ('"open sesame"', '""', "A user needs password."),
        ('username = "grace"', 'username = "dr.okafor"', "There is already a user dr.okafor."),
        ("Practitioner/pr-1", "pr-1", "fhirUser must be a person, such as Practitioner/pr-1."),
        ('kind = "status"', 'kind = "statsu"', "There is no kind of fault named statsu. Did you mean status?"),
        ("status = 503", "status = 200", "status"),
        ('type = "Condition"', 'app = "mine"', "A fault of a hospital's file has no app: it is meant for every app."),
    ],
)
def test_a_mistake_is_named_on_its_line(old: str, new: str, sentence: str) -> None:
    text = replace_text(old, new)
    (problem,) = problems(text)[:1]
    assert sentence in problem.sentence
    assert problem.line == RIVERSIDE[: RIVERSIDE.index(old)].count("\n") + new.count("\n") + 1


STYLES: list[tuple[dict[str, Any], str]] = [
    *(
        ({"answers": {"correlation_header": name}}, "correlation_header must be the name of a header that ends in id")
        for name in (
            *[
                "Content-Length",
                "Transfer-Encoding",
                "Set-Cookie",
                "Location",
                "Content-Type",
                "Connection",
                "WWW-Authenticate",
            ],
            *["Access-Control-Allow-Origin", "Content-Security-Policy", "X-Accel-Redirect", "Cache-Control", "Link", "Upgrade"],
            *("", "X-Id\r\nSet-Cookie: a=b\r\nX-Id", "X Id", "é-id", "X-Id:", "X-Id\n", "a" * 61 + "id"),
        )
    ),
    *(
        ({"answers": {name: status}}, f"{name} must be ")
        for name in ("client_status", "page_status")
        for status in (-1, 0, 99, 100, 201, 204, 302, 304, 600, 10**9)
    ),
    *(({"tenant_id": id}, "tenant_id must have") for id in (".", "..", "a/b", "a?b", "a#b", "a%2fb", "a\r\nb", "é", "a" * 65)),
    ({"title": "x" * 201}, "title may have at most 200 characters."),
    ({"answers": {"urn_prefix": "a\r\nb"}}, "urn_prefix must be"),
    ({"words": {"state-missing": {"error": 'a"b'}}}, "error must have"),
    ({"words": {"token": {"state-missing": {"error": ""}}}}, "error must have"),
    ({"words": {"default": {"authorize": {"urn": "a b"}}}}, "urn must be"),
    ({"words": {"default": {"authorize": 5}}}, "words.default.authorize must be a table."),
    *(({"token_response": {name: "x"}}, f"{name} can't be replaced") for name in ("access_token", "scope", "patient")),
    *(({"id_token": {"openid": {name: "x"}}}, f"{name} can't be replaced") for name in ("iss", "sub", "aud", "exp")),
    ({"faults": [{"kind": "delay", "seconds": 1}] * 101}, "A hospital has at most 100 faults."),
]


@for_each("members, sentence", STYLES)
def test_no_file_can_write_a_response_that_breaks_http_or_oauth(members: dict[str, Any], sentence: str) -> None:
    (problem,) = find_problems(HospitalFile({"name": "x", "title": "X", **members}, {}), (), ())
    assert problem.sentence.startswith(sentence)


@given(st.dictionaries(st.sampled_from(["correlation_header", "urn_prefix"]), st.text(max_size=300)), st.text(max_size=80))
def test_an_accepted_text_has_no_space_and_no_control_character(answers: dict[str, str], tenant_id: str) -> None:
    document = {"name": "x", "title": "X", "answers": answers, "tenant_id": tenant_id}
    if not find_problems(HospitalFile(document, {}), (), ()):
        assert all("!" <= letter <= "~" for text in (*answers.values(), tenant_id) for letter in text)


def test_the_names_of_the_vendors_are_accepted() -> None:
    for name in ("Cerner-Correlation-Id", "X-Request-ID", "x-amzn-requestid", "X-B3-TraceId"):
        assert not find_problems(HospitalFile({"name": "x", "title": "X", "answers": {"correlation_header": name}}, {}), (), ())
    for like in dialects.list_names():
        document = dialects.read_document(like)
        copied: dict[str, Any] = {
            key: document[key]
            for key in ("answers", "words", "tenant_id", "paths", "token_response", "id_token")
            if key in document
        }
        problems = find_problems(HospitalFile({"name": "x", "title": "X", "like": like, **copied}, {}), (), ())
        assert problems == [], like


def test_all_mistakes_of_a_kind_are_named_at_once_in_the_order_of_their_lines() -> None:
    text = replace_text('token = "/connect', 'tokn = "/connect').replace("token_lifetime", "tokenlifetime")
    lines = text.splitlines()
    assert ["tokn" in lines[problem.line - 1] for problem in problems(text)] == [True, False]
    assert "tokenlifetime" in lines[problems(text)[1].line - 1]


def test_templates_contain_only_known_placeholders() -> None:
    for template in ("{user.password}", "{user_id!r}", "{0}", "{user_id:>9999999}", "{"):
        (problem,) = problems(f'{RIVERSIDE}\n[token_response]\nuser = "{template}"\n')
        assert problem.sentence.startswith("There is no placeholder")


@pytest.mark.parametrize(
    ("text", "toml", "sentence"),
    [
        ("name = riverside", True, "Line 1: The file isn't TOML"),
        ("x" * 70_000, True, "The file has 70,000 characters; at most 64,000 are read."),
        ("[" * 60_000, False, "The file isn't valid JSON: it is nested too deep"),
        ('{"name": "a", "name": "b"}', False, "The file isn't valid JSON: it has the member 'name' twice in one object."),
        ("[]", False, "The file must be one object, such as {"),
        ("{}", False, "The key name is missing."),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text: str, toml: bool, sentence: str) -> None:
    assert str(problems(text, toml=toml)[0]).startswith(sentence)


@given(
    st.dictionaries(
        st.sampled_from(["name", "title", "fhir", "paths", "policy", "words", "users", "faults", "scopes", "search"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
            max_leaves=8,
        ),
    )
)
def test_any_document_gets_sentences_and_no_exception(document: dict[str, object]) -> None:
    for problem in find_problems(HospitalFile(document, {}), (), ()):
        assert problem.sentence.endswith((".", "?"))


def test_the_example_has_no_problem_and_names_a_source_for_each_value() -> None:
    text = (ROOT / "examples" / "hospitals" / "athena.toml").read_text()
    assert problems(text) == []
    groups = re.split(r"\n(?=\[)|\n\n", text)
    sourced = ("https://", "chosen here")
    for line in (line for line in text.splitlines() if re.match(r"[a-z_]+ = |\[\[", line)):
        inside = next(group for group in groups if line in group)
        assert any(word in line for word in sourced) or any(word in inside.splitlines()[0] for word in sourced), line


@pytest.mark.parametrize(
    ("resources", "line", "sentence"),
    [
        ('[[resources]]\nurl = "mcp"', 2, "url must be the http or https URL of a server, without user information."),
        ('[[resources]]\nurl = "https://m.example"\nscope = "openid"', 3, "A resource has no scope; it has url, name,"),
        ("[[resources]]\n" * 51, 1, "A hospital has at most 50 registered resources."),
    ],
)
def test_a_wrong_resource_is_named_on_its_line(resources: str, line: int, sentence: str) -> None:
    found = problems(f"{RIVERSIDE}\n{resources}")[0]
    assert found.sentence.startswith(sentence)
    assert found.line == (RIVERSIDE.count("\n") + 1 + line if line > 1 else 0)
