"""Checklists for bare OAuth error codes and HTTP statuses from Microsoft Entra ID."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.servers.entra_codes import REFERENCE


def checklist(code: str, title: str, why: str, *causes: Cause, where: str = "") -> KnownError:
    return KnownError(
        id=f"entra-{code.replace('_', '-')}",
        servers=("entra",),
        codes=(code,),
        title=title,
        why=why,
        causes=causes,
        where=where,
        source=REFERENCE,
        confidence="inferred",
    )


SECRETS = "Entra admin center → App registrations → your app → Certificates & secrets"
SIGN_INS = "Entra admin center → Sign-in logs"
READ_NUMBER = "The AADSTS number in error_description says it exactly."

ERRORS = (
    checklist(
        "invalid_client",
        "invalid_client: Entra ID couldn't authenticate the app",
        f"Usually the secret is wrong, expired or missing. {READ_NUMBER}",
        Cause(
            "The client secret is wrong, expired, or its Secret ID was copied instead of its Value.",
            "AADSTS7000215 or 7000222.",
            "Create a new client secret and copy its Value.",
        ),
        Cause(
            "No secret was sent, although the redirect URI is registered for the platform Web.",
            "AADSTS7000218.",
            "Send client_secret, or register the redirect URI as Single-page application with PKCE.",
        ),
        Cause(
            "The signed assertion doesn't verify.",
            "AADSTS700027.",
            "Upload the certificate and check aud, iss, sub and exp of the JWT.",
        ),
        where=SECRETS,
    ),
    checklist(
        "invalid_grant",
        "invalid_grant: the authorization code or refresh token is no longer valid, or the user has to do more",
        f"Entra ID uses this code for expired and used grants, missing consent and MFA. {READ_NUMBER}",
        Cause(
            "The code was redeemed already or has expired (10 minutes).",
            "AADSTS54005 or 70008.",
            "Redeem each code only once, immediately, with the same redirect URI.",
        ),
        Cause(
            "The refresh token has expired or was revoked, for example by a password change.",
            "AADSTS700082, 700084 or 50173.",
            "Sign the user in again.",
        ),
        Cause(
            "Consent or multi-factor authentication is missing.",
            "AADSTS65001 or 50076.",
            "Send the user through the authorize endpoint again.",
        ),
        where=SIGN_INS,
    ),
    checklist(
        "unsupported_grant_type",
        "unsupported_grant_type: Entra ID doesn't know this grant_type",
        "Usually the value is misspelt, or the body wasn't read as a form.",
        Cause(
            "grant_type is misspelt.",
            "Compare it with grant_types in the discovery document.",
            "Send authorization_code, refresh_token or client_credentials exactly so.",
        ),
        Cause(
            "The body is JSON or form-data.",
            "Look at the Content-Type.",
            "Send a body with Content-Type: application/x-www-form-urlencoded.",
        ),
    ),
    checklist(
        "invalid_scope",
        "invalid_scope: Entra ID doesn't accept a requested scope",
        "A scope is openid, profile, email, offline_access or an API's Application ID URI with /NAME.",
        Cause(
            "The grant is client_credentials and the scope doesn't end with /.default.",
            "AADSTS70011 or 1002012.",
            "Send scope=APPLICATION-ID-URI/.default.",
        ),
        Cause(
            "SMART scopes with a slash and a star, such as patient/*.read, aren't registered in that form.",
            "Compare them with Expose an API.",
            "Register the scopes at the API and send them with its Application ID URI.",
        ),
    ),
    checklist(
        "invalid_request",
        "invalid_request: a parameter of the request is missing, wrong or not allowed",
        f"Most often the redirect URI, its platform, or the form of the body. {READ_NUMBER}",
        Cause(
            "A parameter didn't arrive, because the body isn't form-encoded.",
            "AADSTS900144.",
            "Send a POST with Content-Type: application/x-www-form-urlencoded.",
        ),
        Cause(
            "The redirect URI isn't registered, or differs.",
            "AADSTS50011.",
            "Register exactly the URI that the app sends.",
        ),
        Cause(
            "resource was sent to a v2.0 endpoint.",
            "AADSTS901002, or the request contains resource=.",
            "Remove resource and send scope=APPLICATION-ID-URI/.default.",
        ),
    ),
    checklist(
        "unauthorized_client",
        "unauthorized_client: this app may not do that in this tenant",
        f"Usually the app isn't known in the tenant, or response_type isn't enabled. {READ_NUMBER}",
        Cause(
            "The client_id isn't in the tenant that was asked.",
            "AADSTS700016.",
            "Use the tenant and the Application (client) ID of the registration.",
        ),
        Cause(
            "The account types of the app don't fit the endpoint.",
            "AADSTS50194 or 9002331.",
            "Use the tenant id, /organizations or /consumers as the registration says.",
        ),
    ),
    checklist(
        "access_denied",
        "access_denied: the user or a rule of the tenant refused",
        f"Usually consent was declined or has to come from an administrator. {READ_NUMBER}",
        Cause(
            "The user declined consent.",
            "AADSTS65004, error_subcode=cancel.",
            "Let the user try again and accept.",
        ),
        Cause(
            "The user isn't assigned to the app, or a Conditional Access policy blocks it.",
            "AADSTS50105 or 53003.",
            "Have an administrator assign the user or change the policy.",
        ),
    ),
    checklist(
        "interaction_required",
        "interaction_required: the user has to do something on Microsoft's page",
        "A silent request can't ask for consent, MFA or a choice of account.",
        Cause(
            "Multi-factor authentication or consent is required.",
            "AADSTS50076 or 65001.",
            "Start an interactive sign-in with the same scopes, and pass on claims of the error.",
        ),
    ),
    checklist(
        "login_required",
        "login_required: no user is signed in, and prompt=none forbids asking",
        "The silent request needs Microsoft's session cookie, which browsers no longer send in frames.",
        Cause(
            "There is no session, or third-party cookies are blocked.",
            "AADSTS50058. It fails in Safari and private windows.",
            "Sign in interactively and use refresh tokens.",
        ),
    ),
)
