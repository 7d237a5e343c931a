"""Messages of libraries that check tokens: signature, key, algorithm, issuer, audience, nonce and times."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

JWT = "https://www.rfc-editor.org/rfc/rfc7519#section-4.1"
ID_TOKEN = "https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation"

ERRORS = (
    KnownError(
        id="token-key-not-found",
        text=(
            (
                "unable to find a signing key",
                "no matching key",
                "unable to find a key",
                "no applicable key found",
                "no key found",
                "key not found",
                "kid not found",
                "signing key not found",
                "unable to find matching",
                "no matching jwk",
                "could not find key",
                "unknown kid",
                "no jwk found",
                "kid",
                "no suitable key",
                "unable to find appropriate key",
            ),
            ("kid", "key", "jwks", "jwk"),
            (
                "unable to find",
                "no matching",
                "not found",
                "no applicable",
                "could not find",
                "unknown kid",
                "no key",
                "did not match",
                "does not match",
                "unable to match",
                "no suitable",
            ),
        ),
        without=("idx1", "api key", "apikey", "another algorithm expected", "foreign key", "primary key"),
        title="The token's kid isn't among the issuer's keys (JWKS) that the checker has loaded",
        why=(
            "The checker takes the key by kid from jwks_uri. It fails if the token has another issuer, or if the keys were "
            "rotated and the old ones are cached."
        ),
        causes=(
            Cause(
                "The token was issued by another server, tenant or environment.",
                "Compare iss of the decoded token with the configured issuer, and look for its kid at jwks_uri.",
                "Configure the issuer that issued the token, or send a token of the configured issuer.",
            ),
            Cause(
                "The keys were rotated, and the checker has the old ones.",
                "It works after a restart of the checker.",
                "Reload the JWKS if a kid is unknown.",
            ),
            Cause(
                "The header has no kid, or the registered public key has another.",
                "Decode the header.",
                "Set kid to the key ID in the registered JWKS.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc7515#section-4.1.4",
        confidence="inferred",
    ),
    KnownError(
        id="token-signature-invalid",
        text=(
            (
                "invalid signature",
                "signature verification failed",
                "failed to verify id token signature",
                "failed to verify signature",
                "signature verification raised",
                "signature is invalid",
                "jwt signature does not match",
                "invalidsignatureerror",
                "signature validation failed",
                "bad_signature",
                "signature mismatch",
                "wrong signature",
                "invalid token signature",
                "invalid token (public key signature)",
            ),
        ),
        without=("idx1", "another algorithm expected", "awssignature", "saml"),
        title="The token's signature can't be verified: wrong key, changed token, or another algorithm than expected",
        why=(
            "The signature fits only the signing key's counterpart. A server with temporary keys creates new ones at each "
            "restart."
        ),
        causes=(
            Cause(
                "The checker uses another key: another issuer, an old JWKS, or a secret for HS256 although the token is RS256.",
                "Compare alg and kid of the header with the JWKS at jwks_uri of the token's iss.",
                "Load the keys from jwks_uri of the issuer that issued the token.",
            ),
            Cause(
                "Several server nodes, or restarts, have their own keys.",
                "It fails now and then.",
                "Use one persistent signing key.",
            ),
            Cause(
                "The token was cut or changed when copying.", "Count its three parts.", "Send the token exactly as received."
            ),
            Cause(
                "The token isn't meant to be checked by you, as those of the Okta org server or Microsoft Graph.",
                "aud is another API.",
                "Request a token for your API.",
            ),
        ),
        source="https://github.com/oauth2-proxy/oauth2-proxy/issues/1338",
        confidence="inferred",
    ),
    KnownError(
        id="token-algorithm",
        text=(
            (
                "unsupported algorithm",
                "invalid algorithm",
                "unexpected signing method",
                "algorithm not allowed",
                "unexpected jwt alg",
                "unexpected alg",
                "invalidalgorithmerror",
                "unsupported alg",
                "alg value is not allowed",
                "algorithm mismatch",
                "specified alg value is not allowed",
                "signing method",
            ),
            ("alg", "rs256", "hs256", "es256", "signing method"),
        ),
        captures=(r"got \\?\"(?P<value>\w+)\\?\"",),
        title="The token is signed with another algorithm than the checker accepts",
        why=(
            "Libraries accept only configured algorithms, most often RS256. HS256 uses the client secret instead of a public "
            "key."
        ),
        causes=(
            Cause(
                "The provider signs with HS256 or ES256, and the library expects RS256.",
                "Look at alg in the token's header.",
                (
                    "Set the provider's ID token algorithm for this client to RS256, or allow the token's algorithm in the "
                    "library."
                ),
            ),
            Cause(
                "Discovery is skipped, so that the library doesn't know the provider's algorithms.",
                "id_token_signing_alg_values_supported lists another.",
                "Use discovery, or configure the algorithm.",
            ),
        ),
        source="https://github.com/auth0-samples/auth0-golang-web-app/issues/24",
        confidence="observed",
    ),
    KnownError(
        id="token-audience",
        text=(
            (
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
                "The checker is configured with another value.",
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
            ("nonce",),
            (
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
        id="token-issued-in-future",
        text=(
            (
                "issued in the future",
                "used before issued",
                "iat is in the future",
                "not yet valid",
                "token used too early",
                "not active yet",
                "nbf",
                "the token is not yet valid",
                "immaturesignatureerror",
                "notbeforeerror",
                "jwt not active",
                "is in the future",
                "issued at is in the future",
                "in the future",
            ),
            ("token", "jwt", "iat", "nbf", "id_token"),
        ),
        without=(
            "idx1",
            "date of birth",
            "birthdate",
            "too far in the future",
            'not-before-policy":0',
            "not-before-policy",
            '"nbf":',
            'nbf": ',
        ),
        title="The token isn't valid yet: iat or nbf lies in the future, so the clocks differ",
        why="The issuer's clock is ahead of the checker's. Some seconds are enough if the library allows no tolerance.",
        causes=(
            Cause(
                "The clock of the checking machine is slow, often in a virtual machine or container.",
                "Compare iat with the machine's UTC time.",
                "Synchronise both clocks with NTP.",
            ),
            Cause(
                "The library allows no clock skew.",
                "The difference is only seconds.",
                "Set a clock tolerance (leeway) of 5 to 60 seconds.",
            ),
        ),
        source=JWT,
        confidence="documented",
    ),
    KnownError(
        id="token-expired",
        text=(
            (
                "jwt expired",
                "token is expired",
                "token has expired",
                "token expired",
                "tokenexpirederror",
                "expiredsignatureerror",
                "signature has expired",
                "expiredjwtexception",
                "expired token",
                "accesstokenexpired",
                "access token expired",
                "exp claim timestamp check failed",
                "lifetime validation failed",
                "id token expired",
                "access token has expired",
            ),
        ),
        without=(
            "idx1",
            "refresh token expired",
            "too far in the future",
            "token expiration is",
            "resettoken",
            "refresh token has expired",
        ),
        title="The token has expired",
        why="exp is in the past. Access tokens live for minutes to an hour.",
        causes=(
            Cause(
                "The app keeps using an old token.",
                "Compare exp with the current UTC time.",
                "Get a new access token with the refresh token before exp, or log in again.",
            ),
            Cause(
                "The clocks differ.",
                "A fresh token is refused, too.",
                "Synchronise the clocks with NTP, or allow some seconds of tolerance.",
            ),
        ),
        source=JWT,
        confidence="documented",
    ),
    KnownError(
        id="token-malformed",
        text=(
            (
                "jwt malformed",
                "invalid jwt",
                "not enough segments",
                "malformed jwt",
                "invalid compact jws",
                "invalid token format",
                "token is malformed",
                "malformedjwtexception",
                "jwtmalformed",
                "jwt strings must contain exactly 2 period",
                "token contains an invalid number of segments",
                "invalid number of segments",
                "wrong number of segments",
                "jwt must have 3 parts",
                "the inspected token doesn't appear to be a jwt",
                "invalid token specified",
                "unable to decode token",
                "decodeerror",
                "square/go-jose: compact jws format must have three parts",
                "compact jws format must have three parts",
                "malformed token",
            ),
        ),
        without=("idx1", "decode the jwt"),
        title="The token isn't a JWT: it is opaque, cut, empty, or has extra characters",
        why=(
            "A JWT has three base64url parts with two dots. Access tokens needn't be JWTs; many servers issue opaque ones, "
            "which only they can read."
        ),
        causes=(
            Cause(
                "The access token is opaque.",
                "It has no dots.",
                "Don't decode it: use introspection or user info, or request a JWT by naming the API (audience).",
            ),
            Cause(
                "Something else was sent: undefined, an object, quotes, or Bearer inside the token.",
                "Log the value.",
                "Pass only the raw token.",
            ),
            Cause(
                "The wrong token is used.",
                "The response has access_token, id_token and refresh_token.",
                "Use id_token for the login and access_token for the API.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc7519#section-3",
        confidence="inferred",
    ),
    KnownError(
        id="token-state-mismatch",
        text=(
            (
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
        id="token-clock",
        text=(
            ("clock skew", "clock drift", "clocks are not synchronized", "check your clock", "system clock"),
            ("token", "jwt", "assertion", "iat"),
        ),
        title="The clocks of the two machines differ",
        why="Tokens and assertions have times that are compared with the checker's clock.",
        causes=(
            Cause(
                "A clock is wrong by more than the tolerance.",
                "Compare both machines' UTC time.",
                "Synchronise the clocks with NTP, or allow some seconds of skew.",
            ),
        ),
        source=JWT,
        confidence="documented",
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
