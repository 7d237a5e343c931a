"""Messages of libraries that compare issuer, audience, nonce and state with what they expect."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

JWT = "https://www.rfc-editor.org/rfc/rfc7519#section-4.1"
ID_TOKEN = "https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation"

ERRORS = (
    KnownError(
        id="token-audience",
        text=(
            (
                "is not a trusted audience",
                "audience rejected",
                "unexpected jwt audience",
                "claim 'aud' value doesn't",
                "invalidaudience",
                "aud) claim mismatch",
                'missing the "aud" claim',
                "missing required claims: [aud]",
                "audiences in jwt are not allowed",
                "not for me",
                "bad audience:",
                'unexpected id token "aud"',
                "jwt audience invalid",
                "invalid audience",
                "audience is invalid",
                "audience invalid",
                "invalidaudienceerror",
                'unexpected jwt "aud"',
                "unexpected aud",
                "aud mismatch",
                "audience mismatch",
                "audience doesn't match",
                "audience does not match",
                "wrong audience",
                "invalid aud",
                "incorrect audience",
                "audience claim",
                'unexpected "aud"',
                "aud claim",
            ),
            ("audience", "aud"),
        ),
        without=("athena", "idx1", "the aud claim is not valid", "fhir-", "account"),
        title="aud: the token was issued for another audience than the one that is expected",
        why="An API accepts only tokens with its own identifier in aud, and a client only ID tokens with its client_id.",
        causes=(
            Cause(
                "The token was requested for another API, or without audience or resource.",
                "Decode it and compare aud with the expected value, slash included.",
                "Request the token with the audience (or resource, or scope) of this API.",
            ),
            Cause(
                "The recipient is configured with another value.",
                "Compare its setting.",
                "Set the expected audience to the aud of the token.",
            ),
            Cause(
                "An ID token was sent to an API, or an access token is checked as an ID token.",
                "aud is the client_id.",
                "Send the access token to the API.",
            ),
        ),
        source=JWT,
        confidence="documented",
    ),
    KnownError(
        id="token-issuer",
        text=(
            (
                "issued by a different provider",
                "issuer rejected",
                "unexpected jwt issuer",
                "claim 'iss' value doesn't match",
                "invalidissuer",
                "iss) claim mismatch",
                'unexpected id token "iss"',
                "iss != issuer",
                "issuer did not match",
                "issuer does not match",
                "issuer doesn't match",
                "invalid issuer",
                "issuer mismatch",
                "jwt issuer invalid",
                "unexpected iss",
                'unexpected "iss"',
                "invalidissuererror",
                "iss mismatch",
                "issuer invalid",
                "wrong issuer",
                "issuer validation failed",
                "does not match the configured issuer",
                "iss claim",
                "did not match the issuer",
                "iss missing from the response",
                "missing iss",
                "iss parameter",
                "trailing slash",
                'unexpected jwt "iss"',
                "issuer didn't match",
                "unexpected issuer",
            ),
            ("issuer", "iss"),
        ),
        without=("idx1", "idx2"),
        captures=(
            r"expected \\?[\"'](?P<expected>https?://[^\"'\\]+)\\?[\"'],? got \\?[\"'](?P<issuer>https?://[^\"'\\]+)",
            r"expected:? (?P<expected>https?://[^\s,\"']+)",
        ),
        title=(
            "iss: the issuer isn't exactly the configured one, most often because of a trailing slash, http, or another host "
            "name"
        ),
        why=(
            "The issuer of the discovery document, of the token and of the configuration are compared as strings; a single "
            "slash makes them differ."
        ),
        causes=(
            Cause(
                "The configured issuer has a trailing slash too much or too little.",
                "Open ISSUER/.well-known/openid-configuration and compare its issuer with the setting, character by character.",
                "Copy issuer exactly as it is in the discovery document into the configuration.",
            ),
            Cause(
                "Host or scheme differ: localhost, a container name, http behind a proxy.",
                "Compare iss of the decoded token.",
                "Set the server's public URL (issuer), and use it everywhere.",
            ),
            Cause(
                "The app or the server adds or strips the slash itself.",
                "Both spellings fail.",
                "Update it, or change the other side to the same string.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation",
        confidence="documented",
    ),
    KnownError(
        id="token-nonce",
        text=(
            (
                "nonce) claim mismatch",
                "nonce",
            ),
            (
                "claim mismatch",
                "invalidnonce",
                "mismatch",
                "does not match",
                "doesn't match",
                "did not match",
                "not match",
                "unexpected",
                "invalid nonce",
                "nonce invalid",
                "nonce is invalid",
                "missing nonce",
                "nonce missing",
                "nonce claim",
                "not the same nonce",
                "invalid_nonce",
                "not valid",
                "validation failed",
            ),
        ),
        without=("idx2", "idx1", "dpop", "script-src", "content security", "wp_nonce", "insufficient entropy"),
        title="nonce: the value in the ID token isn't the one that the app has stored, or one of them is missing",
        why=(
            "The client has to keep the nonce of the authorization request until the callback, and the server has to return "
            "it unchanged in the ID token."
        ),
        causes=(
            Cause(
                (
                    "The stored nonce was lost or overwritten: a second login, another tab, a cleared session, or a second "
                    "use of the callback."
                ),
                "Log the nonce before the redirect and at the callback.",
                "Store the nonce per login in the session, and pass it to the check (openid-client: expectedNonce).",
            ),
            Cause(
                "The app sent no nonce, but the token has one, or the check gets none.",
                "Decode the ID token.",
                "Pass the nonce that you sent to the token check.",
            ),
            Cause(
                "The server doesn't return the nonce in the ID token.",
                "The decoded token has none.",
                "Update the server, or configure it to include nonce.",
            ),
        ),
        source=ID_TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="token-state-mismatch",
        text=(
            (
                "flow response state doesn't match",
                "unable to obtain csrf cookie",
                "csrf token mismatch",
                "unable to determine state",
                "csrf_detected",
                "retrieve oauth redirect params from storage",
                "csrf warning",
                "could not find a matching state",
                "state cookie",
                "state mismatch",
                "invalid state",
                "state does not match",
                "state parameter",
                "mismatching_state",
                "state not equal",
                "state is invalid",
                "no matching state found",
                "state not found",
                "unable to verify authorization request state",
                "unexpected state",
                "checks.state argument is missing",
                "invalid_state",
                "state is missing",
                "does not match state from request",
                "state returned in authorization response",
                "missing state",
            ),
            ("state",),
        ),
        without=(
            "statement",
            "no 'state' parameter",
            "address-state",
            "unprotect the message",
            "invalid_state_parameter",
            "react state",
            "urn:cerner",
        ),
        title=(
            "`state`: the value in the callback isn't the one stored before the redirect, most often because the session "
            "cookie is lost"
        ),
        why=(
            "The app keeps state in a session or browser storage and compares it at the callback. Without the same session "
            "there is nothing to compare with."
        ),
        causes=(
            Cause(
                (
                    "The session cookie isn't sent at the callback: another host (localhost and 127.0.0.1), http, or "
                    "SameSite=Strict."
                ),
                "The browser tools show the callback without the cookie.",
                "Use the same host for login and callback, and a SameSite=Lax session cookie (None with Secure in iframes).",
            ),
            Cause(
                "The app has several processes, or a new secret key after each restart.",
                "It fails now and then, or after a restart.",
                "Use a fixed secret key and a shared session store.",
            ),
            Cause(
                "The callback was opened twice, or a second login replaced the state.",
                "A reload shows the error.",
                "Start the login again, in one tab.",
            ),
            Cause("The server or a proxy drops state.", "The redirect has no state.", "Return state unchanged."),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-10.12",
        confidence="inferred",
    ),
    KnownError(
        id="token-id-token-used",
        text=(
            ("id token", "id_token", "idtoken"),
            (
                "instead of access token",
                "instead of the access token",
                "not an access token",
                "used as access token",
                "as an access token",
                "as bearer",
            ),
        ),
        title="The ID token was used where an access token belongs",
        why="The ID token tells the app who logged in; its aud is the app. An API expects an access token with its own aud.",
        causes=(
            Cause(
                "The app sends id_token.",
                "aud of the sent token is the client_id.",
                "Send access_token as Authorization: Bearer.",
            ),
        ),
        source=ID_TOKEN,
        confidence="documented",
    ),
)
