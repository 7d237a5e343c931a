"""Keycloak: codes and client authentication at the token endpoint."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

DOCS = "https://www.keycloak.org/docs/latest/server_admin/"
GRANT = "https://github.com/keycloak/keycloak/tree/main/services/src/main/java/org/keycloak/protocol/oidc/grants"
CLIENT = "Admin console > realm > Clients > the client"

ERRORS = (
    KnownError(
        id="keycloak-code-not-valid",
        text=(("code not valid", "error=invalid_code", 'error="invalid_code"', "already used for usersession"),),
        title="`code`: the authorization code has expired, was used already, or was issued to another client",
        why=(
            "A code can be redeemed once and, by default, within 60 seconds (Client login timeout). If a code comes twice, "
            "Keycloak also ends the session."
        ),
        causes=(
            Cause(
                "The app redeems the code twice: a reload, React StrictMode, a second handler, or a retry.",
                (
                    "The network tab shows two token requests with the same code; Keycloak's log says already used for "
                    "userSession."
                ),
                "Redeem each code once, remove code and state from the address bar afterwards, and start a new login.",
            ),
            Cause(
                "The code is too old, for example because it was copied by hand or the app stood in the debugger.",
                "More than a minute lies between redirect and token request.",
                "Start a new login and redeem the code immediately.",
            ),
            Cause(
                "Another client or realm redeems it.",
                "client_id in both requests differs.",
                "Send the client_id of the authorization request.",
            ),
            Cause(
                "Keycloak runs on several nodes that don't share sessions.",
                "It fails now and then, and never with one node.",
                "Configure the cluster's cache, or sticky sessions in the load balancer.",
            ),
        ),
        source="https://github.com/keycloak/keycloak/issues/13357",
        confidence="observed",
    ),
    KnownError(
        id="keycloak-incorrect-redirect-uri",
        text=(("incorrect redirect_uri",),),
        title="`redirect_uri` of the token request differs from the one of the authorization request",
        why=(
            "Keycloak stores the redirect URI with the code and compares it exactly. That * is registered doesn't help: both "
            "requests have to send the same value."
        ),
        causes=(
            Cause(
                "The two values differ by a slash, a query, the host (127.0.0.1 and localhost) or http and https.",
                "Write both down and compare them character by character.",
                "Send exactly the same redirect_uri in both requests.",
            ),
            Cause(
                "The token request has no redirect_uri or an encoded one.",
                "Look at the body: %253A is encoded twice.",
                "Send it once percent-encoded in the form.",
            ),
        ),
        source="https://github.com/marcospereirampj/python-keycloak/issues/207",
        confidence="documented",
    ),
    KnownError(
        id="keycloak-pkce-failed",
        text=(
            (
                "pkce verification failed",
                "pkce code verifier not specified",
                "code verifier not specified",
                "code_verifier_missing",
                "pkce_verification_failed",
                "pkce invalid code verifier",
                "invalid_code_verifier",
            ),
        ),
        without=("43 characters",),
        title="`code_verifier` doesn't belong to the code_challenge of the authorization request, or it is missing",
        why="The server computes base64url(SHA-256(code_verifier)) without padding and compares it with code_challenge.",
        causes=(
            Cause(
                "The verifier isn't the one of this login: it was created again, or another tab has overwritten it.",
                "Log the verifier before the redirect and in the token request.",
                "Store the verifier per state before the redirect, and send the same value.",
            ),
            Cause(
                "The challenge was computed from the hexadecimal digest, or with ordinary base64.",
                "It contains +, / or =, or it isn't 43 characters long.",
                "Send base64url without padding of the SHA-256 bytes, with code_challenge_method=S256.",
            ),
            Cause("The token request has no code_verifier.", "Look at the body.", "Send code_verifier."),
        ),
        source=GRANT,
        confidence="documented",
    ),
    KnownError(
        id="keycloak-client-credentials",
        text=(
            (
                "invalid client or",
                "invalid client credentials",
                "invalid_client_credentials",
                "client secret not provided in request",
                "unknown_client",
            ),
            ("client credentials", "client_credentials", "not provided in request", "not identified by any"),
        ),
        without=("error when validating client assertion",),
        title=(
            "The token endpoint could not authenticate the client: client_id unknown in this realm, or client secret wrong or "
            "missing"
        ),
        why=(
            "With Client authentication on, the client is confidential and Keycloak requires its secret (or a signed JWT). "
            "Browser apps with such a client always fail."
        ),
        causes=(
            Cause(
                "The client is confidential, but the app sends no secret, as keycloak-js and other browser apps do.",
                "The switch Client authentication is on; the request has only client_id.",
                "Turn off Client authentication for a browser or mobile app, or send the client secret from a server.",
            ),
            Cause(
                "The secret is wrong: regenerated, or of another realm.",
                "Compare it with the tab Credentials.",
                "Copy the secret from the tab Credentials again.",
            ),
            Cause(
                "The client_id doesn't exist in the realm of this address.",
                "The log says error=client_not_found.",
                "Use the realm in which the client is registered.",
            ),
            Cause(
                "id or secret has special characters in the Basic header.",
                "It works with both in the form.",
                "Percent-encode both before base64, or send them in the body.",
            ),
        ),
        where=f"{CLIENT} > Settings > Client authentication, and the tab Credentials",
        source="https://github.com/keycloak/keycloak/issues/16923",
        confidence="observed",
    ),
    KnownError(
        id="keycloak-client-secret-wrong",
        text=(("invalid client secret",),),
        title="The client secret isn't the one of this client",
        why="Keycloak found the client and compared the secret.",
        causes=(
            Cause(
                (
                    "The secret was regenerated, belongs to another environment, or something else was sent, such as the "
                    "realm's public key."
                ),
                "Compare it with the tab Credentials.",
                "Copy the secret from the tab Credentials again, without spaces or line breaks.",
            ),
            Cause(
                "The client is public and has no secret.",
                "Client authentication is off.",
                "Send only client_id, or turn on Client authentication.",
            ),
        ),
        where=f"{CLIENT} > Credentials",
        source="https://github.com/Procempa/meteor-keycloak-auth/issues/3",
        confidence="observed",
    ),
    KnownError(
        id="keycloak-client-assertion-missing",
        text=(
            (
                "client_assertion_type is missing",
                "parameter client_assertion_type",
                "client_assertion parameter missing",
                "parameter client_assertion",
            ),
        ),
        title="`client_assertion` is missing: the client is registered for Signed JWT, but the request has a client secret",
        why="Client Authenticator in Keycloak decides how this client proves itself; a secret doesn't count then.",
        causes=(
            Cause(
                "Client Authenticator is Signed JWT by mistake.",
                "Look at the tab Credentials.",
                "Set Client Authenticator to Client Id and Secret, and send that secret.",
            ),
            Cause(
                "The client shall use private_key_jwt.",
                "A key or JWKS URL is registered for it.",
                (
                    "Send client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer and a signed "
                    "client_assertion."
                ),
            ),
        ),
        where=f"{CLIENT} > Credentials > Client Authenticator",
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="keycloak-client-assertion-refused",
        text=(
            (
                "validating client assertion",
                "signature on jwt token failed",
                "invalid_client_credentials",
                "token audience doesn't match",
                "unable to load public key",
                "client signature verification failed",
            ),
            ("assertion", "jwt", "signature", "public key", "audience"),
        ),
        title="`client_assertion` was refused: signature, key, aud, exp or iat isn't what Keycloak expects",
        why=(
            "Keycloak looks for the client's key by kid, checks the signature, and accepts only its issuer, or in older "
            "versions the token endpoint, as aud. An exp more than 60 seconds ahead needs iat."
        ),
        causes=(
            Cause(
                "exp is far ahead and iat is missing.",
                "The log says Token expiration is too far in the future.",
                "Add iat with the current time, and set exp at most 60 seconds later.",
            ),
            Cause(
                "aud isn't the realm's issuer.",
                "Compare it with issuer in openid-configuration.",
                "Set aud to the issuer, for example https://HOST/realms/NAME, as a string.",
            ),
            Cause(
                "The key isn't registered, or kid names another one.",
                "The log says Unable to load public key.",
                "Import the public key or set JWKS URL on the tab Keys.",
            ),
            Cause(
                "jti was used already.",
                "Only the second request fails.",
                "Create a new assertion with a new jti for each request.",
            ),
        ),
        where=f"{CLIENT} > Keys",
        source="https://github.com/HeliosSoftware/hfs/issues/1437",
        confidence="observed",
    ),
    KnownError(
        id="keycloak-service-account-disabled",
        text=(("retrieve service account", "service account disabled"),),
        title="client_credentials isn't enabled for this client: Service accounts roles is off",
        why="The grant client_credentials gives a token for the client's service account; a public client can't have one.",
        causes=(
            Cause(
                "Service accounts roles is off.",
                "Look at Capability config.",
                "Turn on Client authentication, then enable Service accounts roles.",
            ),
            Cause(
                "The client is public.",
                "The message says Public client not allowed to retrieve service account.",
                "Turn on Client authentication and send the client secret.",
            ),
        ),
        where=f"{CLIENT} > Settings > Capability config",
        source="https://github.com/louislam/uptime-kuma/issues/4202",
        confidence="observed",
    ),
    KnownError(
        id="keycloak-direct-access-disabled",
        text=(
            ("not allowed for direct access grants", "direct access grants"),
            ("not allowed", "invalid_grant", "unauthorized_client", "disabled"),
        ),
        title="The grant type password isn't allowed for this client: Direct access grants is off",
        why="Keycloak allows the password grant only for clients with this switch.",
        causes=(
            Cause(
                "Direct access grants is off.",
                "Look at Capability config.",
                "Enable Direct access grants for this client, or better use the authorization code flow.",
            ),
        ),
        where=f"{CLIENT} > Settings > Capability config",
        source=DOCS,
        confidence="documented",
    ),
)
