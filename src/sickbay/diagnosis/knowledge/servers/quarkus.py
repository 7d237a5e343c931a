"""Messages of Quarkus OIDC, and keys that were rotated while a session lasted."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

GUIDE = "https://quarkus.io/guides/security-oidc-bearer-token-authentication"

ERRORS = (
    KnownError(
        id="quarkus-tenant",
        text=(("tenant configuration has not been resolved", "oidc server is not available", "oidcexception"),),
        title=(
            "Quarkus has no usable OIDC configuration: auth-server-url or client-id is missing, or discovery failed "
            "at the start"
        ),
        why="Quarkus reads quarkus.oidc.* and loads AUTH-SERVER-URL/.well-known/openid-configuration when the app starts.",
        causes=(
            Cause(
                "quarkus.oidc.auth-server-url or quarkus.oidc.client-id isn't set for this profile.",
                "The log at the start, and the active profile (%dev, %prod).",
                "Set quarkus.oidc.auth-server-url to the issuer and quarkus.oidc.client-id.",
            ),
            Cause(
                "The server wasn't reachable when the app started.",
                "curl of the discovery document in the container fails.",
                "Correct the host name, or set quarkus.oidc.connection-delay.",
            ),
        ),
        source=GUIDE,
        confidence="documented",
    ),
    KnownError(
        id="quarkus-roles",
        text=(
            ("role-claim-path", "@rolesallowed", "rolesallowed", "quarkus.oidc.roles"),
            ("401", "403", "forbidden", "unauthorized"),
        ),
        title="roles: Quarkus finds no role for @RolesAllowed in the token, or rejects the token before it looks for roles",
        why=(
            "401 means that the token isn't accepted (issuer, expiry, or the claim of role-claim-path is missing in older "
            "versions). 403 means that the role is missing."
        ),
        causes=(
            Cause(
                "The token has no such claim or role.",
                "Decode it: realm_access.roles, groups or roles.",
                "Assign the role and add it to the token (Entra ID: app roles), and set "
                "quarkus.oidc.roles.role-claim-path to it.",
            ),
            Cause(
                "The issuer differs: the token was requested at another host name than auth-server-url.",
                "Compare iss with auth-server-url; log category io.quarkus.oidc at DEBUG.",
                "Use the same host name, or set quarkus.oidc.token.issuer.",
            ),
            Cause("The token has expired.", "exp is over.", "Get a new access token."),
        ),
        source=GUIDE,
        confidence="inferred",
    ),
    KnownError(
        id="keys-rotated",
        is_general=True,
        text=(
            (
                "rotates the keys",
                "rotates keys",
                "rotate keys",
                "rotate the keys",
                "keys are rotated",
                "keys were rotated",
                "key rotation",
                "rotated keys",
                "rotated key",
                "rotated its keys",
                "rotated the keys",
                "new signing key",
                "signing key changed",
                "signing keys changed",
            ),
            ("401", "invalid", "fail", "not found", "unauthorized", "error", "kid"),
        ),
        title="The signing keys were rotated: the token was signed with the old key, or the app caches the old keys",
        why="Tokens name their key by kid. After a rotation the issuer publishes other keys at jwks_uri.",
        causes=(
            Cause(
                "A session or token was signed with a key that is no longer published.",
                "kid of the token isn't in jwks_uri.",
                "Sign in again to get a new token; the issuer should publish an old key until the last token has expired.",
            ),
            Cause(
                "The recipient caches the old keys.",
                "kid is in jwks_uri, and a restart helps.",
                "Reload jwks_uri when a kid is unknown, and shorten the cache.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys",
        confidence="documented",
    ),
    KnownError(
        id="general-not-json",
        is_general=True,
        text=(
            (
                "is not valid json",
                "unexpected token < in json",
                "unexpected token '<'",
                "unexpected end of json",
                "expecting value: line 1",
                "jsondecodeerror",
                "syntaxerror: json.parse",
                "json parse error",
                "invalid character '<'",
                "failed to parse json",
                "could not parse json",
            ),
            ("oauth", "oidc", "openid", "token", "login", "authenticat", "fhir", "well-known", "userinfo"),
        ),
        title=("The app expected JSON and got something else: an HTML page, an empty answer, or a value that was never stored"),
        why="< at the start is HTML, such as an error or login page. undefined is a missing setting, or an empty storage.",
        causes=(
            Cause(
                "The address isn't the endpoint, so a web server answers with its page (index.html).",
                "The Network tab shows the response: it begins with <!doctype html>.",
                "Copy the endpoint from the discovery document, and correct path or base URL of this environment.",
            ),
            Cause(
                "The server answered with an error or a redirect to a login page.",
                "The status isn't 200.",
                "Handle the status first, and correct what the answer says.",
            ),
            Cause(
                "The deployed app lacks a file or setting: the service worker, the configuration, the stored login.",
                "It works locally; a file gives 404 after the deployment.",
                "Deploy the missing file and set the variables of this environment.",
            ),
        ),
        source="https://developer.mozilla.org/docs/Web/JavaScript/Reference/Errors/JSON_bad_parse",
        confidence="inferred",
    ),
)
