"""Rules about `response_type`, `response_mode`, `prompt`, request objects and secrets in the URL."""

from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis import corrections, specs
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.checks import Facts

RESPONSE_TYPE_MISSING = Rule(
    id="response-type-missing",
    parameter="response_type",
    title="`response_type` is missing",
    why="It tells the server what to return. In SMART, that is always an authorization code.",
    fix="Send `response_type=code`.",
    spec=specs.rfc(6749, "3.1.1", "Response Type"),
    repair=corrections.set_value("response_type", "code"),
)

RESPONSE_TYPE_INVALID = Rule(
    id="response-type-invalid",
    parameter="response_type",
    title="`response_type={received}` isn't supported",
    why="SMART uses only the authorization code flow. Tokens in a URL would leak into the browser history and server logs.",
    fix="Send `response_type=code`, and exchange the code at the token endpoint.",
    spec=specs.SMART_AUTHORIZE,
    repair=corrections.set_value("response_type", "code"),
)

RESPONSE_MODE_UNSUPPORTED = Rule(
    id="response-mode-unsupported",
    parameter="response_mode",
    title="`response_mode={received}` isn't supported",
    why="This server returns the code only in the query string of the redirect URI.",
    fix="Leave out `response_mode`. If your library always sends it, set it to `query` (in keycloak-js: "
    "`responseMode: 'query'`).",
    spec=Spec(
        "OAuth 2.0 Multiple Response Type Encoding Practices, 2.1",
        "https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#ResponseModes",
    ),
    repair=corrections.set_value("response_mode", None),
)


def _drop_object(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return corrections.with_parameters(request, (facts["name"], None))


REQUEST_OBJECT_UNSUPPORTED = Rule(
    id="request-object-unsupported",
    title="`{name}` isn't supported: this server doesn't read request objects",
    why="The values in a request object would override the plain parameters, so a server that can't read "
    "it has to refuse the request.",
    fix="Leave out `{name}`, and send plain parameters.",
    spec=Spec("OpenID Connect Core 1.0, 6.1", f"{specs.OIDC}#RequestObject"),
    repair=_drop_object,
)

CLIENT_SECRET_IN_URL = Rule(
    id="client-secret-in-url",
    parameter="client_secret",
    title="`client_secret` is in the authorization URL",
    why="Authorization URLs end up in the browser history and in server logs, so the secret is no longer secret.",
    fix="Leave out `client_secret` and replace the secret. Send the new one only to the token endpoint.",
    spec=specs.rfc(6749, "2.3.1", "Client Password"),
    repair=corrections.set_value("client_secret", None),
)

PROMPT_NONE_WITH_OTHERS = Rule(
    id="prompt-none-with-others",
    parameter="prompt",
    title="`prompt=none` can't be combined with other values: `{received}`",
    why="`none` means that the server must not show a page, but each of the other values asks for one.",
    fix="Send only `prompt=none`. If the user should see a page, remove `none`.",
    spec=Spec("OpenID Connect Core 1.0, 3.1.2.1", f"{specs.OIDC}#AuthRequest"),
    repair=lambda request, facts: corrections.with_parameters(
        request, ("prompt", " ".join(value for value in facts["received"].split() if value != "none"))
    ),
)

PROMPT_NONE_WITHOUT_SESSION = Rule(
    id="prompt-none-without-session",
    parameter="prompt",
    title="`prompt=none` isn't possible: {reason}",
    why="With `prompt=none` the server must not show a page. It needs a user who is already signed in "
    "and has already approved the app.",
    fix="Leave out `prompt`, so that the user can sign in once.",
    spec=Spec("OpenID Connect Core 1.0, 3.1.2.6", f"{specs.OIDC}#AuthError"),
    repair=corrections.set_value("prompt", None),
)
