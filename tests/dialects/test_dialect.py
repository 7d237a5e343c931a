"""Dialects are data: each file loads, and names only existing policies and explained refusals."""

from __future__ import annotations

import pathlib
from urllib.parse import unquote

import pytest

from sickbay.authorization.models import Policy
from sickbay.dialects import ErrorWording, list_names, load, short_path
from sickbay.dialects.dialect import read

NAMES = list_names()


@pytest.mark.parametrize("name", NAMES)
def test_a_dialect_sets_only_policies_that_exist(name: str) -> None:
    assert set(load(name).policy) <= set(Policy.__struct_fields__)
    Policy(**load(name).policy)


def test_the_standard_comes_first() -> None:
    assert list_names() == ("general", "cerner", "epic")


def test_the_standard_changes_no_policy() -> None:
    assert not load("general").policy


@pytest.mark.parametrize("name", NAMES)
def test_the_paths_of_authorize_and_token_exist_and_are_absolute(name: str) -> None:
    for path in ("authorize", "token"):
        assert load(name).path(path).startswith("/")
        assert "{" not in load(name).path(path)


def test_a_fhir_base_url_has_the_form_of_the_vendor() -> None:
    """The same paths as the vendors' sandboxes. In Epic's URLs, the hospital is the part before oauth2 and api."""
    cerner, epic = load("cerner"), load("epic")
    tenant = cerner.tenant_id
    assert [cerner.fhir_path(version) for version in cerner.fhir] == [f"/r4/{tenant}", f"/dstu2/{tenant}"]
    assert [epic.fhir_path(version) for version in epic.fhir] == ["/api/FHIR/R4", "/api/FHIR/DSTU2"]
    general = load("general")
    assert [general.fhir_path(version) for version in general.fhir] == [short_path(version) for version in general.fhir]


def test_a_missing_patient_has_the_error_url_of_the_vendor() -> None:
    dialect = load("cerner")
    words = dialect.wording("scope-patient-without-context", "scope-patient-without-context", "authorize")
    path = dialect.error_path(words, id="4d9a", client="a&b", persona="provider")
    assert path.startswith("/errors/urn%3Acerner%3Aerror%3Aauthorization-server%3Aoauth2%3Agrant%3Amissing-patient/")
    assert path.endswith("/instances/4d9a?persona=provider&client=a%26b&tenant=" + dialect.tenant_id)
    assert unquote(path.split("/")[2]).endswith("oauth2:grant:missing-patient")


def test_the_wording_of_a_finding_comes_before_that_of_its_refusal() -> None:
    dialect = load("cerner")
    assert dialect.wording("redirect-uri-trailing-slash", "redirect-uri-mismatch", "authorize") == ErrorWording(
        "oauth2:grant:invalid-redirect-uri-trailing-slash"
    )
    assert dialect.wording("nothing-known", "nothing", "authorize").urn == "oauth2:grant:invalid-request"


def test_an_unknown_key_is_refused() -> None:
    document = {"title": "", "about": "", "fhir": [], "paths": {}, "answers": {"nonsense": True}}
    with pytest.raises(TypeError):
        read("x", document)


def test_no_vendor_is_named_in_code_except_where_the_doctor_knows_the_errors_of_vendors() -> None:
    sources = (pathlib.Path(__file__).parents[2] / "src").rglob("*.py")
    code = [path for path in sources if "knowledge" not in path.parts and path.name != "address.py"]
    assert not [path for path in code if any(name in path.read_text().lower() for name in ("cerner", "epic "))]
