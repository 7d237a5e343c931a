"""Logins that fail only sometimes, only with several instances or after a restart, and users without the role."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.phrases import status_phrases
from sickbay.diagnosis.knowledge.servers.phrases import LOGIN, NOT_WORKING

RFC6749 = "https://www.rfc-editor.org/rfc/rfc6749"
SHARED = Cause(
    "The instances don't share sessions, so the callback reaches one that doesn't know the login.",
    "With one instance it always works.",
    "Use a shared session store (Redis, database) or sticky sessions.",
)
SECRET = Cause(
    "The secret that signs or encrypts cookies differs between instances, or is new at each start.",
    "It fails after a restart; no secret is configured.",
    "Set one fixed session secret for all instances.",
)
FAILS = (*NOT_WORKING, "broken", "unauthorized", "redirect storm", "expired", "mismatch", "logged out")

ERRORS = (
    KnownError(
        id="general-several-instances",
        is_general=True,
        text=(
            (
                "multiple replicas",
                "several replicas",
                "two replicas",
                "more than one replica",
                "multiple pods",
                "several pods",
                "more than one pod",
                "another pod",
                "other pod",
                "different pod",
                "multiple instances",
                "several instances",
                "two instances",
                "different instance",
                "another instance",
                "more than one instance",
                "multiple nodes",
                "several nodes",
                "another node",
                "multiple servers",
                "multiple workers",
                "cluster mode",
                "in a cluster",
                "load balanc",
                "load-balanc",
                "horizontal",
                "scaled up",
                "scale up",
                "restart the deployment",
                "restarting the deployment",
                "after a restart",
                "after restart",
                "after i restart",
                "after each restart",
                "after every restart",
                "pod restart",
                "after redeploy",
                "after a redeploy",
                "after each deploy",
            ),
            LOGIN,
            FAILS,
        ),
        title="The login isn't known to the instance that gets the callback or request: sessions or secrets aren't shared",
        why=(
            "State, sessions and codes are kept in memory or in cookies that are signed with a secret. Every "
            "instance needs both."
        ),
        causes=(
            SHARED,
            SECRET,
            Cause(
                "The authorization server itself has several nodes without a shared cache, or lost its keys at a restart.",
                "Its log says that the code or key is unknown.",
                "Configure its clustering, or keep its database and signing keys over restarts.",
            ),
        ),
        source=f"{RFC6749}#section-10.12",
        confidence="inferred",
    ),
    KnownError(
        id="general-intermittent",
        is_general=True,
        text=(
            (
                "sometimes",
                "intermittent",
                "randomly",
                "random ",
                "occasionally",
                "sporadic",
                "flaky",
                "1 out of",
                "one out of",
                "every second",
                "every other",
                "from time to time",
                "not always",
                "once in a while",
                "after a refresh",
                "after refreshing",
                "refreshing the page",
                "refresh the page",
                "reload the page",
                "refresh fixes",
                "on first try",
                "on the first try",
                "the first time",
                "the first login",
                "second attempt",
                "second try",
                "try again it works",
                "retry works",
            ),
            LOGIN,
            FAILS,
        ),
        without=("strictmode", "strict mode"),
        title=(
            "The login fails only sometimes: a session isn't shared or kept, requests overtake each other, or clocks differ"
        ),
        why="The same request works at other times, so the registration is right. Something differs between the attempts.",
        causes=(
            Cause(
                "Several instances don't share the session or its secret.",
                "With one instance it always works.",
                "Use a shared session store and one fixed session secret.",
            ),
            Cause(
                "The cookie of the login is missing at the callback: SameSite, an expired session, or a second "
                "tab overwrote it.",
                "The failing callback has no cookie or another state.",
                "Set SameSite=None; Secure (or Lax), and keep the state of each login under its own name.",
            ),
            Cause(
                "Two requests use the same code or rotated refresh token at the same time.",
                "The log has two token requests within a second.",
                "Let only one request redeem or refresh at a time.",
            ),
            Cause(
                "A clock runs some seconds ahead.",
                "The message has iat, nbf or exp.",
                "Synchronise with NTP, and allow a small tolerance.",
            ),
        ),
        source=f"{RFC6749}#section-4.1.2",
        confidence="inferred",
    ),
    KnownError(
        id="general-session-lost",
        is_general=True,
        text=(
            (
                "no session found",
                "session not found",
                "session has expired",
                "session expired",
                "session is expired",
                "session timed out",
                "session timeout",
                "session does not exist",
                "session doesn't exist",
                "session was not found",
                "no active session",
                "no valid session",
                "invalid session",
                "session is invalid",
                "session is missing",
                "missing session",
                "session cookie not",
                "session cookie is not",
                "session cookie is missing",
                "no session cookie",
                "lost session",
            ),
            ("callback", "redirect", "login", "oauth", "oidc", "sso", "launch", "authorize"),
        ),
        without=("refresh_token", "refresh token"),
        title="The session of the login isn't there when the browser comes back: its cookie wasn't sent, or it has expired",
        why=(
            "App or server keeps the started login in a session that a cookie belongs to. At the callback the cookie "
            "is missing."
        ),
        causes=(
            Cause(
                "The cookie isn't sent across sites: SameSite=Strict or Lax with a POST or in a frame, or Secure on http.",
                "The callback request in the Network tab has no session cookie.",
                "Set SameSite=None; Secure, and use https and one host throughout.",
            ),
            Cause(
                "The session has expired: the login took too long, or the page was a bookmark or opened with Back.",
                "A new login from the start works.",
                "Start the login again from the app, and raise the lifetime of the login session.",
            ),
            SHARED,
        ),
        source=f"{RFC6749}#section-10.12",
        confidence="inferred",
    ),
    KnownError(
        id="general-role-missing",
        is_general=True,
        text=(
            (
                *status_phrases(403),
                "403 page",
                "403 forbidden",
                "forbidden page",
                "access forbidden",
                "access denied",
                "access is denied",
                "forbidden",
                "always gives 403",
                "not authorized",
            ),
            (
                "role",
                "authorities",
                "authority",
                "hasrole",
                "allows me to log",
                "logged in",
                "log in",
                "logs in",
                "after login",
                "correct credentials",
                "authenticated user",
                "permission",
                "group",
                "filterchain",
                "filter chain",
            ),
            (
                "keycloak",
                "token",
                "oauth",
                "oidc",
                "jwt",
                "login",
                "log in",
                "sso",
                "okta",
                "auth0",
                "spring",
                "entra",
                "azure",
            ),
        ),
        without=("operationoutcome", "aadsts"),
        title=("403 after a successful login: the token has no role, scope or permission that the app requires"),
        why=(
            "The login is fine (otherwise 401). The app compares its rule with the roles, groups or scopes of "
            "the token, where they "
            "may be missing, under another claim, or have another prefix."
        ),
        causes=(
            Cause(
                "The user has no such role, or it isn't in this token.",
                "Decode the access token: realm_access.roles, resource_access, roles, groups, scope.",
                "Assign the role to the user, and add a mapper or scope that puts it into the access token; sign in again.",
            ),
            Cause(
                "The app reads another claim or expects a prefix (ROLE_, SCOPE_, realm:, another client's roles).",
                "The app's debug log lists the authorities that it found.",
                "Map the claim to authorities (Spring: JwtAuthenticationConverter), and write the role with its prefix.",
            ),
            Cause(
                "The app's own security configuration refuses: the resource server (oauth2ResourceServer, jwt) "
                "isn't switched on, or "
                "CSRF is.",
                "Also requests with a valid token fail on every path; only POST fails.",
                "Switch on the resource server in the filter chain, and CSRF off for APIs with tokens.",
            ),
        ),
        source="https://docs.spring.io/spring-security/reference/servlet/oauth2/resource-server/jwt.html",
        confidence="inferred",
    ),
    KnownError(
        id="general-token-exchange-failed",
        is_general=True,
        text=(
            (
                "failed to get token",
                "failed to get access token",
                "failed to get the token",
                "failed to fetch token",
                "failed to fetch access token",
                "failed to obtain token",
                "failed to obtain access token",
                "failed to retrieve token",
                "failed to retrieve access token",
                "failed to acquire token",
                "failed to exchange",
                "failed to redeem",
                "unable to get token",
                "unable to get access token",
                "unable to obtain access token",
                "unable to fetch token",
                "unable to retrieve token",
                "unable to retrieve access token",
                "unable to exchange",
                "could not get token",
                "could not get access token",
                "could not obtain access token",
                "could not exchange",
                "could not fetch token",
                "cannot get access token",
                "error getting token",
                "error getting access token",
                "error exchanging",
                "error while exchanging",
                "error fetching token",
                "error obtaining token",
                "error retrieving access token",
                "token exchange failed",
                "token exchange error",
                "token exchange fails",
                "token_exchange_failed",
                "code exchange failed",
                "code exchange fails",
                "error redeeming code",
                "token request failed",
                "token request fails",
                "token request error",
                "fetch token failed",
                "gettoken failed",
            ),
        ),
        title="The token request after the login failed; the app hides the server's answer, which names the reason",
        why=(
            "The browser part worked, since the callback has a code. Then the app itself calls the token "
            "endpoint and is refused or "
            "doesn't reach it."
        ),
        causes=(
            Cause(
                "The client secret is wrong, or sent by another method than registered.",
                "The answer is invalid_client or 401; look into the app's log at debug level, or the server's log.",
                "Set the current client secret and the registered authentication method.",
            ),
            Cause(
                "redirect_uri of the token request isn't that of the authorization request, often due to http or a root URL.",
                "The answer is invalid_grant.",
                "Set the app's public root URL, so that both requests have the same redirect_uri.",
            ),
            Cause(
                "The app doesn't reach the token endpoint: host name in the container, certificate, proxy, or a "
                "wrong token_url.",
                "curl of the token endpoint on the app's machine fails.",
                "Correct token_url, DNS or the trusted certificates.",
            ),
            Cause(
                "The code was used twice, or its PKCE verifier is missing.", "Two token requests in the log.", "Redeem it once."
            ),
        ),
        source=f"{RFC6749}#section-4.1.3",
        confidence="inferred",
    ),
)
