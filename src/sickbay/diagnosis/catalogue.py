"""All rules, in order of precedence. The general rule for a refusal is always tried last, whatever its position in this list.

Corrections run in the same order: transport, then spelling, then the parameters, then what the parameters require.
"""

from __future__ import annotations

from sickbay.diagnosis.rule import Rule
from sickbay.diagnosis.rule_defaults import complete
from sickbay.diagnosis.rule_index import build_index
from sickbay.diagnosis.rules import (
    access,
    answer,
    app_state,
    clock,
    discovery,
    id_token,
    introspection,
    logout,
    pkce,
    redirect,
    refresh,
    revocation,
    userinfo,
)
from sickbay.diagnosis.rules import launch as launch_url
from sickbay.diagnosis.rules.authorize import (
    aud,
    client,
    code_challenge,
    launch,
    missing_parameters,
    openid_scopes,
    parameter_names,
    patient,
    redirect_uri,
    response,
    scope,
    state,
    transport,
)
from sickbay.diagnosis.rules.backend import assertion
from sickbay.diagnosis.rules.backend import client as backend_client
from sickbay.diagnosis.rules.browser import concurrent_launches, restrictions
from sickbay.diagnosis.rules.client_authentication import credentials, header
from sickbay.diagnosis.rules.login import decision, token_response
from sickbay.diagnosis.rules.registration import keys, uris
from sickbay.diagnosis.rules.registration import limits as registration_limits
from sickbay.diagnosis.rules.registration import request as registration
from sickbay.diagnosis.rules.request import readable, retired
from sickbay.diagnosis.rules.search import address, body, limits, nothing_found, operations, parameters
from sickbay.diagnosis.rules.silence import access as access_silence
from sickbay.diagnosis.rules.silence import code as code_silence
from sickbay.diagnosis.rules.silence import injected as injected_fault
from sickbay.diagnosis.rules.silence import launch as launch_silence
from sickbay.diagnosis.rules.silence import sign_in as sign_in_silence
from sickbay.diagnosis.rules.silence import token as token_silence
from sickbay.diagnosis.rules.token import client_id, code, less_than_asked, request_format

FILES = (
    readable,
    retired,
    transport,
    missing_parameters,
    client,
    redirect_uri,
    response,
    state,
    aud,
    code_challenge,
    launch,
    scope,
    decision,
    patient,
    openid_scopes,
    parameter_names,
    registration,
    keys,
    uris,
    registration_limits,
    launch_url,
    logout,
    redirect,
    request_format,
    header,
    backend_client,
    assertion,
    clock,
    refresh,
    credentials,
    client_id,
    code,
    pkce,
    concurrent_launches,
    introspection,
    userinfo,
    revocation,
    access,
    address,
    parameters,
    limits,
    body,
    operations,
    nothing_found,
    app_state,
    token_response,
    less_than_asked,
    id_token,
    discovery,
    restrictions,
    answer,
    injected_fault,
    launch_silence,
    sign_in_silence,
    code_silence,
    token_silence,
    access_silence,
)

RULES: tuple[Rule, ...] = tuple(complete(FILES))

INDEX = build_index(RULES)

BY_ID: dict[str, Rule] = {rule.id: rule for rule in RULES}

RETIRED: frozenset[str] = frozenset()
"""Ids of removed rules, which must never be used again."""
