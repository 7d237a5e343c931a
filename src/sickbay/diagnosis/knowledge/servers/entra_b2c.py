"""Errors of Azure AD B2C (AADB2C…)."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.servers.entra_codes import b2c

APP = "Azure portal → Azure AD B2C → App registrations → your app"

ERRORS: tuple[KnownError, ...] = (
    b2c(
        "90118",
        "forgot-password",
        "The user chose Forgot your password: the app has to start the password reset policy",
        "A sign-in policy of the older kind can't reset passwords and returns access_denied with AADB2C90118 instead.",
        Cause(
            "The app doesn't handle the code AADB2C90118.",
            "error_description begins with AADB2C90118.",
            "Redirect to the authorize endpoint of the password reset policy, or use a user flow with built-in reset.",
        ),
        says=("the user has forgotten their password",),
    ),
    b2c(
        "90091 90273",
        "cancelled",
        "access_denied: the user cancelled the sign-in, sign-up or profile page",
        "B2C reports the button Cancel as an error.",
        Cause(
            "The user pressed Cancel, or declined at the identity provider.",
            "error_description says that the user has cancelled.",
            "Treat this code as a return to the start page and let the user sign in again.",
        ),
        says=("the user has cancelled entering self-asserted information",),
    ),
    b2c(
        "90006 90007",
        "redirect-uri-not-registered",
        "redirect_uri: the redirect URI isn't registered for this app in B2C",
        "B2C compares the redirect URI with the registered ones exactly.",
        Cause(
            "The URI differs in host, port, path, case or trailing slash.",
            "Compare the redirect_uri in the request with the list in the portal.",
            "Register exactly the redirect URI that the app sends.",
        ),
        Cause(
            "The client_id is that of another registration.",
            "The id in the message isn't your app's.",
            "Send the Application (client) ID of the app with this redirect URI.",
        ),
        where=f"{APP} → Authentication",
        says=("provided in the request is not registered for the client id",),
    ),
    b2c(
        "90088 90087",
        "other-policy",
        "The code or refresh token was issued by another policy (endpoint) than the one it was sent to",
        "In B2C each user flow (policy) is an authority of its own, and its grants are valid only there.",
        Cause(
            "The token request names another policy, or none.",
            "Compare p= or the policy in the path of authorize and token URL, and Expected Value and Current Value in "
            "the message.",
            "Send the token request to the same policy: "
            "https://TENANT.b2clogin.com/TENANT.onmicrosoft.com/POLICY/oauth2/v2.0/token.",
        ),
        Cause(
            "After profile editing or password reset, the library redeems with its default policy.",
            "It happens only for these policies.",
            "Configure an authority per policy in the library.",
        ),
        says=("the provided grant has not been issued for this endpoint",),
    ),
    b2c(
        "90085",
        "internal",
        "B2C had an internal error with this grant, most often because of the tenant's configuration",
        "The message is general. Known reasons are a deleted b2c-extensions-app and keys of a custom policy.",
        Cause(
            "The app b2c-extensions-app was deleted.",
            "It isn't in App registrations → All applications.",
            "Restore it from Deleted applications (within 30 days).",
        ),
        Cause(
            "A key container of the custom policy is missing or of the wrong kind.",
            "It began after a change of policy keys.",
            "Create the policy keys for signing and encryption again.",
        ),
        Cause(
            "The refresh token is old or of a deleted user.",
            "A new sign-in works.",
            "Sign the user in again.",
        ),
        confidence="observed",
    ),
    b2c(
        "90289",
        "identity-provider-client",
        "B2C couldn't authenticate to the external identity provider: its client id or secret is wrong or expired",
        "B2C is itself a client of the identity provider. Your app's own secret isn't meant.",
        Cause(
            "The client secret that B2C uses at the provider has expired or was changed.",
            "Look at the expiry date of the secret in the app at the provider.",
            "Create a new secret at the provider and enter it in the identity provider or policy key of B2C.",
        ),
        where="Azure portal → Azure AD B2C → Identity providers, or Identity Experience Framework → Policy keys",
        says=("error connecting to the identity provider",),
    ),
    b2c(
        "90225 90052 90053 90054 90111 90114",
        "password",
        "The user name or password of the request is wrong",
        "The password grant (ROPC) checks local accounts of the B2C tenant only.",
        Cause(
            "User name or password is wrong, or the account is from another identity provider.",
            "The user can't sign in at the user flow in the browser either.",
            "Use a local account of this tenant, with its sign-in name.",
        ),
    ),
    b2c(
        "90079 90081 90084",
        "client-authentication",
        "client_secret: it is missing, wrong, or sent by a public client",
        "A confidential client has to send its secret, and a public client may not.",
        Cause(
            "The secret is missing: the redirect URI is registered for the platform Web.",
            "AADB2C90079.",
            "Send client_secret, or register the redirect URI as Single-page application and use PKCE.",
        ),
        Cause(
            "The secret is wrong or expired.",
            "AADB2C90081.",
            "Create a new client secret and copy its value.",
        ),
        Cause(
            "A public client sends a secret.",
            "AADB2C90084.",
            "Remove client_secret from the request.",
        ),
        where=f"{APP} → Certificates & secrets",
    ),
    b2c(
        "90080 90129 90128",
        "grant-expired",
        "The authorization code or refresh token has expired, was revoked or was used already",
        "Codes last minutes, refresh tokens as long as the user flow says.",
        Cause(
            "The grant is older than its lifetime, or the user was removed or changed the password.",
            "The message gives issue and expiry time.",
            "Sign the user in again, and redeem codes at once and only once.",
        ),
        says=("the provided grant has expired",),
    ),
    b2c(
        "90182 90183 90184 90059 99059",
        "pkce",
        "code_challenge is missing, or code_verifier doesn't match it",
        "B2C hashes the verifier and compares it with the challenge of the authorize request.",
        Cause(
            "The authorize request of a single-page app has no code_challenge, or another method than S256 or plain.",
            "Look at the authorize URL.",
            "Send code_challenge and code_challenge_method=S256.",
        ),
        Cause(
            "The verifier belongs to another attempt, or the challenge isn't base64url of the SHA-256.",
            "A challenge has 43 characters.",
            "Send the verifier of the same attempt and code_challenge = base64url(sha256(code_verifier)).",
        ),
    ),
    b2c(
        "90117 90012 90055 90146 90205 90010 90107 90110 90115",
        "scope",
        "scope: B2C doesn't accept a requested scope, or the app has no permission for it",
        "A B2C scope is openid, offline_access, the client id, or https://TENANT.onmicrosoft.com/API/SCOPE with "
        "granted permission.",
        Cause(
            "The scope isn't exposed by the API, is misspelt, or names two APIs.",
            "Compare it with Expose an API.",
            "Send the full scope URI of one API.",
        ),
        Cause(
            "The app has no permission for the scope.",
            "AADB2C90205, or the scope isn't under API permissions.",
            "Add the API permission and grant admin consent.",
        ),
        where=f"{APP} → API permissions",
    ),
    b2c(
        "90057 90058 90068 90011 90224 90013 90014",
        "app-kind",
        "The app isn't configured for this flow, for this policy or for B2C",
        "The registration has to be for accounts in any identity provider, with the flow enabled.",
        Cause(
            "The implicit flow isn't enabled.",
            "AADB2C90057.",
            "Use the authorization code flow with PKCE, or tick ID tokens and access tokens under Authentication.",
        ),
        Cause(
            "The app was registered outside B2C or with other account types.",
            "AADB2C90068.",
            "Register a new app under Azure AD B2C with the option for user flows.",
        ),
        where=f"{APP} → Authentication",
    ),
    b2c(
        "90037 90047 90002 90075 99001 90161",
        "policy",
        "A user flow or custom policy failed on the server's side",
        "The message doesn't say which step. The reason is in the policy, not in the request of the app.",
        Cause(
            "A technical profile, REST call or page of the custom policy failed.",
            "Application Insights for the policy shows the step with the Correlation ID.",
            "Connect Application Insights to the policy and correct the step that fails.",
        ),
        Cause(
            "The page template isn't reachable by CORS.",
            "AADB2C90047.",
            "Allow the origin https://TENANT.b2clogin.com at the host of the template.",
        ),
    ),
    b2c(
        "90018 90008 90092",
        "client-unknown",
        "client_id: this B2C tenant doesn't know the app, or it is disabled",
        "The app has to be registered in the B2C tenant itself, not in the directory of the organisation.",
        Cause(
            "The client_id is missing, mistyped, or of an app in another tenant.",
            "Compare it with the Application (client) ID under Azure AD B2C.",
            "Send the client_id of the app in this B2C tenant.",
        ),
        Cause(
            "The app is disabled for sign-in.",
            "AADB2C90092.",
            "Enable the app in the tenant.",
        ),
        where=APP,
    ),
    b2c(
        "90086 90083",
        "token-parameters",
        "grant_type or another parameter of the token request is missing or not supported",
        "B2C reads the parameters from a form-encoded body.",
        Cause(
            "The body is JSON, or the parameter isn't sent.",
            "The message names the parameter.",
            "Send the parameter in a body with Content-Type: application/x-www-form-urlencoded.",
        ),
        Cause(
            "grant_type is misspelt or not offered for this policy.",
            "AADB2C90086.",
            "Send grant_type=authorization_code or refresh_token exactly so.",
        ),
    ),
    b2c(
        "90077 90211 90212 90046 90165",
        "session",
        "B2C found no session, or lost the state of the sign-in that it keeps in a cookie",
        "B2C keeps the state of each sign-in in cookies of its own domain.",
        Cause(
            "prompt=none was sent, but the user isn't signed in or the browser blocks third-party cookies.",
            "AADB2C90077. It works in a window of its own.",
            "Sign in interactively, and use refresh tokens instead of hidden frames.",
        ),
        Cause(
            "The sign-in page was opened from a bookmark, in two tabs, or too late, or the cookies are too large.",
            "AADB2C90211, 90212 or 90046. A private window works.",
            "Start the sign-in again from the app's page.",
        ),
    ),
    b2c(
        "90036 90067",
        "logout",
        "post_logout_redirect_uri is missing or has the wrong form",
        "B2C redirects after signing out only to a valid https address.",
        Cause(
            "The parameter isn't sent, or isn't an https URL.",
            "Look at the logout URL.",
            "Send post_logout_redirect_uri with a registered https URL.",
        ),
    ),
    b2c(
        "90035 90048",
        "temporary",
        "B2C had a temporary failure or an unhandled exception",
        "The failure is on the server's side, or in a custom policy.",
        Cause(
            "A temporary failure.",
            "The next attempt some minutes later works.",
            "Retry after some minutes.",
        ),
        Cause(
            "A custom policy throws.",
            "It happens each time.",
            "Look at Application Insights of the policy with the Correlation ID.",
        ),
    ),
)
