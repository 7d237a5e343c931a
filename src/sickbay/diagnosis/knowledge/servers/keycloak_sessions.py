"""Keycloak: users, sessions, refresh tokens, user info and token exchange."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.servers.keycloak import KEYCLOAK

DOCS = "https://www.keycloak.org/docs/latest/server_admin/"
TOKEN = "https://github.com/keycloak/keycloak/blob/main/services/src/main/java/org/keycloak/protocol/oidc/TokenManager.java"
CLIENT = "Admin console > realm > Clients > the client"
SESSIONS = "Admin console > Realm settings > Sessions and Tokens; the client's Advanced tab can override them"

ERRORS = (
    KnownError(
        id="keycloak-user-not-set-up",
        text=(("account is not fully set up", "resolve_required_actions"),),
        title="The user can't log in with the password grant: a required action is open, or the password is temporary",
        why=(
            "The password grant can't show pages for required actions. Since version 24, users without email or "
            "name count as "
            "incomplete, too."
        ),
        causes=(
            Cause(
                "The password is temporary, or a required action such as Update profile or Configure OTP is set.",
                "Look at Required user actions on the user's page.",
                "Remove the required user actions and set the password with Temporary off.",
            ),
            Cause(
                "Email, first name or last name is missing.",
                "The user's page shows them empty.",
                "Fill in the user's profile, or make the attributes optional in Realm settings > User profile.",
            ),
        ),
        where="Admin console > Users > the user > Details and Credentials",
        source=DOCS,
        confidence="observed",
    ),
    KnownError(
        id="keycloak-user-credentials",
        text=(("invalid user credentials",),),
        title="The user name or the password is wrong, or the user isn't in this realm",
        why="Keycloak gives the same message for both, so that an attacker can't find out which users exist.",
        causes=(
            Cause(
                "The password is wrong, or the user belongs to another realm.",
                "Log in with the same user at /realms/NAME/account.",
                "Use the realm of the address in which the user exists, and set a new password with Temporary off.",
            ),
            Cause(
                "Special characters in the password were not percent-encoded.",
                "It works with a simple password.",
                "Send the form with --data-urlencode.",
            ),
            Cause("Brute force detection has locked the user.", "The user's page says Temporarily locked.", "Unlock the user."),
        ),
        where="Admin console > Users > the user > Credentials",
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="keycloak-account-disabled",
        text=(
            (
                "account disabled",
                "account is disabled",
                "account temporarily disabled",
                "user_disabled",
                "user_temporarily_disabled",
            ),
        ),
        title="The user's account is disabled or locked",
        why="Keycloak refuses disabled users, and locks a user for a while after too many wrong passwords.",
        causes=(
            Cause(
                "The user is disabled or locked by brute force detection.",
                "Look at the switch Enabled and at Temporarily locked.",
                "Enable or unlock the user.",
            ),
        ),
        where="Admin console > Users > the user",
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="keycloak-bearer-not-active",
        text=(
            ("failed verification of token", "failed to verify token", "token verification failed"),
            ("token is not active",),
        ),
        title="The access token isn't valid at this time: it has expired, or the clocks of Keycloak and the app differ",
        why="The adapter compares exp and nbf with its own clock. Keycloak's access tokens last 5 minutes by default.",
        causes=(
            Cause(
                "The app sends an access token after its expiry.",
                "Decode it: exp is over.",
                "Refresh the token before the request (updateToken in keycloak-js), and repeat the request after a 401.",
            ),
            Cause(
                "The clocks differ, so a new token seems not yet valid or expired.",
                "It fails for a token that was just issued.",
                "Synchronise the clocks with NTP; set token-minimum-time-to-live or a clock skew.",
            ),
            Cause(
                "Not-before was set in the realm, for example by Push or Revoke all sessions.",
                "iat is before the realm's not-before.",
                "Log in again.",
            ),
        ),
        source="https://www.keycloak.org/docs/latest/server_admin/#_timeouts",
        confidence="documented",
    ),
    KnownError(
        id="keycloak-refresh-token-ended",
        servers=KEYCLOAK,
        text=(
            (
                "session not active",
                "token is not active",
                "stale token",
                "user session not found",
                "session doesn't have required client",
                "refresh token expired",
                "invalid refresh token",
                "maximum allowed refresh token reuse",
                "refresh_token_error",
            ),
            ("session", "token"),
        ),
        without=(
            "unknown or invalid refresh token",
            "validating client assertion",
            "failed verification of token",
            "failed to verify token",
        ),
        title="The refresh token no longer works: its session has ended or expired, or it was used already",
        why=(
            "A Keycloak refresh token lives no longer than the user's session (SSO Session Idle and Max, or the "
            "client's own "
            "values), whatever its exp says. With Revoke refresh token each one can be used once."
        ),
        causes=(
            Cause(
                "The session was idle for too long, reached its maximum, or the user logged out.",
                "Decode the refresh token and compare exp; look for the session on the user's tab Sessions.",
                "Log in again; to keep access for longer raise SSO Session Idle and Max, or request the scope offline_access.",
            ),
            Cause(
                "Refresh tokens rotate, and an older one was sent.",
                "Revoke refresh token is on, or two requests refresh at the same time.",
                "Always store the newest refresh token, and refresh in one place.",
            ),
            Cause(
                "Keycloak was restarted, or its nodes don't share sessions.",
                "All users fail at the same time.",
                "Use persistent user sessions or the cluster cache.",
            ),
            Cause("The clocks differ.", "It fails immediately after the login.", "Synchronise the clocks with NTP."),
        ),
        where=SESSIONS,
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="keycloak-refresh-token-other-client",
        text=(("token client and authorized client don't match", "unmatching clients", "token client and"),),
        title="The refresh token was issued to another client",
        why="Only the client that got a refresh token may use it.",
        causes=(
            Cause(
                "client_id of the refresh request differs.",
                "azp in the decoded refresh token names the right client.",
                "Send the client_id that azp names, with its secret.",
            ),
        ),
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="keycloak-userinfo-openid-scope",
        servers=KEYCLOAK,
        text=(
            ("missing openid scope", "user_info_request_error", "userinfo", "user_info"),
            ("missing openid scope", "access_denied", "403", "insufficient_scope"),
        ),
        title="The user info endpoint needs the scope openid, and the access token doesn't have it",
        why=("Since version 19.0.2/20, Keycloak answers 403 at user info if the token wasn't requested with the scope openid."),
        causes=(
            Cause(
                "The app requests no scope openid.",
                "The member scope of the token response lacks openid.",
                "Add openid to scope in the authorization request, or in the token request for the password grant.",
            ),
            Cause(
                "The token comes from a token exchange or client_credentials.",
                "It has no session.",
                "Request it with scope=openid, or read the claims from the token.",
            ),
        ),
        source="https://github.com/keycloak/keycloak/issues/16168",
        confidence="documented",
    ),
    KnownError(
        id="keycloak-token-exchange",
        text=(
            (
                "client not allowed to exchange",
                "requested audience not available",
                "client is not within the token audience",
                "not allowed to exchange",
            ),
        ),
        title="The token exchange isn't allowed for this client, or the audience isn't available",
        why=(
            "Standard token exchange has to be enabled per client, and the subject token has to have the "
            "requesting client in "
            "its aud."
        ),
        causes=(
            Cause(
                "The exchange isn't enabled.",
                "Look for Standard token exchange in Capability config.",
                "Enable Standard token exchange for the requesting client.",
            ),
            Cause(
                "The subject token's aud lacks the requesting client.",
                "Decode it.",
                "Add an audience mapper for the requesting client.",
            ),
        ),
        where=f"{CLIENT} > Settings > Capability config",
        source="https://www.keycloak.org/securing-apps/token-exchange",
        confidence="documented",
    ),
)
