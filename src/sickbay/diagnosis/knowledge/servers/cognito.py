"""Errors of AWS Cognito: hosted UI, token endpoint, user pools API, API Gateway authorizers."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause, Confidence, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS
from sickbay.diagnosis.knowledge.servers.phrases import BROWSER_BLOCKED, NO_REFRESH_TOKEN

TOKEN_ENDPOINT = "https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html"
AUTHORIZE = "https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html"
APP_CLIENT = "Amazon Cognito console → User pools → your pool → App clients → your client"
LOGIN_PAGES = f"{APP_CLIENT} → Login pages (Hosted UI)"
COGNITO = ("cognito", "amplify", "user pool", "userpool")


def cognito(
    name: str,
    text: tuple[tuple[str, ...], ...],
    title: str,
    why: str,
    *causes: Cause,
    codes: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    where: str = "",
    source: str = TOKEN_ENDPOINT,
    confidence: Confidence = "documented",
    named: bool = False,
) -> KnownError:
    """named: the phrases are used by others too, so Cognito has to be recognised by one of its marks."""
    return KnownError(
        id=f"cognito-{name}",
        servers=("cognito",),
        codes=codes,
        text=(*text, (*MARKS["cognito"], "amplify")) if named else text,
        without=without,
        title=title,
        why=why,
        causes=causes,
        where=where,
        source=source,
        confidence=confidence,
    )


ERRORS = (
    cognito(
        "redirect-mismatch",
        (("redirect_mismatch", "redirect mismatch"),),
        "redirect_uri isn't one of the callback URLs of this Cognito app client",
        "Cognito compares the redirect URI with the Allowed callback URLs exactly, with scheme, port and trailing slash.",
        Cause(
            "The URI isn't in the list, or differs by a slash, http, port, or a list of two URLs in one value.",
            "Compare the decoded redirect_uri in the address with the console.",
            "Register exactly the URI that the app sends as Allowed callback URL.",
        ),
        Cause(
            "The app sends another than you think: Amplify takes the first of several in its configuration, or "
            "logout_uri is meant.",
            "Look at the query of /oauth2/authorize or /logout.",
            "Configure a single redirect URI per environment. For /logout register Allowed sign-out URLs.",
        ),
        where=f"{LOGIN_PAGES} → Allowed callback URLs",
        source=AUTHORIZE,
    ),
    cognito(
        "error-page",
        (
            (
                "an error was encountered with the requested page",
                "login pages unavailable",
                "login pages are unavailable",
                "please contact an administrator",
            ),
        ),
        "Cognito's login page shows only a general error: a parameter of the request doesn't fit the app client",
        "The parameter error in the address of that page says which. Cognito doesn't redirect back when client or "
        "redirect URI are wrong.",
        Cause(
            "redirect_uri isn't an allowed callback URL.",
            "The address has error=redirect_mismatch.",
            "Register exactly the redirect URI that the app sends.",
        ),
        Cause(
            "client_id is from another pool or region, or a required parameter is missing.",
            "The address has error=invalid_request or Client does not exist.",
            "Use the client ID of the pool that has this domain.",
        ),
        Cause(
            "The client has no login pages: flow, scopes, identity provider or branding style aren't set.",
            "Look at the tab Login pages of the client.",
            "Select Authorization code grant, the scopes and an identity provider, and create a style.",
        ),
        where=LOGIN_PAGES,
        source=AUTHORIZE,
        named=True,
    ),
    cognito(
        "amplify-code-twice",
        (
            (
                "error handling auth response",
                "cognitohostedui_failure",
                "the oauth response flow failed",
                "failure occurred when returning to the cognito hosted ui",
            ),
        ),
        "code: the token request failed after the hosted UI, most often because the code was used twice",
        "Amplify redeems the code when it is configured or loaded. A second configure, reload or component redeems it again.",
        Cause(
            "Amplify.configure runs twice (two components, React strict mode, a micro frontend), or the page was "
            "reloaded with code in its address.",
            "The network tab shows two requests to /oauth2/token, and the second gets invalid_grant.",
            "Call Amplify.configure once, and load the page that handles the redirect only once.",
        ),
        Cause(
            "The redirect URI of the token request isn't the same as that of the sign-in, or the app client has a secret.",
            "Compare redirectSignIn with the address. invalid_client means a secret.",
            "Configure the same redirect URI, and use an app client without a secret.",
        ),
        source="https://github.com/aws-amplify/amplify-js/issues/7635",
        confidence="observed",
    ),
    cognito(
        "amplify-state",
        (("invalid state in oauth flow", "invalid state"),),
        "state: the response doesn't belong to a sign-in that this page has started",
        "Amplify and the hosted UI keep state in storage or a cookie and compare it with the one in the response.",
        Cause(
            "The sign-in didn't start with Amplify: the link was written by hand, bookmarked, or came from the "
            "identity provider.",
            "The stored state is null.",
            "Start with signInWithRedirect (federatedSignIn), or configure IdP-initiated sign-in.",
        ),
        Cause(
            "The storage or cookie was lost: another host, a blocked cookie, too long a wait at the identity provider.",
            "Compare the hosts of the login and the callback.",
            "Start and end on the same host, and start the sign-in again.",
        ),
        source="https://github.com/aws-amplify/amplify-js/issues/3055",
        confidence="observed",
        named=True,
    ),
    cognito(
        "client-unknown",
        (("client does not exist", "does not exist.", "clientnotfound", "invalid client id"), COGNITO),
        "client_id: this user pool has no app client with this id",
        "Each domain and region belongs to one user pool, and client ids are valid only there.",
        Cause(
            "Client id, region or domain belong to different pools, or the client was recreated.",
            "Compare the client ID with the list of app clients of this pool.",
            "Use client ID, domain and region of the same pool, and update the configuration after a deployment.",
        ),
        without=("user does not exist",),
        where=APP_CLIENT,
    ),
    cognito(
        "json-body",
        (
            ("amazoncognito.com", "cognito"),
            (
                "-d '{",
                '-d "{',
                "json.stringify",
                '"grant_type":',
                "'grant_type':",
                "application/json",
                "form-data",
                "multipart",
            ),
        ),
        "The body of the token request is JSON (or multipart), but Cognito reads only a form-encoded body",
        "Cognito's /oauth2/token takes Content-Type application/x-www-form-urlencoded with key=value&….",
        Cause(
            "The parameters are sent as a JSON object, so that grant_type isn't found.",
            "The body begins with {.",
            "Send a form-encoded body: grant_type=authorization_code&client_id=…&code=…&redirect_uri=… (curl -d or "
            "--data-urlencode, URLSearchParams).",
        ),
        codes=("invalid_request", "unsupported_grant_type", "invalid_client", "400", "405", "415"),
    ),
    cognito(
        "access-token-aud",
        (
            (
                "missing a required claim: aud",
                "required claim: aud",
                "no aud claim",
                "missing aud",
                "without aud",
                "does not contain aud",
                "doesn't contain aud",
                "audience claim",
                "aud claim",
            ),
            COGNITO,
        ),
        "aud: Cognito's access tokens have no aud claim, only client_id. The ID token has aud",
        "A verifier that checks aud refuses the access token.",
        Cause(
            "The access token is validated by a rule for ID tokens.",
            "Decode it: token_use is access, and there is no aud.",
            "Check client_id and token_use for access tokens, or send the ID token where an identity pool expects it.",
        ),
        Cause(
            "The API needs aud.",
            "A library or gateway can't be configured otherwise.",
            "Bind a resource with the parameter resource (RFC 8707), or add the claim by a pre token generation trigger.",
        ),
        source=(
            ""
            "https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html"
        ),
    ),
    cognito(
        "scopes",
        (
            (
                "access token does not have required scopes",
                "token does not have required scopes",
                "insufficient_scope",
                "does not contain openid scope",
            ),
        ),
        "scope: the access token lacks the scope that this Cognito operation needs",
        "userInfo needs openid. The user pools API needs aws.cognito.signin.user.admin. Your API needs its resource "
        "server's scopes.",
        Cause(
            "The scope wasn't requested, or isn't allowed for the app client.",
            "Decode the access token: scope.",
            "Request openid (or aws.cognito.signin.user.admin) and allow it for the app client.",
        ),
        Cause(
            "The token comes from the user pools API (InitiateAuth), which gives only aws.cognito.signin.user.admin.",
            "scope contains nothing else.",
            "Sign in through the hosted UI for other scopes.",
        ),
        where=f"{LOGIN_PAGES} → OpenID Connect scopes",
        named=True,
    ),
    cognito(
        "no-refresh-token",
        (NO_REFRESH_TOKEN, COGNITO),
        "No refresh token: Cognito returns it only in the authorization code flow",
        "Implicit flow, client_credentials and the refresh itself (without rotation) return none.",
        Cause(
            "response_type is token, or the grant is client_credentials.",
            "Look at both requests.",
            "Use response_type=code and redeem the code.",
        ),
        Cause(
            "It is the response to a refresh.",
            "grant_type is refresh_token.",
            "Go on using the stored refresh token.",
        ),
    ),
    cognito(
        "cors",
        (BROWSER_BLOCKED, ("cognito", "amazoncognito.com")),
        "CORS: Cognito's login page was called by a script, or a redirect led a script to it",
        "/oauth2/authorize and /login are pages for the browser window. Only /oauth2/token allows scripts.",
        Cause(
            "fetch or axios calls /oauth2/authorize, or an API redirects it there (ALB, API Gateway).",
            "The network tab shows a 302 to amazoncognito.com.",
            "Navigate the browser window (window.location) instead, and answer scripts with 401.",
        ),
        confidence="observed",
    ),
)
