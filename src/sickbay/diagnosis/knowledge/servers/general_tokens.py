"""Refusals of tokens, secrets and proofs in the words of servers and libraries that aren't known."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.phrases import wordings

RFC6749 = "https://www.rfc-editor.org/rfc/rfc6749"
NOT_VALID = (
    "is invalid",
    "invalid",
    "is not valid",
    "isn't valid",
    "not valid",
    "is expired",
    "has expired",
    "expired",
    "is incorrect",
    "is wrong",
    "is missing",
    "missing",
    "is required",
    "mismatch",
    "does not match",
    "doesn't match",
    "did not match",
    "not found",
    "verification failed",
    "validation failed",
    "validation error",
    "could not be verified",
    "could not be validated",
    "cannot be verified",
    "rejected",
)
WRONG = ("invalid", "expired", "wrong", "missing", "incorrect", "bad", "malformed", "mismatched")

ERRORS = (
    KnownError(
        id="general-refresh-refused",
        is_general=True,
        text=(
            ("refresh",),
            wordings(
                ("refresh token", "refresh_token", "refreshtoken"),
                (
                    *NOT_VALID,
                    "is revoked",
                    "was revoked",
                    "has been revoked",
                    "revoked",
                    "is inactive",
                    "is not active",
                    "already used",
                    "was already used",
                    "has been used",
                    "reuse",
                    "reused",
                    "does not exist",
                    "doesn't exist",
                    "not recognized",
                    "is unknown",
                    "unknown",
                    "refused",
                    "doesn't work",
                    "does not work",
                    "not working",
                    "fails",
                    "failed",
                ),
                ("invalid", "expired", "unknown", "revoked", "failed to refresh", "unable to use"),
            ),
        ),
        without=("missing refresh_token", "no refresh token"),
        title="refresh_token: the refresh token has expired, was revoked or used already, so the user has to sign in again",
        why=(
            "A refresh token ends with its lifetime, the session, a new password or a revocation. Where the "
            "server rotates refresh "
            "tokens, each one works once."
        ),
        causes=(
            Cause(
                "Rotation: the app sent an older refresh token, or two requests at the same time sent the same one.",
                "It fails at the second refresh, or if several requests run in parallel.",
                "Store the newest refresh token of each response, and let only one request refresh at a time.",
            ),
            Cause(
                "Its lifetime or the session has ended, or it was revoked.",
                "The time between login and failure is always the same.",
                "Let the user sign in again; request offline_access or raise the lifetime in the server's settings.",
            ),
            Cause(
                "It belongs to another client or environment.",
                "Compare client_id and the host with those of the login.",
                "Refresh at the same server with the same client.",
            ),
        ),
        source=f"{RFC6749}#section-6",
        confidence="inferred",
    ),
    KnownError(
        id="general-client-secret",
        is_general=True,
        text=(
            ("secret", "client credentials", "client authentication"),
            wordings(
                ("client secret", "client_secret", "clientsecret", "client credentials", "client authentication", "app secret"),
                (*NOT_VALID, "failed", "not accepted", "were not accepted", "are invalid", "are incorrect", "are wrong"),
                WRONG,
            ),
        ),
        without=("client_credentials grant",),
        title="client_secret: the server couldn't authenticate the client: the secret or the way it is sent isn't accepted",
        why=(
            "The server compares the client's credentials with the registration, and accepts them only by the "
            "registered method."
        ),
        causes=(
            Cause(
                "The secret is wrong, expired, or the ID of the secret instead of its value.",
                "Create a new secret, and compare its first characters with those that the app sends.",
                "Set the current secret in the app, without quotes, spaces or line breaks.",
            ),
            Cause(
                "It is sent by another method than registered: in the body instead of Basic, or vice versa.",
                "Compare with token_endpoint_auth_methods_supported and the client's registration.",
                "Send Authorization: Basic base64(client_id:client_secret), or both in the form body, as registered.",
            ),
            Cause(
                "Special characters in the secret aren't percent-encoded.",
                "The secret has +, /, %, & or =.",
                "Percent-encode it in a form body, and use a secret without such characters.",
            ),
            Cause(
                "The client is public, or another environment's.",
                "The console shows the client type.",
                "Use the matching client.",
            ),
        ),
        source=f"{RFC6749}#section-2.3.1",
        confidence="inferred",
    ),
    KnownError(
        id="general-pkce",
        is_general=True,
        text=(
            ("verifier", "challenge", "pkce"),
            wordings(
                ("code verifier", "code_verifier", "code challenge", "code_challenge", "pkce", "codeverifier", "codechallenge"),
                (*NOT_VALID, "failed", "not supplied", "was not provided", "not provided", "must be", "is not supported"),
                (*WRONG, "failed to verify"),
            ),
        ),
        title="PKCE: `code_verifier` doesn't fit the `code_challenge` of the login, or one of them is missing",
        why="The server stores the challenge with the code, and computes it again from the verifier of the token request.",
        causes=(
            Cause(
                "The verifier of another login is sent: the storage was overwritten or lost before the callback.",
                "Log the verifier at the start and at the callback.",
                "Store the verifier with the state of this login, and send it in the token request.",
            ),
            Cause(
                "The challenge isn't BASE64URL(SHA256(verifier)) without padding.",
                "It contains +, / or =.",
                "Compute it with base64url without padding, and send code_challenge_method=S256.",
            ),
            Cause(
                "Only one of the two is sent.",
                "The authorization URL has no code_challenge, or the token request no code_verifier.",
                "Switch PKCE on in the library for both requests.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc7636#section-4.6",
        confidence="documented",
    ),
    KnownError(
        id="general-grant-refused",
        is_general=True,
        text=(
            ("grant",),
            wordings(
                ("grant type", "grant_type", "granttype", "authorization grant type"),
                (
                    "is not supported",
                    "not supported",
                    "is not allowed",
                    "not allowed",
                    "is not enabled",
                    "is invalid",
                    "is not valid",
                    "is missing",
                    "missing",
                    "is required",
                    "not defined",
                    "is undefined",
                    "not authorized",
                    "is not authorized",
                    "not found",
                    "not provided",
                    "must be",
                ),
                ("unsupported", "invalid", "missing", "unauthorized", "unknown", "required parameter"),
            ),
        ),
        title="grant_type: the server didn't read it from the request, or this client may not use the grant",
        why=(
            "The token endpoint reads grant_type only from a form body. If the body is JSON or in the URL, it counts "
            "as missing."
        ),
        causes=(
            Cause(
                "The parameters are sent as JSON, as query or as multipart, or with a wrong Content-Type.",
                "Look at Content-Type and the body of the request that is sent (curl -v).",
                "Send a POST with Content-Type: application/x-www-form-urlencoded and grant_type in the body (curl -d).",
            ),
            Cause(
                "The server of your own doesn't parse forms.",
                "Its log shows an empty body.",
                "Add the form parser, in Express express.urlencoded(), before the token route.",
            ),
            Cause(
                "The grant isn't enabled for the client.",
                "A form is answered with unauthorized_client or unsupported_grant_type, too.",
                "Enable the grant in the client's settings, or use a grant of grant_types_supported.",
            ),
        ),
        source=f"{RFC6749}#section-4.1.3",
        confidence="documented",
    ),
    KnownError(
        id="general-user-refused",
        is_general=True,
        text=(
            wordings(
                ("user", "user account", "the account", "account", "your account"),
                (
                    "is not assigned",
                    "not assigned",
                    "is not authorized",
                    "is not allowed",
                    "not allowed",
                    "is disabled",
                    "is locked",
                    "is blocked",
                    "not found",
                    "does not exist",
                    "doesn't exist",
                    "is not active",
                    "is inactive",
                    "not permitted",
                    "is not permitted",
                    "does not have access",
                    "doesn't have access",
                    "has no access",
                    "is not a member",
                    "not linked",
                    "is not linked",
                    "is not registered",
                ),
            ),
            ("login", "log in", "sign", "oauth", "oidc", "sso", "token", "authoriz", "authentic"),
        ),
        title="The user is known or authenticated, but isn't allowed to use this app, or isn't known where the app looks",
        why=(
            "After the password is accepted, the server or the app still checks assignment, groups, state and "
            "mapping of the user."
        ),
        causes=(
            Cause(
                "The user isn't assigned to the app, or is missing in a required group.",
                "Another user succeeds.",
                "Assign the user or group to the app in the server's console.",
            ),
            Cause(
                "The account isn't linked to a record in the app: the app looks it up by another claim than the token has.",
                "The app's log names the claim; decode the ID token.",
                "Map the claim (sub, email or preferred_username) that the app looks for, or create the user there.",
            ),
            Cause(
                "The account is disabled, locked or in another tenant.",
                "The user's page in the console.",
                "Enable the account, or sign in with an account of this tenant.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#AuthError",
        confidence="inferred",
    ),
)
