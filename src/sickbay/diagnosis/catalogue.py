"""All rules, in the order in which they are tried: of the rules that explain one refusal, the most specific is first.

Corrections run in the same order: transport, then spelling, then the parameters, then what the parameters require.
"""

from __future__ import annotations

from sickbay.diagnosis.rule import Rule
from sickbay.diagnosis.rule_index import indexed
from sickbay.diagnosis.rules import (
    access,
    answer,
    app_state,
    backend,
    browser,
    discovery,
    id_token,
    login,
    logout,
    redirect,
    refresh,
    registration,
    registration_keys,
    registration_limits,
    registration_uris,
    request,
    retired,
    subject,
)
from sickbay.diagnosis.rules import launch as launch_url
from sickbay.diagnosis.rules.authorize import (
    aud,
    client,
    launch,
    missing_parameters,
    openid_scopes,
    parameter_names,
    patient,
    pkce,
    redirect_uri,
    response,
    scope,
    state,
    transport,
)
from sickbay.diagnosis.rules.client_authentication import credentials, header
from sickbay.diagnosis.rules.pkce import verifier
from sickbay.diagnosis.rules.search import address, body, limits, nothing_found, operations, parameters
from sickbay.diagnosis.rules.silence import access as access_silence
from sickbay.diagnosis.rules.silence import code as code_silence
from sickbay.diagnosis.rules.silence import injected as injected_fault
from sickbay.diagnosis.rules.silence import launch as launch_silence
from sickbay.diagnosis.rules.silence import sign_in as sign_in_silence
from sickbay.diagnosis.rules.silence import token as token_silence
from sickbay.diagnosis.rules.token import code, less_than_asked, request_format
from sickbay.diagnosis.rules.token import response as token_response

RULES: tuple[Rule, ...] = (
    *request.RULES,
    *retired.RULES,
    *transport.RULES,
    *missing_parameters.RULES,
    *client.RULES,
    *redirect_uri.RULES,
    *response.RULES,
    *state.RULES,
    *aud.RULES,
    *pkce.RULES,
    *launch.RULES,
    *scope.RULES,
    *login.RULES,  # before patient: both explain scope-patient-without-context
    *patient.RULES,
    *openid_scopes.RULES,
    *parameter_names.RULES,
    *registration.RULES,
    *registration_keys.RULES,
    *registration_uris.RULES,
    *registration_limits.RULES,
    *launch_url.RULES,
    *logout.RULES,
    *redirect.RULES,
    *request_format.RULES,
    *header.RULES,
    *backend.RULES,
    *credentials.RULES,
    *code.RULES,
    *verifier.RULES,
    *refresh.RULES,
    *subject.RULES,
    *access.RULES,
    *address.RULES,
    *parameters.RULES,
    *limits.RULES,
    *body.RULES,
    *operations.RULES,
    *nothing_found.RULES,
    *app_state.RULES,
    *token_response.RULES,
    *less_than_asked.RULES,
    *id_token.RULES,
    *discovery.RULES,
    *browser.RULES,
    *answer.RULES,
    *injected_fault.RULES,
    *launch_silence.RULES,
    *sign_in_silence.RULES,
    *code_silence.RULES,
    *token_silence.RULES,
    *access_silence.RULES,
)

INDEX = indexed(RULES)

BY_ID: dict[str, Rule] = {rule.id: rule for rule in RULES}

RETIRED: frozenset[str] = frozenset()
"""Ids of removed rules, which must never be used again."""
