"""Rules about what is asked for and how it shall come back: response_type, response_mode, prompt, request, secrets."""

from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.refusal import Facts

RESPONSE_TYPE_MISSING = Rule(
    id="response-type-missing",
    stage="authorize",
    explains="response-type-missing",
    severity="error",
    outcome="invalid_request",
    parameter="response_type",
    title="There is no response_type",
    why="It says what your app wants back. In SMART that is always a code.",
    fix="Add response_type=code.",
    spec=specs.rfc(6749, "3.1.1", "Response Type"),
    repair=repairs.writing("response_type", "code"),
)

RESPONSE_TYPE_INVALID = Rule(
    id="response-type-invalid",
    stage="authorize",
    explains="response-type-invalid",
    severity="error",
    outcome="unsupported_response_type",
    parameter="response_type",
    title="Your app asked for {received} as the response_type",
    why="Tokens in a URL leak into histories and logs, so SMART gives a code alone.",
    fix="Send response_type=code, and redeem the code at the token endpoint.",
    spec=specs.SMART_AUTHORIZE,
    repair=repairs.writing("response_type", "code"),
)

RESPONSE_MODE_UNSUPPORTED = Rule(
    id="response-mode-unsupported",
    stage="authorize",
    explains="response-mode-unsupported",
    severity="error",
    outcome="invalid_request",
    parameter="response_mode",
    title="Your app asked for the answer as {received}",
    why="The code comes back in the query of the redirect address; no other way is offered.",
    fix="Leave response_mode out, or send response_mode=query. In keycloak-js, that is responseMode: 'query'.",
    spec=Spec(
        "OAuth 2.0 Multiple Response Type Encoding Practices, 2.1",
        "https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#ResponseModes",
    ),
    repair=repairs.writing("response_mode", None),
)


def _drop_object(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return repairs.with_parameters(request, (facts["name"], None))


REQUEST_OBJECT_UNSUPPORTED = Rule(
    id="request-object-unsupported",
    stage="authorize",
    explains="request-object-unsupported",
    severity="error",
    outcome="request_not_supported",
    title="Your app sent an object that this server does not read, in {name}",
    why="What such an object says would win over the plain parameters and over what is registered.",
    fix="Leave {name} out, and send plain parameters.",
    spec=Spec("OpenID Connect Core 1.0, 6.1", f"{specs.OIDC}#RequestObject"),
    repair=_drop_object,
)

CLIENT_SECRET_IN_URL = Rule(
    id="client-secret-in-url",
    stage="authorize",
    explains="client-secret-in-url",
    severity="error",
    outcome="invalid_request",
    parameter="client_secret",
    title="Your app sent its client_secret through the browser",
    why="It now stands in the history of the browser and in logs on the way: it is no longer secret.",
    fix="Leave client_secret out, and have a new one made; it belongs to the call of the token endpoint.",
    spec=specs.rfc(6749, "2.3.1", "Client Password"),
    repair=repairs.writing("client_secret", None),
)

PROMPT_NONE_WITH_OTHERS = Rule(
    id="prompt-none-with-others",
    stage="authorize",
    explains="prompt-none-with-others",
    severity="error",
    outcome="invalid_request",
    parameter="prompt",
    title="Your app asked that nobody be asked, and that somebody be asked: prompt={received}",
    why="none means that no page is shown, so that it cannot stand beside login, consent or select_account.",
    fix="Send prompt=none alone, or leave none out of it.",
    spec=Spec("OpenID Connect Core 1.0, 3.1.2.1", f"{specs.OIDC}#AuthRequest"),
    repair=lambda request, facts: repairs.with_parameters(
        request, ("prompt", " ".join(one for one in facts["received"].split() if one != "none"))
    ),
)

PROMPT_NONE_WITHOUT_SESSION = Rule(
    id="prompt-none-without-session",
    stage="authorize",
    explains="prompt-none-without-session",
    severity="error",
    outcome="login_required",
    parameter="prompt",
    title="Your app asked that nobody be asked, but {reason}",
    why="prompt=none lets a request through only where nothing has to be asked: signed in already, allowed already.",
    fix="Leave prompt out, and let the person sign in once.",
    spec=Spec("OpenID Connect Core 1.0, 3.1.2.6", f"{specs.OIDC}#AuthError"),
    repair=repairs.writing("prompt", None),
)

RULES = (
    RESPONSE_TYPE_MISSING,
    RESPONSE_TYPE_INVALID,
    RESPONSE_MODE_UNSUPPORTED,
    REQUEST_OBJECT_UNSUPPORTED,
    CLIENT_SECRET_IN_URL,
    PROMPT_NONE_WITH_OTHERS,
    PROMPT_NONE_WITHOUT_SESSION,
)
