"""Medplum: the messages of its authorize and token endpoints, which its source lists."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

TOKEN = "https://github.com/medplum/medplum/blob/main/packages/server/src/oauth/token.ts"
AUTHORIZE = "https://github.com/medplum/medplum/blob/main/packages/server/src/oauth/authorize.ts"
CLIENTS = "app.medplum.com: Project, Clients, then your ClientApplication."
NAMED = MARKS["medplum"]
"""For phrases that other servers use too: the text has to name this one."""

ERRORS = (
    KnownError(
        id="medplum-app-host",
        servers=("medplum",),
        text=(("app.medplum.com/oauth2/", "app.medplum.com/fhir"),),
        title="Host: Medplum's endpoints are at api.medplum.com, not at app.medplum.com",
        why="app.medplum.com is the web app. The authorization server and the FHIR server are at api.medplum.com.",
        causes=(
            Cause(
                "The URL has the host of the web app.",
                "It starts with https://app.medplum.com.",
                "Use https://api.medplum.com/oauth2/authorize; read it from api.medplum.com/.well-known/openid-configuration.",
            ),
            Cause(
                "The URL still has placeholders.",
                "A parameter is value_here.",
                "Replace every placeholder with the values of your ClientApplication.",
            ),
        ),
        where=CLIENTS,
        source="https://github.com/medplum/medplum/issues/1210",
        confidence="documented",
    ),
    KnownError(
        id="medplum-invalid-client",
        servers=("medplum",),
        text=(NAMED, ("invalid client", "client not found", "error reading client", "incorrect client")),
        without=("invalid client assertion",),
        title="client_id: this Medplum server doesn't know the client, or it can't be used in this way",
        why="Medplum answers Invalid client if the ClientApplication doesn't exist on this server, isn't active, has no "
        "membership in the project, or has no secret.",
        causes=(
            Cause(
                "The client ID belongs to another server or project, such as app.medplum.com instead of localhost.",
                "Read ClientApplication/{id} on this server.",
                "Create a ClientApplication on this server, set baseUrl to it, and use its ID and secret.",
            ),
            Cause(
                "The client has no project membership, or isn't active.",
                "The project's Clients list doesn't show it.",
                "Create the client in the project with Project, Clients, so that it gets a membership.",
            ),
            Cause(
                "The code was requested by another client.",
                "Compare client_id in both requests.",
                "Use the same client_id in both.",
            ),
        ),
        where=CLIENTS,
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="medplum-invalid-secret",
        servers=("medplum",),
        text=(NAMED, ("invalid secret", "incorrect client secret", "missing client_secret", "invalid authorization header")),
        title="client secret: it isn't the one of this Medplum client, or it isn't sent as Basic or in the body",
        why="Medplum compares the secret of Basic or of the body with the ClientApplication.",
        causes=(
            Cause(
                "The secret is wrong or was replaced.",
                "Compare it with the ClientApplication.",
                "Copy the secret of the ClientApplication again.",
            ),
            Cause(
                "The Authorization header isn't Basic.",
                "Look at the header.",
                "Send Authorization: Basic base64(client_id:client_secret).",
            ),
        ),
        where=CLIENTS,
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="medplum-redirect-uri",
        servers=("medplum",),
        text=(NAMED, ("incorrect redirect_uri", "invalid redirect_uri", "redirect uri")),
        title="redirect_uri: it isn't the one in the Medplum ClientApplication",
        why="Medplum compares redirect_uri exactly with the ClientApplication's redirect URIs.",
        causes=(
            Cause(
                "The ClientApplication has another one, or none.",
                "Open it and compare character by character.",
                "Register the redirect URI of your app in the ClientApplication.",
            ),
        ),
        where=CLIENTS + " Redirect URI.",
        source=AUTHORIZE,
        confidence="documented",
    ),
    KnownError(
        id="medplum-missing-scope",
        servers=("medplum",),
        text=(NAMED, ("missing scope", "scope parameter", "scope variable", "doesn't set the scope", "does not set the scope")),
        title="scope: the authorization URL has none, and Medplum answers invalid_request",
        why="Medplum's authorize endpoint requires scope, at least openid.",
        causes=(
            Cause(
                "The authorization URL has no scope.",
                "Look for scope= in the URL.",
                "Send scope=openid, or update @medplum/core to a version whose signInWithRedirect sets it.",
            ),
        ),
        source="https://github.com/medplum/medplum/issues/1388",
        confidence="documented",
    ),
    KnownError(
        id="medplum-code",
        servers=("medplum",),
        text=(NAMED, ("token already granted", "invalid code", "missing code", "token revoked")),
        without=("code verifier",),
        title="code: it was redeemed already, or Medplum doesn't know it",
        why="A code can be redeemed once. A second attempt also revokes the login.",
        causes=(
            Cause(
                "The code was sent twice, for example by React's StrictMode or a reload.",
                "The log shows two token requests with the same code.",
                "Redeem each code once; sign in again for a new code.",
            ),
            Cause(
                "The login was revoked or has ended.",
                "The message says revoked.",
                "Sign in again.",
            ),
        ),
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="medplum-code-verifier",
        servers=("medplum",),
        text=(NAMED, ("invalid code verifier", "missing code verifier", "missing verification context")),
        title="code_verifier: it is missing or doesn't belong to the code_challenge",
        why="Medplum requires PKCE unless PKCE Optional is set in the ClientApplication.",
        causes=(
            Cause(
                "The verifier isn't stored across the redirect.",
                "The token request has none, or another one than at the start.",
                "Store the code_verifier in sessionStorage and send it in the token request.",
            ),
            Cause(
                "The authorization URL had no code_challenge.",
                "The message is Missing verification context.",
                "Send code_challenge and code_challenge_method=S256, or set PKCE Optional.",
            ),
        ),
        where=CLIENTS + " PKCE Optional.",
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="medplum-assertion",
        servers=("medplum",),
        text=(("invalid client assertion", "unsupported client assertion type", "client must have a jwk set url"),),
        title="client_assertion: Medplum doesn't accept the signed JWT",
        why="aud has to be exactly the token URL, iss and sub the client ID, and the ClientApplication needs a JWK Set URL.",
        causes=(
            Cause(
                "aud isn't the token URL of this server.",
                "The message says audience.",
                "Set aud to token_endpoint of the server's smart-configuration.",
            ),
            Cause(
                "The signature doesn't match the key at the JWK Set URL.",
                "The message says signature.",
                "Publish the public key with the JWT's kid at the JWK Set URL and register the URL.",
            ),
        ),
        where=CLIENTS + " JWK Set URL.",
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="medplum-refresh-token",
        servers=("medplum",),
        text=(NAMED, ("invalid refresh token", "invalid token")),
        title="Refresh token: it isn't valid, was replaced by a newer one, or none was granted",
        why="Each refresh replaces the refresh token. It is issued only if offline was requested, or with a refresh lifetime.",
        causes=(
            Cause(
                "An older refresh token was sent.",
                "The last token response has another one.",
                "Store and send the newest refresh token.",
            ),
            Cause(
                "The login wasn't made with offline access.",
                "The token response has no refresh_token.",
                "Request scope=openid offline.",
            ),
        ),
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="medplum-client-information",
        servers=("medplum",),
        text=(("failed to retrieve client information",),),
        title="client_id: the login page could not load information about the client",
        why="medplum-cli isn't a ClientApplication of the server. Some versions of the page failed for it.",
        causes=(
            Cause(
                "This version of the server or of the app has the fault.",
                "It fails only for npx medplum login.",
                "Update Medplum's server, app and CLI to the newest version.",
            ),
            Cause(
                "The client_id is unknown.",
                "It fails for your own client too.",
                "Use the ID of a ClientApplication of this server.",
            ),
        ),
        source="https://github.com/medplum/medplum/issues/5634",
        confidence="documented",
    ),
    KnownError(
        id="medplum-content-type",
        servers=("medplum",),
        text=(NAMED, ("unsupported content type", "missing grant_type", "unsupported grant_type")),
        title="Content-Type: Medplum's token endpoint can't read the body",
        why="It accepts only application/x-www-form-urlencoded. With JSON it finds no grant_type.",
        causes=(
            Cause(
                "The body is JSON or multipart.",
                "Look at the Content-Type.",
                "Send grant_type and the rest as application/x-www-form-urlencoded.",
            ),
        ),
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="medplum-invalid-request",
        servers=("medplum",),
        codes=("invalid_request", "invalid_client", "invalid_grant", "unsupported_response_type"),
        title="Medplum refused the request; its error_description says which part",
        why="Medplum uses invalid_request for most faults, also for an unknown client or a wrong secret.",
        causes=(
            Cause(
                "The client ID or secret isn't one of this server.",
                "The description says Invalid client or Invalid secret.",
                "Use the ID and secret of a ClientApplication of this server.",
            ),
            Cause(
                "scope or response_type=code is missing in the authorization URL.",
                "There is no description, as in older versions.",
                "Send response_type=code and scope=openid.",
            ),
            Cause(
                "aud isn't the FHIR base URL.",
                "The description says Invalid audience.",
                "Send aud=https://api.medplum.com/fhir/R4.",
            ),
        ),
        where=CLIENTS,
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="medplum-forbidden",
        servers=("medplum",),
        codes=("401", "403", "forbidden", "login"),
        title="Medplum refuses the request for this token: it has expired, or the access policy doesn't allow it",
        why="A 401 means no valid token, a 403 that the AccessPolicy of the membership doesn't include this resource or "
        "interaction.",
        causes=(
            Cause(
                "The AccessPolicy doesn't allow the type or the interaction.",
                "An administrator's token works.",
                "Add the resource type to the AccessPolicy of the user or client.",
            ),
            Cause(
                "The token has expired, or is from another server.",
                "Compare expires_in and the base URL.",
                "Sign in again, or refresh the token.",
            ),
            Cause(
                "The requested scopes don't cover the type.",
                "Look at scope in the token response.",
                "Request the scope for the type.",
            ),
        ),
        where="app.medplum.com: Project, Members or Clients, Access Policy.",
        source="https://www.medplum.com/docs/access/access-policies",
        confidence="documented",
    ),
    KnownError(
        id="medplum-aud",
        servers=("medplum",),
        text=(
            MARKS["medplum"],
            ("oauth2/authorize?", "invalid audience"),
            ("aud=https://api.medplum.com&", "aud=https://api.medplum.com/&", "invalid audience"),
        ),
        title="aud: Medplum accepts only its FHIR base URL",
        why="Medplum answers invalid_request if aud is present and isn't the FHIR base URL. Older versions give no "
        "description.",
        causes=(
            Cause(
                "aud lacks /fhir/R4.",
                "aud in the authorization URL is https://api.medplum.com.",
                "Send aud=https://api.medplum.com/fhir/R4, on your own server its base URL and /fhir/R4.",
            ),
        ),
        source="https://github.com/medplum/medplum/issues/1432",
        confidence="documented",
    ),
)
