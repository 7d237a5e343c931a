"""Signatures of tokens that a library refuses: keys, signatures and algorithms."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="library-signing-key",
        text=(
            (
                "no key matching kid",
                "no key with kid",
                "unable to find a signing key that matches",
                "could not find key with kid",
                "no matching key found",
                "no matching keys found",
                "jwksnomatchingkey",
                "err_jwks_no_matching_key",
                "no applicable key found in the json web key set",
                "idx10501",
                "idx10503",
                "idx10500",
                "idx10511",
                "unable to match key",
                "signingkeynotfounderror",
                "signing key not found",
                "error while resolving signing key",
                "or no matching key(s) found",
                "key not found for kid",
                "unable to find appropriate key",
                "no suitable key",
                "unable to find a signing key",
                "nosuitablesigningkeys",
                "no valid key found in issuer's jwks_uri",
            ),
        ),
        captures=(r"kid\W{1,4}(?P<value>[\w.:/+=-]{3,80})",),
        title="kid: the issuer's key set (JWKS) has no key with the kid of the token",
        why="The recipient looks for the key that kid in the token's header names, in the JWKS of the configured issuer.",
        causes=(
            Cause(
                "The token comes from another issuer, realm or tenant than the one whose keys were loaded.",
                "Decode the token: its iss isn't the configured issuer.",
                "Configure the issuer that iss contains.",
            ),
            Cause(
                "The server has changed its keys, and the recipient still has the old JWKS.",
                "The kid is in the JWKS when you open jwks_uri now.",
                "Load the JWKS again (restart), and let the library fetch it when the kid is unknown.",
            ),
            Cause(
                "The token is an access token that is meant for another API and can't be checked here.",
                "Its aud is another API.",
                "Check only tokens that were issued for your app or API.",
            ),
        ),
        source="https://github.com/okta/okta-oidc-js/issues/998",
        confidence="observed",
    ),
    KnownError(
        id="library-token-signature",
        text=(
            (
                "signature verification failed",
                "failed to verify signature",
                "failed to verify id token signature",
                "invalid signature",
                "invalidsignatureerror",
                "failed to validate the token signature",
                "signature could not be validated",
                "could not verify signature",
                "err_jws_signature_verification_failed",
                "bad_signature",
                "jwt signature does not match",
                "failed to validate jwt signature",
                "invalid jwt signature",
            ),
        ),
        title="The signature of the token doesn't verify with the key that was used",
        why="The key isn't the one that signed the token, or the token was changed.",
        causes=(
            Cause(
                "The check uses a client secret or a wrong key, while the token is signed with the issuer's private key.",
                "The token's header says RS256 or ES256.",
                "Verify with the issuer's JWKS (jwks_uri) and the kid, not with a secret.",
            ),
            Cause(
                "The token belongs to another API and was made so that only that API can check it.",
                "Microsoft Graph tokens have a nonce in the header.",
                "Don't check tokens of other APIs; request one for your own API.",
            ),
            Cause(
                "The key was pasted wrongly, or the token was cut or carries a line break.",
                "The token has not exactly two dots, or the PEM has no line breaks.",
                "Copy both again, and use the PEM with its line breaks.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc7515#section-5.2",
        confidence="documented",
    ),
    KnownError(
        id="library-token-algorithm",
        text=(
            (
                "unexpected jwt alg received",
                'unexpected jwt "alg"',
                "signed with unsupported algorithm",
                "another algorithm expected",
                "invalid algorithm",
                "unsupported algorithm for",
                "unsupported signature algorithm",
                "algorithm not supported for",
                "alg value is not allowed",
                "err_jose_alg_not_allowed",
                "the specified alg value is not allowed",
                "invalidalgorithmerror",
                "unsupported_algorithm",
                "signature algorithm not allowed",
            ),
        ),
        captures=(r"expected (?P<expected>\w+\d{3})", r"got:? (?P<value>\w+)"),
        title="alg: the token is signed with another algorithm than the library is configured for",
        why="A library accepts only the registered algorithm, RS256 by default, against forged tokens.",
        causes=(
            Cause(
                "The server signs with another algorithm, such as ES256, PS256 or HS256.",
                "Decode the token's header and read alg.",
                "Set the algorithm in the library: id_token_signed_response_alg (openid-client), algorithms=[…] (PyJWT, jose),"
                " jws-algorithm (Spring).",
            ),
            Cause(
                "The client is registered for another algorithm than the library expects.",
                "The server's console shows the signing algorithm of the client.",
                "Set the client's ID token algorithm to RS256 in the server's console.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation",
        confidence="documented",
    ),
    KnownError(
        id="signature-keys-of-other-address",
        text=(
            ("signature verification fail", "invalid signature", "signature is invalid", "signature validation failed"),
            ("kid",),
            ("jwks", "key set"),
            ("differ", "not the same", "isn't the same", "with kid", "another kid", "other kid", "kid is not"),
        ),
        title="kid: the key set (JWKS) that was read isn't the one of the token's issuer",
        why="Each issuer has a key set of its own, and iss names the issuer. Its discovery document has the right `jwks_uri`.",
        causes=(
            Cause(
                "The address of the key set belongs to another issuer, tenant or host name than iss.",
                "Compare iss in the token with the address of the JWKS.",
                "Take jwks_uri from ISS/.well-known/openid-configuration of exactly this iss.",
            ),
            Cause(
                "The keys have changed since they were read.",
                "The current JWKS has the kid.",
                "Read the JWKS again if a kid is unknown.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc8414#section-2",
        confidence="documented",
    ),
)
