"""The default scopes of a registered resource: granted as if they had been sent, and only what both resource and app have."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from msgspec import structs
from tests.authorization import samples
from tests.authorization.authorize.test_resource import MCP
from tests.authorization.samples import refusals, sample_request
from tests.authorization.scopes.test_ordinary import CLIENTS, SERVERS, TEXTS
from tests.laws import examples

from sickbay.authorization.authorize.default_scopes import add_default_scopes, default_scopes
from sickbay.authorization.models import Client, ProtectedResource, Server
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.scopes.granting import granted_scopes
from sickbay.authorization.scopes.permitted import permits_scope
from sickbay.protocol.scope_spelling import parse_registered_scopes
from sickbay.protocol.scopes import is_covered, parse, split


def without_scope(**changes: str | None) -> AuthorizeRequest:
    return sample_request(**{"launch": None, "scope": None, "aud": None, "resource": MCP} | changes)


def with_resource(server: Server, listed: str) -> Server:
    return structs.replace(server, resources=(ProtectedResource(MCP, scopes=split(listed)),))


@settings(max_examples=examples(300))
@given(TEXTS, TEXTS, CLIENTS, SERVERS)
def test_a_default_is_granted_as_if_it_had_been_sent(listed: str, also: str, client: Client, server: Server) -> None:
    client, server = structs.replace(client, scope=f"launch/patient {listed} {also}"), with_resource(server, listed)
    request = without_scope()
    added = default_scopes(request, client, server)
    names = refusals(request, samples.sample_context(server=server, client=client, launch=None))
    assert ("scope-missing" in names) == (not added)
    if added:
        sent = add_default_scopes(request, client, server)
        assert sent.parameters.get("scope") == " ".join(added)
        assert [name for name in refusals(sent, samples.sample_context(server=server, client=client)) if "scope" in name] == []
        rows = granted_scopes(sent, client, server)
        assert [row.scope for row in rows[: len(added)] if row.granted] == list(added)


@settings(max_examples=examples(300))
@given(TEXTS, TEXTS, SERVERS)
def test_a_default_has_only_what_both_the_resource_and_the_app_have(listed: str, registered: str, server: Server) -> None:
    client = Client("app", scope=registered)
    for text in default_scopes(without_scope(), client, with_resource(server, listed)):
        scope = parse(text)
        assert text == "launch/patient" or permits_scope(listed, text)
        assert scope is not None
        assert is_covered(scope, parse_registered_scopes(registered))
        assert text not in ("launch", "offline_access")
        assert not text.startswith("system/")


@pytest.mark.parametrize(
    ("listed", "registered", "expected"),
    [
        ("patient/Observation.rs", "launch/patient patient/*.rs", "launch/patient patient/Observation.rs"),
        ("patient/*.rs", "launch/patient patient/Observation.rs", "launch/patient patient/Observation.rs"),
        ("launch/patient openid patient/*.rs", "openid launch/patient patient/*.rs", "launch/patient openid patient/*.rs"),
        ("user/Patient.rs patient/Patient.rs", "user/Patient.rs patient/Patient.rs", "user/Patient.rs"),
        ("launch offline_access user/Patient.rs", "launch offline_access user/*.rs", "user/Patient.rs"),
        ("patient/Observation.rs", "launch/patient patient/Patient.rs", ""),
        ("patient/Observation.rs", "patient/Observation.rs", ""),
        ("", "launch/patient patient/*.rs", ""),
    ],
)
def test_the_default_is_what_the_resource_lists_and_the_app_may_have(listed: str, registered: str, expected: str) -> None:
    client = structs.replace(samples.CLIENT, scope=registered)
    assert " ".join(default_scopes(without_scope(), client, with_resource(samples.SERVER, listed))) == expected


@pytest.mark.parametrize("changes", [{"resource": samples.BASE}, {"resource": None, "aud": samples.BASE}, {"scope": "openid"}])
def test_a_fhir_base_has_no_default_and_sent_scopes_stay(changes: dict[str, str | None]) -> None:
    request = without_scope(**changes)
    server = with_resource(samples.SERVER, "user/Patient.rs")
    assert add_default_scopes(request, samples.CLIENT, server) is request
