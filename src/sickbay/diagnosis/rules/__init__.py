"""The rules, one file or folder for each stage."""

from __future__ import annotations

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
"""The files of rules in order of precedence, by their place below this folder."""
