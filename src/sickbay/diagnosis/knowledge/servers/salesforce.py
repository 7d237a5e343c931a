"""Errors of Salesforce's OAuth endpoints."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

FLOW_ERRORS = "https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flow_errors.htm"
APP = "Salesforce Setup → App Manager → your connected app"
POLICIES = "Salesforce Setup → Connected Apps OAuth Usage, or Manage Connected Apps → your app → OAuth Policies"


def salesforce(
    name: str, phrases: tuple[str, ...], title: str, why: str, *causes: Cause, where: str = "", marked: bool = False
) -> KnownError:
    """marked: the phrases are used by others too, so Salesforce has to be recognised or named."""
    names = (*MARKS["salesforce"], "connected app", "force.com", "consumer key")
    return KnownError(
        id=f"salesforce-{name}",
        servers=("salesforce",),
        text=(phrases, names) if marked else (phrases,),
        title=title,
        why=why,
        causes=causes,
        where=where,
        source=FLOW_ERRORS,
        confidence="documented",
    )


ERRORS = (
    salesforce(
        "own-words",
        (
            "expired access/refresh token",
            "client identifier invalid",
            "user hasn't approved this consumer",
            "no client credentials user enabled",
        ),
        "Salesforce refused the token, the consumer key or the user",
        "These words are Salesforce's. The description says which of the three it is.",
        Cause(
            "expired access/refresh token: the refresh token has expired, was revoked, or a newer sign-in replaced it.",
            "Look at the Refresh Token Policy and the OAuth usage of the app.",
            "Sign the user in again, with refresh_token in scope, and set the policy to valid until revoked.",
        ),
        Cause(
            "client identifier invalid: the consumer key isn't known in this org, or the app is only minutes old.",
            "Compare client_id with the consumer key, and the login host with the org.",
            "Send the consumer key of this org, and wait 10 minutes after creating the app.",
        ),
        Cause(
            "user hasn't approved this consumer: the user has no approval for the app in the JWT flow.",
            "Permitted users in the OAuth policies.",
            "Pre-authorize the user by profile or permission set.",
        ),
        where=POLICIES,
    ),
    salesforce(
        "authentication-failure",
        (
            "invalid_grant: authentication failure",
            '"error_description":"authentication failure"',
            '"error_description": "authentication failure"',
            "invalid_grant - authentication failure",
            "'authentication failure'",
            "error_description=authentication failure",
            "password, security token; or user locked out",
            "invalid_login",
        ),
        "invalid_grant: Salesforce refused the user's credentials (authentication failure)",
        "Salesforce gives this answer for the password flow and for blocked users alike.",
        Cause(
            "User name or password is wrong, or the security token isn't appended to the password.",
            "The login history of the user shows Invalid Password.",
            "Send password=PASSWORDSECURITYTOKEN, and reset the token if in doubt.",
        ),
        Cause(
            "A sandbox user signs in at login.salesforce.com, or vice versa.",
            "The user name ends with the name of a sandbox.",
            "Use https://test.salesforce.com or the My Domain URL of the org.",
        ),
        Cause(
            "The username-password flow is blocked in the org, or IP restrictions apply.",
            "Setup → OAuth and OpenID Connect Settings.",
            "Allow it, relax IP restrictions of the app, or use the web server or JWT flow.",
        ),
        where=POLICIES,
    ),
    salesforce(
        "token-expired",
        (
            "expired access/refresh token",
            "token validity expired",
            "inactive user",
            "session expired or invalid",
            "invalid_session_id",
            "bad_oauth_token",
        ),
        "The access or refresh token has expired or was revoked, or the user is inactive",
        "Salesforce keeps 5 approvals per user and app, and the refresh token policy of the app sets its life.",
        Cause(
            "The refresh token was revoked, replaced by a sixth sign-in, or expired by policy.",
            "Look at Refresh Token Policy and at OAuth usage.",
            "Sign the user in again, with refresh_token in scope, and set the policy to valid until revoked.",
        ),
        Cause(
            "The session (access token) timed out.",
            "The API answers INVALID_SESSION_ID.",
            "Refresh the access token on 401 and retry with the instance_url of the response.",
        ),
        Cause(
            "The user was deactivated.",
            "The message is inactive user.",
            "Have an administrator activate the user.",
        ),
        where=POLICIES,
        marked=True,
    ),
    salesforce(
        "client-unknown",
        (
            "client identifier invalid",
            "invalid_client_id",
            "invalid client credentials",
            "app not found",
            "external client app is not installed",
        ),
        "client_id or client_secret: Salesforce doesn't know this consumer key, or the secret is wrong",
        "The consumer key has to exist in the org or be spread to all, which takes up to 10 minutes.",
        Cause(
            "The connected app was made minutes ago, or the key is mistyped.",
            "Compare it with Manage Consumer Details.",
            "Wait 10 minutes and copy consumer key and secret again.",
        ),
        Cause(
            "The key belongs to another org: sandbox or production.",
            "The login host isn't that of the org with the app.",
            "Use the login host of the org with the app, or install the app in this org.",
        ),
        where=f"{APP} → Manage Consumer Details",
        marked=True,
    ),
    salesforce(
        "redirect-uri",
        ("redirect_uri must match configuration", "redirect_uri_mismatch"),
        "redirect_uri isn't one of the callback URLs of the connected app",
        "Salesforce compares it with the Callback URLs exactly. Changes need up to 10 minutes.",
        Cause(
            "The URI differs in scheme, host, path or slash, or isn't in the list yet.",
            "Compare both character by character.",
            "Register exactly the redirect URI that the app sends as Callback URL.",
        ),
        where=f"{APP} → Callback URL",
        marked=True,
    ),
    salesforce(
        "code",
        ("expired authorization code", "invalid authorization code"),
        "code: the authorization code has expired (15 minutes), was used already, or isn't decoded",
        "Salesforce's codes end with ==, which arrives as %3D%3D in the redirect.",
        Cause(
            "The code was used already or is too old.",
            "A fresh code works.",
            "Redeem each code once and at once.",
        ),
        Cause(
            "The code is still percent-encoded.",
            "It ends with %3D%3D.",
            "Decode the code once before putting it into the form body.",
        ),
        marked=True,
    ),
    salesforce(
        "blocked",
        (
            "oauth_app_blocked",
            "oauth_app_access_denied",
            "this app is blocked by admin",
            "is not admin approved to access this app",
            "user is not admin approved",
            "oauth_approval_error",
            "cross_org_oauth_flows_not_supported",
        ),
        "access_denied: the administrator of the Salesforce org doesn't allow this app or this user",
        "Policies of the connected app decide which users may use it.",
        Cause(
            "Permitted users is Admin approved users are pre-authorized, and the user has no such profile or permission set.",
            "Look at the OAuth policies of the app.",
            "Have the administrator assign the permission set, or allow all users to self-authorize.",
        ),
        Cause(
            "The app is blocked or not installed.",
            "OAuth Usage shows Blocked or Install.",
            "Have the administrator unblock or install the app.",
        ),
        where=POLICIES,
    ),
    salesforce(
        "not-approved",
        (
            "user hasn't approved this consumer",
            "user hasn't approved",
            "invalid assertion",
            "audience is invalid",
            "audience validation failed",
            "no client credentials user enabled",
            "invalid_app_access",
            "user doesn't exist",
        ),
        "The JWT bearer or client credentials flow isn't set up in Salesforce for this app or user",
        "Salesforce compares iss with the consumer key, sub with a user, aud with the login host, and the signature "
        "with the certificate.",
        Cause(
            "The user hasn't approved the app.",
            "The message is user hasn't approved this consumer.",
            "Pre-authorize the user: Admin approved users, with the profile or permission set, and api and "
            "refresh_token in scope.",
        ),
        Cause(
            "aud isn't https://login.salesforce.com (sandbox: https://test.salesforce.com).",
            "Decode the assertion.",
            "Set aud to the login host, without a path.",
        ),
        Cause(
            "Client credentials: no Run As user.",
            "The message says that no client credentials user is enabled.",
            "Enable the flow and choose a Run As user in the OAuth policies.",
        ),
        where=POLICIES,
        marked=True,
    ),
    salesforce(
        "pkce",
        ("missing required code challenge", "invalid code verifier"),
        "code_challenge: the connected app requires PKCE",
        "Require Proof Key for Code Exchange is on.",
        Cause(
            "The authorize request has no code_challenge, or the verifier doesn't match.",
            "Look at both requests.",
            "Send code_challenge with code_challenge_method=S256, and its code_verifier in the token request.",
        ),
        where=APP,
        marked=True,
    ),
    salesforce(
        "grant-type",
        ("grant type not supported", "unsupported_grant_type"),
        "grant_type: Salesforce didn't read a grant type that it supports",
        "The body has to be form-encoded, and some flows have to be enabled.",
        Cause(
            "The body is JSON, or the parameters are missing.",
            "Look at the Content-Type.",
            "Send a form-encoded body (application/x-www-form-urlencoded).",
        ),
        Cause(
            "The flow is off for the org or app.",
            "grant_type is password or client_credentials.",
            "Enable the flow in the app, or use the My Domain URL.",
        ),
        marked=True,
    ),
)
