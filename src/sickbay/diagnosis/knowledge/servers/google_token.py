"""Errors of Google's token endpoint: codes, refresh tokens, secrets, and checklists for bare error codes."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.servers.google_codes import CLIENTS, CONSENT_SCREEN, WEB_SERVER, google
from sickbay.diagnosis.knowledge.servers.phrases import NO_REFRESH_TOKEN

EXPIRATION = "https://developers.google.com/identity/protocols/oauth2#expiration"
TROUBLED = ("...", "…", "invalid_grant", "malformed", "bad request", "error", "fail", "doesn't work", "not work")
SEVEN_DAYS = (
    "7 days",
    "seven days",
    "a week",
    "one week",
    "after week",
    "every week",
    "few days",
    "1 week",
    "7 day",
    "weekly",
    "some days",
)

ERRORS = (
    google(
        "malformed-code",
        (("malformed auth code", "malformed_auth_code", "malformed authorization code"),),
        "code: Google couldn't read the authorization code, most often because it is still percent-encoded (4%2F…)",
        "Google's codes begin with 4/, which arrives as 4%2F in the redirect. Encoded a second time, it isn't the same code.",
        Cause(
            "The code was copied from the address bar or read without decoding, and then encoded again.",
            "The code begins with 4%2F, or with 4%252F in the request.",
            "Decode the code once (4%2F… becomes 4/…) and let the HTTP library encode it in the form body.",
        ),
        Cause(
            "The code is cut off, or has spaces or quotes around it.",
            "Compare its length with the value in the redirect.",
            "Send the whole code unchanged.",
        ),
        confidence="observed",
    ),
    google(
        "encoded-code",
        (("code=4%2f", "code=4%252f", 'code":"4%2f', "code: 4%2f", "code: '4%2f"), TROUBLED),
        "code: Google's authorization code is percent-encoded in this address (4%2F stands for 4/)",
        "The token endpoint needs the decoded code. Encoded twice, it is refused as malformed.",
        Cause(
            "The code is taken from the address without decoding it, and encoded again in the token request.",
            "The token request contains 4%252F, or the code variable begins with 4%2F.",
            "Decode the code once, so that it begins with 4/, and let the HTTP library encode the form body.",
        ),
        confidence="observed",
    ),
    google(
        "refresh-seven-days",
        (
            (
                "refresh token",
                "refresh_token",
                "refreshtoken",
                "invalid_grant",
                "token has been expired or revoked",
                "token expires",
                "token expired",
            ),
            SEVEN_DAYS,
            ("expir", "invalid", "revoked", "stops working", "stopped working", "not valid", "no longer", "not working"),
        ),
        "The refresh token expires after 7 days, because the app's publishing status is Testing",
        "Google limits refresh tokens to 7 days while the consent screen of an external app is in Testing.",
        Cause(
            "The publishing status is Testing.",
            "Look at the consent screen: the button Publish app is shown.",
            "Publish the app (In production), or make it Internal in a Workspace organisation, and sign in again.",
        ),
        Cause(
            "The user revoked access or changed the password, or the token is older than the newest 100 of this client "
            "and user.",
            "It doesn't happen after exactly 7 days.",
            "Keep one refresh token per user and sign in again.",
        ),
        where=f"{CONSENT_SCREEN} → Publishing status",
        source=EXPIRATION,
    ),
    google(
        "refresh-revoked",
        (
            (
                "token has been expired or revoked",
                "token has expired or been revoked",
                "refresh token has expired or been revoked",
            ),
        ),
        "The refresh token has expired or was revoked",
        "Google says invalid_grant for every refresh token that is no longer valid, and not why.",
        Cause(
            "The app's publishing status is Testing: refresh tokens last 7 days.",
            "The token is 7 days old, and the consent screen says Testing.",
            "Publish the app (In production) and sign in again.",
        ),
        Cause(
            "The user removed the app or changed the password (with Gmail scopes), or it was unused for 6 months.",
            "Look at myaccount.google.com/permissions.",
            "Delete the stored token and send the user through the consent page with access_type=offline&prompt=consent.",
        ),
        Cause(
            "More than 100 refresh tokens exist for this account and client: the oldest was dropped.",
            "The app asks for a new one at each sign-in.",
            "Store and reuse one refresh token per user.",
        ),
        where=f"{CONSENT_SCREEN} → Publishing status",
        source=EXPIRATION,
    ),
    google(
        "no-refresh-token",
        (NO_REFRESH_TOKEN, ("google", "gmail", "youtube", "access_type", "googleapis", "accesstype", "passport-google")),
        "No refresh token: Google returns it only with access_type=offline, and only when the user sees the consent page",
        "On a later sign-in Google skips the consent page and sends only an access token.",
        Cause(
            "access_type=offline is missing in the authorize request.",
            "Look at the authorize URL.",
            "Add access_type=offline to the authorize request.",
        ),
        Cause(
            "The user had consented before.",
            "The consent page didn't appear. After removing the app at myaccount.google.com/permissions it comes.",
            "Add prompt=consent, and store the refresh token of the first response.",
        ),
        Cause(
            "offline_access was requested as a scope.",
            "Google doesn't have this scope.",
            "Remove the scope and use access_type=offline.",
        ),
        source=f"{WEB_SERVER}#offline",
    ),
    google(
        "secret-missing",
        (("client_secret is missing",),),
        "client_secret is missing: this Google client needs its secret in the token request, even with PKCE",
        "Clients of the types Web application and Desktop app have to send the secret.",
        Cause(
            "The token request has no client_secret, or it is empty.",
            "Look at the raw body.",
            "Send client_secret in the body, from a server for web clients.",
        ),
        Cause(
            "A single-page app redeems the code itself.",
            "The request comes from a browser.",
            "Redeem the code on a server, or use initTokenClient of Google Identity Services. Mobile apps use the "
            "client type iOS or Android.",
        ),
        where=CLIENTS,
    ),
    google(
        "pkce",
        (
            (
                "missing code verifier",
                "invalid code verifier",
                "code_verifier or verifier is not needed",
                "code verifier is not",
            ),
        ),
        "code_verifier doesn't match the code_challenge of the authorize request",
        "Google compares base64url(sha256(code_verifier)) with the challenge, and wants a verifier exactly if there was one.",
        Cause(
            "The verifier is missing, belongs to another attempt, or wasn't kept until the callback.",
            "Log it at both steps.",
            "Send the verifier of the same attempt in the token request.",
        ),
        Cause(
            "The verifier is sent although the authorize request had no code_challenge.",
            "The message says not needed.",
            "Send code_challenge in the authorize request, or no verifier.",
        ),
        named=True,
    ),
    google(
        "code-redeemed",
        (("code was already redeemed",),),
        "The authorization code was used already",
        "Google redeems a code once.",
        Cause(
            "The callback runs twice, or the library has already redeemed the code.",
            "Only the second request fails.",
            "Redeem the code once and redirect to an address without it.",
        ),
        named=True,
    ),
    google(
        "json-body",
        (
            (
                "invalid grant_type:",
                "invalid grant_type",
                "could not determine client id from request",
                "could not determine client id",
            ),
        ),
        "The parameters of the token request didn't arrive: Google reads them from a form-encoded body",
        "A JSON body or a wrong Content-Type leaves grant_type and client_id empty.",
        Cause(
            "The body is JSON, or the Content-Type isn't application/x-www-form-urlencoded.",
            "Look at the Content-Type and the raw body.",
            "Send key=value&… with Content-Type: application/x-www-form-urlencoded to https://oauth2.googleapis.com/token.",
        ),
        Cause(
            "grant_type is misspelt, or encoded twice.",
            "The message repeats the value.",
            "Send grant_type=authorization_code or refresh_token exactly so.",
        ),
        named=True,
    ),
    *(
        KnownError(
            id=f"google-{code.replace('_', '-')}",
            servers=("google",),
            codes=(code,),
            title=title,
            why=why,
            causes=causes,
            where=where,
            source=WEB_SERVER,
            confidence="inferred",
        )
        for code, title, why, where, causes in (
            (
                "invalid_client",
                "invalid_client: Google doesn't know the client_id, or client_secret isn't its secret",
                "Google compares both with the OAuth client in the project.",
                CLIENTS,
                (
                    Cause(
                        "client_secret is wrong or of another client.",
                        "error_description is Unauthorized or The provided client secret is invalid.",
                        "Copy ID and secret of the same client from the console.",
                    ),
                    Cause(
                        "client_id is mistyped, empty or deleted.",
                        "error_description is The OAuth client was not found.",
                        "Send the full ID ending with .apps.googleusercontent.com.",
                    ),
                ),
            ),
            (
                "invalid_grant",
                "invalid_grant: Google doesn't accept the authorization code, refresh token or assertion",
                "Usually it has expired, was revoked or used already. Google rarely says which.",
                f"{CONSENT_SCREEN} → Publishing status",
                (
                    Cause(
                        "The refresh token has expired or was revoked: 7 days in the status Testing, password change, "
                        "removal by the user.",
                        "grant_type is refresh_token.",
                        "Publish the app, and sign the user in again with access_type=offline&prompt=consent.",
                    ),
                    Cause(
                        "The code was used already, has expired, or is still percent-encoded (4%2F).",
                        "grant_type is authorization_code.",
                        "Decode the code once and redeem it once, with the same redirect_uri.",
                    ),
                    Cause(
                        "Service account: the clock is wrong, or the key or email isn't valid.",
                        "The message mentions JWT.",
                        "Synchronise the clock and use a current key of the service account.",
                    ),
                ),
            ),
            (
                "invalid_request",
                "invalid_request: a parameter of the request to Google is missing or not allowed",
                "The description or the page's error details name it.",
                CLIENTS,
                (
                    Cause(
                        "The body isn't form-encoded, or a parameter is empty.",
                        "Look at the raw request.",
                        "Send Content-Type: application/x-www-form-urlencoded with all parameters.",
                    ),
                    Cause(
                        "The redirect URI breaks Google's rules.",
                        "It is a private IP, isn't https, or a custom scheme.",
                        "Register and send an https redirect URI, or http://localhost.",
                    ),
                ),
            ),
            (
                "access_denied",
                "access_denied: the user cancelled, or Google doesn't let this account use the app",
                "Most often the app is in Testing, and the account isn't a test user.",
                CONSENT_SCREEN,
                (
                    Cause(
                        "The account isn't among the test users.",
                        "Publishing status says Testing, the page says Error 403: access_denied.",
                        "Add the account to the test users, or publish the app.",
                    ),
                    Cause(
                        "The user declined consent.",
                        "The redirect has error=access_denied.",
                        "Let the user try again and accept.",
                    ),
                ),
            ),
            (
                "unauthorized_client",
                "unauthorized_client: this client may not use this flow or these scopes",
                "Usually a refresh token or a delegation is used by another client than the one it belongs to.",
                "Google Admin console → Security → API controls → Domain-wide delegation",
                (
                    Cause(
                        "Service account: domain-wide delegation isn't authorized for exactly these scopes.",
                        "The request impersonates a user (sub).",
                        "Authorize the service account's client ID with the same scopes in the Admin console.",
                    ),
                    Cause(
                        "The refresh token was issued for another client_id.",
                        "Compare the client of both requests.",
                        "Use client_id and secret of the client that got the refresh token.",
                    ),
                ),
            ),
            (
                "unsupported_grant_type",
                "unsupported_grant_type: Google didn't read a grant_type that it knows",
                "Usually the body isn't form-encoded, so that grant_type doesn't arrive.",
                "",
                (
                    Cause(
                        "The body is JSON.",
                        "Look at the Content-Type.",
                        "Send a form-encoded body (application/x-www-form-urlencoded).",
                    ),
                    Cause(
                        "Google has no client_credentials grant.",
                        "grant_type is client_credentials.",
                        "Use a service account with grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer.",
                    ),
                ),
            ),
        )
    ),
)
