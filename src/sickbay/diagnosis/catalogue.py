"""All rules, in order of precedence. The general rule for a refusal is always tried last, whatever its position in this list.

Corrections run in the same order: transport, then spelling, then the parameters, then what the parameters require.
"""

from __future__ import annotations

from sickbay.diagnosis.rule import Rule
from sickbay.diagnosis.rule_file import read_rules
from sickbay.diagnosis.rule_index import build_index

_ORDER = """
request.readable request.retired authorize.transport authorize.missing_parameters authorize.client
authorize.client_document authorize.redirect_uri authorize.response authorize.state authorize.aud authorize.resource
authorize.code_challenge authorize.launch authorize.scope login.decision authorize.patient authorize.openid_scopes
authorize.parameter_names
registration.request registration.keys registration.uris registration.limits launch logout redirect
token.request_format token.resource client_authentication.header backend.client backend.assertion clock refresh
client_authentication.credentials token.client_id token.code pkce browser.concurrent_launches introspection userinfo
revocation access search.address search.parameters search.limits search.body search.operations search.nothing_found
app_state login.token_response token.less_than_asked id_token discovery browser.restrictions answer silence.injected
silence.launch silence.sign_in silence.code silence.token silence.access
"""
FILES: tuple[str, ...] = tuple(_ORDER.split())
"""The files of rules, by their place below `rules`."""

RULES: tuple[Rule, ...] = tuple(rule for file in FILES for rule in read_rules(file))

INDEX = build_index(RULES)

BY_ID: dict[str, Rule] = {rule.id: rule for rule in RULES}

RETIRED: frozenset[str] = frozenset()
"""Ids of removed rules, which must never be used again."""
