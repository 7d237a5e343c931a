"""Errors of Microsoft Entra ID about the user's sign-in: passwords, MFA, policies, silent sign-in."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause
from sickbay.diagnosis.knowledge.servers.entra_codes import numbered

ERRORS = (
    numbered(
        "50126 50034 50056 50055 50053 50057 50144 50064",
        "user-credentials",
        "The user couldn't sign in: user name or password is wrong, expired, or the account is locked or disabled",
        "Entra ID checks the account in the tenant of the address. Guests and federated accounts have no password there.",
        Cause(
            "User name or password is wrong, or the user is unknown in this tenant.",
            "Sign in at myapps.microsoft.com with the same account.",
            "Enter the full user name (name@domain) of an account of this tenant, and a valid password.",
        ),
        Cause(
            "The app sends the password itself (grant_type=password), but the account is federated, a guest or needs MFA.",
            "grant_type is password.",
            "Use the authorization code flow, in which the user signs in on Microsoft's page.",
        ),
        Cause(
            "The account is locked after many attempts, or disabled, or its password has expired.",
            "AADSTS50053, 50057 or 50055.",
            "Have an administrator unlock it or reset the password.",
        ),
        says=("error validating credentials due to invalid username or password",),
    ),
    numbered(
        "50076 50079 50074 50072 50158 53003 53000 53001 53002 53004 530032 530003 530004 50097 50131 500121 50129 "
        "50155 50187 700020 53011",
        "policy-needs-more",
        "Multi-factor authentication or a Conditional Access policy requires more than this sign-in can do",
        "Policies of the tenant ask for MFA, a managed device or a certain place. A silent or password request can't do that.",
        Cause(
            "MFA is required, and the request is silent, a refresh, on-behalf-of or grant_type=password.",
            "The error is interaction_required or invalid_grant with suberror basic_action.",
            "Send the user through the authorize endpoint again, with the claims value of the error if there is one.",
        ),
        Cause(
            "A policy blocks this app, device, place or the device code flow.",
            "AADSTS53003 or AADSTS5300x: the sign-in log names the policy under Conditional Access.",
            "Have an administrator change the policy or exclude the app, or use a compliant device.",
        ),
        says=(
            "you must use multi-factor authentication",
            "access has been blocked by conditional access policies",
            "does not meet the criteria to access this resource",
        ),
        where="Entra admin center → Sign-in logs → the entry with the Correlation ID → Conditional Access",
    ),
    numbered(
        "50058 16000 160021",
        "silent-sign-in",
        "login_required: a silent sign-in (prompt=none) found no session, or more than one account",
        "With prompt=none Entra ID shows no page. It needs the session cookie of exactly one signed-in account.",
        Cause(
            "The user isn't signed in, or the browser blocks third-party cookies in the hidden frame.",
            "It fails in Safari, in private windows or in an EHR's frame, but works in a window of its own.",
            "Sign in interactively by redirect or popup, and use refresh tokens instead of the hidden frame.",
        ),
        Cause(
            "Several accounts are signed in.",
            "The error is interaction_required with AADSTS16000.",
            "Send login_hint with the user's name, or prompt=select_account.",
        ),
        says=("a silent sign-in request was sent but no user is signed in",),
    ),
    numbered(
        "50196 70012 50033 50087 90006 90012 90024 90033 90036 90055 90090",
        "temporary",
        "Entra ID was temporarily unable to answer, or stopped a loop of identical requests",
        "The error is on the server's side, or the client sent too many equal requests.",
        Cause(
            "A temporary failure.",
            "The next attempt some seconds later works.",
            "Retry with growing waiting times, and look at the service status if it lasts.",
        ),
    ),
    numbered(
        "50146 500117",
        "app-configuration",
        "The configuration of the app or API in Entra ID isn't complete",
        "A setting that the request needs is missing in the registration of the app or of the API.",
        Cause(
            "AADSTS50146: the app needs a signing key of its own, because it maps claims.",
            "A claims mapping policy is assigned to the app.",
            "Add appid=CLIENT-ID to the metadata address, and set acceptMappedClaims or a custom signing key.",
        ),
        Cause(
            "AADSTS500117: the redirect URI isn't https.",
            "It begins with http:// and isn't localhost.",
            "Register and send a redirect URI with https.",
        ),
    ),
)
