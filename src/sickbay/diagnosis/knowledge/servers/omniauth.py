"""Failures of OmniAuth and other Ruby libraries for OAuth 2.0."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="omniauth-invalid-credentials",
        text=(
            (
                "message=invalid_credentials",
                "authentication failure! invalid_credentials",
                "authentication failure! :invalid_credentials",
                '"message"=>"invalid_credentials"',
                "omniauth::strategies::oauth2::callbackerror",
            ),
        ),
        title="OmniAuth: redeeming the code or reading the user failed after the login; the token request was refused",
        why=(
            "invalid_credentials is OmniAuth's word for an OAuth2::Error at the token or user info request. The log line "
            "before it has the server's answer."
        ),
        causes=(
            Cause(
                "The client secret or the endpoint isn't that of this environment.",
                "The log before 'Authentication failure!' shows the token endpoint's answer.",
                "Check client id, secret, site and token_url of the strategy for this environment.",
            ),
            Cause(
                "redirect_uri at the token request has the query of the callback, or another scheme or host.",
                "The answer is invalid_grant or redirect_uri_mismatch.",
                "Define callback_url as full_host + script_name + callback_path, and set OmniAuth.config.full_host.",
            ),
            Cause(
                "The user info request fails after the token was issued.",
                "The token request has 200, the next one 401 or 404.",
                "Correct the user info address and the header of the strategy.",
            ),
        ),
        source="https://github.com/omniauth/omniauth-oauth2/issues/81",
        confidence="observed",
    ),
)
