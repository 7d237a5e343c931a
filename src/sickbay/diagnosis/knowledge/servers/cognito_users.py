"""Errors of the user pools API of AWS Cognito and of API Gateway."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.servers.cognito import APP_CLIENT, cognito

ERRORS = (
    cognito(
        "secret-hash",
        (("secret_hash", "secret hash", "secrethash"),),
        "SECRET_HASH is missing or wrong: the app client has a client secret",
        "Calls of the user pools API for a client with secret need SECRET_HASH = base64(HMAC-SHA256(secret, username + "
        "client id)).",
        Cause(
            "The app is a browser or mobile app, and Amplify doesn't support clients with a secret.",
            "The app client shows a client secret.",
            "Create an app client without a secret (public client).",
        ),
        Cause(
            "With REFRESH_TOKEN_AUTH the hash has to be made with the user's sub or real username, not the email.",
            "Sign-in works, refresh fails.",
            "Use the claim username (or sub) of the access token as USERNAME in the hash.",
        ),
        where=APP_CLIENT,
        source="https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html",
    ),
    cognito(
        "refresh-token",
        (
            (
                "refresh token has been revoked",
                "refresh token has expired",
                "invalid refresh token",
                "refresh token is revoked",
                "grant_type=refresh_token",
                "use the refresh token",
                "refresh token to",
            ),
            ("notauthorizedexception", "invalid_grant", "cognito"),
        ),
        "The refresh token is no longer valid for this app client: expired, revoked, rotated or issued for another client",
        "Cognito returns no new refresh token on refresh unless rotation is on. Device tracking binds the token to a device.",
        Cause(
            "It has expired (30 days by default) or was revoked by a global sign-out.",
            "Compare its age with Refresh token expiration of the client.",
            "Sign the user in again.",
        ),
        Cause(
            "It was issued for another app client, or remembered devices are on and DEVICE_KEY is missing.",
            "Sign-in went through another client (Amplify), or the pool tracks devices.",
            "Use the client_id that got the token, and send DEVICE_KEY or switch device tracking off.",
        ),
        Cause(
            "Refresh token rotation is on, and an old one was used already.",
            "The setting is in the app client.",
            "Store the new refresh token of each response.",
        ),
        where=APP_CLIENT,
        source=(
            "https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html"
        ),
        named=True,
    ),
    cognito(
        "user-password",
        (
            (
                "incorrect username or password",
                "user does not exist",
                "user is not confirmed",
                "password attempts exceeded",
                "usernotconfirmedexception",
                "usernotfoundexception",
            ),
        ),
        "The user couldn't sign in: user name or password is wrong, or the account isn't confirmed",
        "Cognito checks the user in this pool and can hide whether the user exists.",
        Cause(
            "User name or password is wrong, or the user is in another pool or region.",
            "Look at the users of this pool.",
            "Use the account of this pool, or reset the password.",
        ),
        Cause(
            "The account isn't confirmed or has to change its password.",
            "Confirmation status is UNCONFIRMED or FORCE_CHANGE_PASSWORD.",
            "Confirm the user or set a permanent password.",
        ),
        named=True,
    ),
    cognito(
        "auth-flow",
        (
            (
                "user_password_auth flow not enabled",
                "auth flow not enabled for this client",
                "user_srp_auth is not enabled",
                "flow not enabled for this client",
            ),
        ),
        "The authentication flow isn't enabled for this app client",
        "Each app client lists its allowed flows (ALLOW_USER_PASSWORD_AUTH, ALLOW_USER_SRP_AUTH, ALLOW_REFRESH_TOKEN_AUTH).",
        Cause(
            "The flow that the call uses isn't ticked.",
            "The message names it.",
            "Enable the flow for the app client.",
        ),
        where=f"{APP_CLIENT} → Edit → Authentication flows",
        named=True,
    ),
    KnownError(
        id="aws-api-gateway-unauthorized",
        text=(
            (
                "missing authentication token",
                "the incoming token has expired",
                "missingauthenticationtokenexception",
                "authorization header requires 'credential' parameter",
                "not a valid key=value pair",
                "invalid key=value pair (missing equal-sign)",
                "incompletesignatureexception",
            ),
        ),
        title=(
            "401 or 403 from AWS (API Gateway or a service with IAM): the request isn't authenticated in the form "
            "that AWS expects"
        ),
        why=(
            "Missing Authentication Token also appears for a wrong path. Credential errors mean that AWS wants a "
            "Signature V4, not Bearer."
        ),
        causes=(
            Cause(
                "The path, stage or method doesn't exist.",
                "Call the root of the stage, or compare with the deployed resources.",
                "Correct the URL with its stage, and deploy the API.",
            ),
            Cause(
                "The endpoint uses IAM (AWS_AUTH), and a Bearer token was sent, or vice versa.",
                "The message mentions Credential or key=value.",
                "Sign the request with AWS Signature V4, or configure a Cognito or JWT authorizer (HealthLake: SMART_ON_FHIR).",
            ),
            Cause(
                "The token has expired.",
                "Decode it: exp.",
                "Refresh the token.",
            ),
        ),
        source="https://repost.aws/knowledge-center/api-gateway-authentication-token-errors",
        confidence="documented",
    ),
)
