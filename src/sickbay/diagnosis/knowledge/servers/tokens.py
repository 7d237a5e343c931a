"""Messages of libraries that check tokens: signature, key, algorithm, form and times."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

JWT = "https://www.rfc-editor.org/rfc/rfc7519#section-4.1"

ERRORS = (
    KnownError(
        id="token-key-not-found",
        text=(
            (
                "doesn't have key to match kid",
                "unable to lookup correct key",
                "kidnotfound",
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
                "find publickey",
                "find public key",
                "unable to find appropriate key",
            ),
            ("kid", "key", "jwks", "jwk"),
            (
                "doesn't have key",
                "didn't find",
                "did not find",
                "unable to lookup",
                "kidnotfound",
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
        title="The token's kid isn't among the issuer's keys (JWKS) that the recipient has loaded",
        why=(
            "The recipient takes the key by kid from jwks_uri. It fails if the token has another issuer, or if the keys were "
            "rotated and the old ones are cached."
        ),
        causes=(
            Cause(
                "The token was issued by another server, tenant or environment.",
                "Compare iss of the decoded token with the configured issuer, and look for its kid at jwks_uri.",
                "Configure the issuer that issued the token, or send a token of the configured issuer.",
            ),
            Cause(
                "The keys were rotated, and the recipient has the old ones.",
                "It works after a restart of the recipient.",
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
                "jwt verification fails",
                "token's signature resulted invalid",
                "signature verification failed",
                "invalid signature received for json web token",
                "unable to verify jwt signature",
                "jwssignatureverificationfailed",
                "signed jwt rejected: invalid signature",
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
                "The recipient uses another key: another issuer, an old JWKS, or an HS256 secret although the token is RS256.",
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
                "provided algorithm doesn't match",
                "unexpectedalgorithm",
                "incorrect key for this algorithm",
                "unexpected signing algorithm",
                "signature algorithm of",
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
        title="The token is signed with another algorithm than the recipient accepts",
        why=(
            "Libraries accept only configured algorithms, most often RS256. HS256 uses the client secret instead "
            "of a public "
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
        id="token-issued-in-future",
        text=(
            (
                "cannot handle token prior to",
                "immaturesignature",
                "jwt before use time",
                '"nbf" claim timestamp check failed',
                "token can't be used before",
                "jwt was issued in the future",
                "issued in the future",
                "used before issued",
                "iat is in the future",
                "not yet valid",
                "token used too early",
                "not active yet",
                "the token is not yet valid",
                "immaturesignatureerror",
                "notbeforeerror",
                "jwt not active",
                "issued at is in the future",
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
            'nbf":',
        ),
        title="The token isn't valid yet: iat or nbf is in the future, so the clocks differ",
        why="The issuer's clock is ahead of the recipient's. Some seconds are enough if the library allows no tolerance.",
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
                "jwt is expired",
                "expiredsignature",
                "expired jwt",
                "token has expired on",
                '"exp" claim timestamp check failed',
                "access token expired",
                "expired token received for json web token",
                "jwt expired and is no longer valid",
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
        why="exp is in the past. Access tokens are valid for minutes to an hour.",
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
                "invalid crypto padding",
                "jwt is not in the form of",
                "found 1 parts (expected 3)",
                "jwt string must have two dots",
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
        id="token-clock",
        text=(
            ("clock skew", "clock drift", "clocks are not synchronized", "check your clock", "system clock"),
            ("token", "jwt", "assertion", "iat"),
        ),
        title="The clocks of the two machines differ",
        why="Tokens and assertions have times that are compared with the recipient's clock.",
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
)
