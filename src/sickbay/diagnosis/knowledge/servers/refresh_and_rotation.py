"""Refresh tokens that worked once, and grants that aren't switched on for refreshing."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

RFC9700 = "https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2"

ERRORS = (
    KnownError(
        id="refresh-worked-once",
        is_evident=True,
        codes=("invalid_grant",),
        text=(
            ("grant_type=refresh_token", "refresh token", "refresh_token"),
            (
                "worked the first time",
                "works the first time",
                "works only once",
                "works once",
                "worked once",
                "first refresh works",
                "first time it works",
                "second refresh",
                "second time",
                "one time only",
            ),
        ),
        title="`refresh_token`: it works once, and then a new one must be used (rotation)",
        why="Servers that rotate refresh tokens return a new one with each refresh, and the old one ends. A second use can end"
        " the whole login.",
        causes=(
            Cause(
                "The app keeps the first refresh token.",
                "The answer of the refresh has a refresh_token that differs.",
                "Store the refresh_token of each answer, and use the newest one.",
            ),
            Cause(
                "Two requests refresh at the same time.",
                "Two token requests are close together.",
                "Let one request refresh while the others wait, or allow a grace period at the server.",
            ),
        ),
        source=RFC9700,
        confidence="documented",
    ),
    KnownError(
        id="auth0-refresh-grant",
        is_evident=True,
        text=(("cannot refresh access token", "grant not found"),),
        title="Auth0: the application may not use refresh tokens, or the user's grant is gone",
        why="The refresh token belongs to a grant of user, application and API. Without it, or without the grant type Refresh"
        " Token, it can't be used.",
        causes=(
            Cause(
                "The grant type Refresh Token is off for the application.",
                "Look at Advanced Settings > Grant Types.",
                "Switch on Refresh Token there, and Allow Offline Access at the API.",
            ),
            Cause(
                "The user's grant was removed, or the token is of another tenant or application.",
                "A new login works.",
                "Let the user log in again with offline_access.",
            ),
        ),
        where="Auth0 Dashboard: Applications > your app > Settings > Advanced Settings > Grant Types",
        source="https://github.com/auth0/node-auth0/issues/496",
        confidence="observed",
    ),
    KnownError(
        id="identityserver-invalid-refresh-token",
        is_evident=True,
        servers=("identityserver",),
        without=("inferno",),
        text=(
            (
                "invalid refresh token:",
                "refresh token not found in store",
                "invalid refresh token\n",
                "refresh token not found",
            ),
        ),
        title="IdentityServer doesn't find the refresh token in its store: used already, expired, or from another store",
        why="By default a refresh token works once (TokenUsage.OneTimeOnly), and it is kept in memory unless a persisted grant"
        " store is configured.",
        causes=(
            Cause(
                "The token was used already; the app kept the old one.",
                "The first refresh works.",
                "Store the new refresh_token of each answer, or set RefreshTokenUsage to ReUse.",
            ),
            Cause(
                "The server was restarted, or has several instances with stores in memory.",
                "Older tokens of all users fail.",
                "Configure a persisted grant store (AddOperationalStore) that all instances share.",
            ),
            Cause(
                "AllowOfflineAccess is off, or the token is another client's.",
                "Compare client_id of both requests.",
                "Set AllowOfflineAccess, and refresh with the same client.",
            ),
        ),
        source="https://docs.duendesoftware.com/identityserver/tokens/refresh/",
        confidence="documented",
    ),
)
