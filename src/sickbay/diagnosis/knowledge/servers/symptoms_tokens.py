"""Symptoms of tokens without an error message: missing refresh tokens, ID tokens, scopes and claims."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

REFRESH = "https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess"
RFC = "https://www.rfc-editor.org/rfc/rfc6749"
LACKS = (
    "no refresh token",
    "no refresh_token",
    "not have a refresh",
    "doesn't have a refresh",
    "does not have a refresh",
    "without refresh token",
    "without a refresh",
    "refresh token is not returned",
    "refresh_token is not returned",
    "refresh token is missing",
    "refresh_token is missing",
    "not getting refresh",
    "not getting a refresh",
    "don't get a refresh",
    "doesn't return a refresh",
    "doesn't return refresh",
    "not return refresh",
    "not receive a refresh",
    "not receiving refresh",
    "not returning refresh",
    "refresh token is null",
    "refresh_token is null",
    "refresh token is undefined",
    "refresh_token is undefined",
    "refreshtoken is null",
    "never get a refresh",
    "don't see a refresh",
    "not have a refresh_token",
    "not have refresh",
    "not returning a refresh",
    "not get a refresh",
    "not get refresh",
    "don't receive a refresh",
    "fail to get refresh token",
    "come with a refresh",
    "come with refresh",
    "not include a refresh",
    "not include refresh",
    "not contain a refresh",
    "not contain refresh",
    "refresh token not returned",
    "refresh_token not returned",
    "missing refresh_token",
    "not issue a refresh",
    "not issuing refresh",
    "refresh token is empty",
    "no refreshtoken",
    "refresh token comes back null",
)

ERRORS = (
    KnownError(
        id="symptom-no-refresh-token",
        text=(LACKS,),
        title="No refresh token: most often the scope offline_access wasn't requested or granted",
        why=(
            "OpenID Connect servers issue refresh tokens only with the scope offline_access; SMART servers also know "
            "online_access. The client has to be allowed to use them, too."
        ),
        causes=(
            Cause(
                "offline_access isn't in the authorization request.",
                "Look at scope in the address; requesting it only at the token endpoint doesn't help.",
                "Request the scope offline_access in the authorization request.",
            ),
            Cause(
                "It was requested but not granted, because it isn't registered for the client or the user didn't allow it.",
                "The member scope of the token response lacks it.",
                "Register offline_access and the grant refresh_token for the client, and consent.",
            ),
            Cause(
                "The grant has none: client_credentials, or the implicit flow.",
                "Look at grant_type.",
                "Request a new access token instead.",
            ),
        ),
        source=REFRESH,
        confidence="documented",
    ),
    KnownError(
        id="symptom-refresh-token-expires",
        text=(
            ("refresh token", "refresh_token"),
            (
                "expires after",
                "expire after",
                "expiring after",
                "is expired after",
                "stops working after",
                "invalid after",
                "revoked after",
                "expires in",
                "logged out after",
                "has to log in again",
                "have to log in again",
            ),
            ("day", "hour", "minute", "week", "restart", "month"),
        ),
        without=("google", "gmail", "7 days", "seven days"),
        title="The refresh token ends earlier than expected: its lifetime, the session, rotation or a restart ends it",
        why=(
            "A refresh token has an idle time and an absolute lifetime at the server, and often lives no longer than the "
            "user's session."
        ),
        causes=(
            Cause(
                "Its idle time or lifetime is over.",
                "The time between login and failure is always the same.",
                "Raise the lifetime in the server's client or session settings, or request offline_access.",
            ),
            Cause(
                "Rotation: the app keeps an older refresh token.",
                "It fails at the second refresh.",
                "Store the newest refresh token after each refresh.",
            ),
            Cause("The server keeps its sessions or keys in memory.", "It fails after a restart.", "Use a persistent store."),
        ),
        source=f"{RFC}#section-6",
        confidence="inferred",
    ),
    KnownError(
        id="symptom-scopes-narrower",
        text=(
            (
                "granted scope",
                "scope in the token",
                "scopes in the token",
                "scope returned",
                "returned scope",
                "token only has",
                "token only contains",
                "only contains the scope",
                "only openid",
                "scope is only",
                "scopes are missing",
                "scope is missing",
                "scope missing from",
                "missing scopes",
                "not in the token",
            ),
            ("scope",),
        ),
        without=("urn:cerner", "cerner", 'insufficient_scope"'),
        title="The token has fewer scopes than were requested: the others aren't registered for the client, or weren't granted",
        why=(
            "A server may grant a part of the requested scopes without an error. The member scope of the token response shows "
            "what was granted."
        ),
        causes=(
            Cause(
                "The missing scopes aren't registered for the client.",
                "Compare the registration with the request.",
                "Register the scopes for the client, and log in again.",
            ),
            Cause(
                "The server doesn't know them in this spelling: v1 (.read) or v2 (.rs), wildcards, commas.",
                "Compare with scopes_supported.",
                "Request the scopes in the server's spelling, separated by spaces.",
            ),
            Cause(
                "The user or an administrator didn't approve them.",
                "The consent page shows them unticked.",
                "Approve them at the next login, with prompt=consent.",
            ),
        ),
        source=f"{RFC}#section-3.3",
        confidence="documented",
    ),
    KnownError(
        id="symptom-no-id-token",
        text=(
            (
                "no id_token",
                "no id token",
                "id_token is missing",
                "id token is missing",
                "id_token not present",
                "id_token is null",
                "without id_token",
                "id_token not returned",
                "id_token is not returned",
                "missing id_token",
                "id_token missing",
                "id_token undefined",
                "id_token is undefined",
                "id_token not found in token response",
                "missing (required) id token",
                "missing id token",
            ),
        ),
        title="No ID token: the scope openid wasn't requested or granted",
        why="Without openid the request is plain OAuth, which has no ID token.",
        causes=(
            Cause("openid isn't in scope.", "Look at the authorization request.", "Request the scope openid."),
            Cause(
                "openid isn't registered for the client, or the server isn't an OpenID provider.",
                "The token response's scope lacks it.",
                "Register openid for the client.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest",
        confidence="documented",
    ),
    KnownError(
        id="symptom-user-info-claims",
        text=(
            ("userinfo", "user info", "id_token", "id token", "claims"),
            (
                "email is missing",
                "missing email",
                "no email",
                "only returns sub",
                "only contains sub",
                "only sub",
                "claims are missing",
                "missing claims",
                "roles are missing",
                "groups are missing",
                "missing groups",
                "no groups",
                "no roles",
            ),
        ),
        title="Claims are missing: their scope wasn't requested, or the server has no mapping for them",
        why="profile, email and own scopes decide which claims appear; roles and groups need a mapper or claim rule.",
        causes=(
            Cause(
                "The scope isn't requested.",
                "Look at scope.",
                "Request profile and email, or the scope that carries the claim.",
            ),
            Cause(
                "The server doesn't map the claim into this token.",
                "user info has it, the ID token doesn't.",
                "Read it from user info, or add a mapper for the ID token at the server.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims",
        confidence="documented",
    ),
)
