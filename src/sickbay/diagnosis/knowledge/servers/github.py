"""Errors of GitHub's OAuth apps and GitHub apps."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

TOKEN_ERRORS = (
    "https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors"
)
APP = "GitHub → Settings → Developer settings → OAuth Apps → your app"


def github(name: str, phrases: tuple[str, ...], title: str, why: str, *causes: Cause, where: str = "") -> KnownError:
    return KnownError(
        id=f"github-{name}",
        text=(phrases,),
        title=title,
        why=why,
        causes=causes,
        where=where,
        source=TOKEN_ERRORS,
        confidence="documented",
    )


ERRORS = (
    github(
        "redirect-uri-mismatch",
        (
            "the redirect_uri must match the registered callback url",
            "#redirect-uri-mismatch",
            "the redirect_uri is not associated with this application",
            "be careful! the redirect_uri",
        ),
        "redirect_uri doesn't match the callback URL that is registered for this GitHub app",
        "Host and port have to be equal to the registered callback URL, and the path has to begin with it.",
        Cause(
            "The app sends another host, port, scheme or path.",
            "Compare the redirect_uri in the address bar with the Authorization callback URL.",
            "Register exactly the URI that the app sends, or omit redirect_uri so that GitHub uses the registered one.",
        ),
        Cause(
            "An OAuth app has only one callback URL, so development and production differ.",
            "It works in one environment only.",
            "Register a second OAuth app for the other environment.",
        ),
        where=f"{APP} → Authorization callback URL",
    ),
    github(
        "bad-verification-code",
        ("bad_verification_code", "the code passed is incorrect or expired"),
        "code: the authorization code has expired (10 minutes), was used already, or belongs to another app",
        "GitHub redeems a code once, and only for the client_id that it was issued for.",
        Cause(
            "The code was redeemed already: the library (omniauth, passport) did it, or the callback ran twice.",
            "Only the second request fails, for example after a reload.",
            "Redeem the code once, and use the access token that the library has already obtained.",
        ),
        Cause(
            "The code was issued for another app, or is cut off.",
            "Compare the client_id of both requests.",
            "Send the same client_id and the whole code.",
        ),
    ),
    github(
        "incorrect-client-credentials",
        ("incorrect_client_credentials", "client_id and/or client_secret passed are incorrect"),
        "client_id or client_secret isn't the one that GitHub knows for this app",
        "GitHub compares both with the registered app.",
        Cause(
            "The client secret is wrong, was replaced, or is an empty environment variable.",
            "Log its length: secrets have 40 characters.",
            "Generate a new client secret and copy it with the client ID of the same app.",
        ),
        where=f"{APP} → Client secrets",
    ),
    github(
        "unverified-email",
        ("unverified_user_email",),
        "The GitHub user has no verified primary email address",
        "GitHub refuses to issue a token until the user verifies the address.",
        Cause(
            "The address isn't verified.",
            "The user sees a notice in the GitHub settings.",
            "Ask the user to verify the primary email address and to sign in again.",
        ),
    ),
    github(
        "suspended",
        ("application_suspended", "your application has been suspended"),
        "The GitHub app is suspended",
        "GitHub has suspended the app, for example after reports of abuse.",
        Cause(
            "GitHub suspended it.",
            "The app's page says so.",
            "Contact GitHub Support to have the app enabled again.",
        ),
    ),
    github(
        "not-accessible",
        ("resource not accessible by integration", "resource not accessible by personal access token"),
        "403: the token has no permission for this resource",
        "GitHub apps and fine-grained tokens need a permission for each kind of resource.",
        Cause(
            "The permission isn't granted to the app, or the new permission isn't accepted by the installation yet.",
            "The header X-Accepted-GitHub-Permissions names what is missing.",
            "Add the permission in the app's settings and accept it at the installation.",
        ),
    ),
    KnownError(
        id="github-bad-credentials",
        text=(("bad credentials",), ("github", "documentation_url")),
        title="401: GitHub doesn't accept the access token",
        why="The token is wrong, has expired or was revoked.",
        causes=(
            Cause(
                "The token is empty, has expired or was revoked.",
                "Call https://api.github.com/user with it.",
                "Authorize again and send the new token as Authorization: Bearer.",
            ),
        ),
        source="https://docs.github.com/rest/authentication/authenticating-to-the-rest-api",
        confidence="documented",
    ),
    KnownError(
        id="github-token-cors",
        text=(("github.com/login/oauth/access_token",), ("cors", "access-control-allow-origin", "cross-origin")),
        title="CORS: GitHub's token endpoint can't be called from a browser",
        why="GitHub sends no CORS headers at login/oauth/access_token, and the request needs the client secret.",
        causes=(
            Cause(
                "A page redeems the code in a script.",
                "The console names access_token and CORS.",
                "Send the code to your server and redeem it there with the client secret.",
            ),
        ),
        source=TOKEN_ERRORS,
        confidence="observed",
    ),
    KnownError(
        id="github-form-response",
        servers=("github",),
        text=(("access_token=gho_", "unexpected token a in json", "unexpected token e in json", "unexpected token 'a'"),),
        title="GitHub's token response is form-encoded, not JSON",
        why="Without an Accept header GitHub answers access_token=…&scope=…&token_type=bearer.",
        causes=(
            Cause(
                "The Accept header is missing.",
                "The response begins with access_token= or error=.",
                "Send Accept: application/json, or parse the response as a form.",
            ),
        ),
        source="https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps",
        confidence="documented",
    ),
)
