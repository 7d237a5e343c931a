"""Okta: codes of its API, tokens, and checklists for bare error codes."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

CODES = "https://developer.okta.com/docs/reference/error-codes/"
GENERAL = "Okta Admin Console > Applications > the app > General"
SERVER = "Okta Admin Console > Security > API > Authorization Servers > the server"

ERRORS = (
    KnownError(
        id="okta-api-invalid-token",
        text=(("e0000011", "invalid token provided"),),
        title="E0000011: the token isn't valid for this Okta API",
        why=(
            "Okta's management API takes an API token as Authorization: SSWS, or an access token of the org authorization "
            "server as Bearer."
        ),
        causes=(
            Cause(
                "The scheme is wrong.",
                "An API token was sent as Bearer, or without SSWS.",
                "Send Authorization: SSWS TOKEN for an API token.",
            ),
            Cause(
                "The token was revoked or not used for 30 days, or belongs to another org.",
                "Security > API > Tokens shows its state.",
                "Create a new token in this org.",
            ),
            Cause(
                "The access token comes from a custom server such as /oauth2/default.",
                "Decode iss.",
                "Request it from https://DOMAIN/oauth2/v1/token.",
            ),
        ),
        where="Okta Admin Console > Security > API > Tokens",
        source=CODES,
        confidence="documented",
    ),
    KnownError(
        id="okta-api-forbidden",
        text=(("e0000006", "e0000005", "e0000022", "you do not have permission to perform the requested action"),),
        title="The token or the user lacks the permission for this Okta API call",
        why=(
            "An API token has the rights of the admin who created it; an OAuth token has its okta.* scopes and the app's "
            "admin roles."
        ),
        causes=(
            Cause(
                "The scope or the admin role is missing.",
                "Compare scp of the token with the method's documentation.",
                "Grant the okta.* scope to the app and assign an admin role to it.",
            ),
            Cause("The session has expired (E0000005).", "The request uses a session cookie.", "Sign in again."),
        ),
        where="Applications > the app > Okta API Scopes",
        source=CODES,
        confidence="documented",
    ),
    KnownError(
        id="okta-api-authentication",
        text=(("e0000004", "authentication failed"), ("e0000004", "okta")),
        title="E0000004: authentication failed: user name or password wrong, or the user may not sign in",
        why=(
            "Okta gives the same answer for a wrong password and for users who are locked, inactive or refused by a sign-on "
            "policy."
        ),
        causes=(
            Cause(
                "User name or password is wrong.",
                "The System Log names the reason.",
                "Check the user's login and reset the password.",
            ),
            Cause(
                "The user is locked, or the sign-on policy refuses it.",
                "Look at the user's status.",
                "Unlock or activate the user.",
            ),
        ),
        where="Okta Admin Console > Reports > System Log",
        source=CODES,
        confidence="documented",
    ),
    KnownError(
        id="okta-api-rate-limit",
        text=(("e0000047", "api call exceeded rate limit"),),
        title="E0000047: too many requests",
        why="Okta limits requests per endpoint and minute.",
        causes=(
            Cause(
                "The app sends too many requests, for example one for keys or user info per call.",
                "X-Rate-Limit-Remaining is 0.",
                "Wait until X-Rate-Limit-Reset, and cache keys and discovery.",
            ),
        ),
        source=CODES,
        confidence="documented",
    ),
    KnownError(
        id="okta-api-not-found",
        text=(("e0000007", "resource not found"), ("e0000007", "okta")),
        title="E0000007: the resource in the path doesn't exist in this org",
        why="The ID or the name of the authorization server is unknown.",
        causes=(
            Cause(
                "There is no authorization server with this name.",
                "Open ISSUER/.well-known/openid-configuration.",
                "Use the issuer of an existing server; orgs without API Access Management have only https://DOMAIN.",
            ),
            Cause("The ID belongs to another org.", "Compare the domain.", "Copy the ID from this org."),
        ),
        source=CODES,
        confidence="documented",
    ),
    KnownError(
        id="okta-jwt-wrong-server",
        text=(
            ("okta",),
            ("issuer", "'iss'", "signature", "jwks", "kid"),
            (
                "does not match",
                "invalid signature",
                "mismatch",
                "unable to verify",
                "failed to verify",
                "not verify",
                "cannot verify",
                "can't verify",
                "signature is invalid",
            ),
        ),
        without=("id_token", "client_assertion", "refresh token"),
        title="The access token can't be verified: it comes from another authorization server than the one configured",
        why=(
            "Tokens of the org server (iss https://DOMAIN) are meant for Okta only: their keys aren't published for others. "
            "An API needs tokens of a custom server such as /oauth2/default."
        ),
        causes=(
            Cause(
                "The app uses the org server, and the API expects a custom one, or the other way around.",
                "Compare iss of the decoded token with the API's issuer.",
                "Set issuer to the same https://DOMAIN/oauth2/default in the app and in the API.",
            ),
            Cause(
                "The expected audience differs.",
                "Compare aud with the server's Audience, by default api://default.",
                "Set the API's audience to that value.",
            ),
        ),
        where=f"{SERVER} > Settings",
        source="https://developer.okta.com/docs/concepts/auth-servers/",
        confidence="documented",
    ),
    KnownError(
        id="okta-invalid-client",
        servers=("okta",),
        codes=("invalid_client", "unauthorized_client"),
        title="Okta could not authenticate the client, or the app doesn't allow this grant type",
        why="The client_id is unknown in this org, the proof is wrong, or the grant isn't ticked for the app.",
        causes=(
            Cause(
                "The client secret is wrong or missing, or a browser app uses a Web app's client ID.",
                "The app's type and Client authentication on the General tab.",
                "Copy the client secret again, or register a Single-Page Application.",
            ),
            Cause(
                "The client_id belongs to another org, or the app is inactive.",
                "Compare the domain, okta.com or oktapreview.com.",
                "Use the domain in which the app is registered.",
            ),
            Cause(
                "The grant type isn't enabled (unauthorized_client).",
                "General > Grant type.",
                "Enable the grant type for the app.",
            ),
        ),
        where=f"{GENERAL} > Client Credentials and Grant type",
        source=CODES,
        confidence="documented",
    ),
    KnownError(
        id="okta-invalid-grant",
        servers=("okta",),
        codes=("invalid_grant",),
        title="invalid_grant from Okta: code or refresh token expired, used already, or sent with other values",
        why="error_description usually says which.",
        causes=(
            Cause(
                "The code was used already or has expired.",
                "The network tab shows two token requests.",
                "Start a new sign-in and redeem the code once.",
            ),
            Cause(
                "redirect_uri or code_verifier differs from the authorization request.",
                "Compare both requests.",
                "Send the same values.",
            ),
            Cause(
                "The refresh token expired, was rotated or revoked.",
                "The System Log has invalid_refresh_token.",
                "Sign in again and store the newest refresh token.",
            ),
            Cause(
                "Authorize and token endpoint belong to different authorization servers.",
                "Compare /oauth2/NAME/.",
                "Use the endpoints of one issuer.",
            ),
        ),
        source=CODES,
        confidence="documented",
    ),
    KnownError(
        id="okta-access-denied",
        servers=("okta",),
        codes=("access_denied",),
        title="Okta denied access: the user isn't assigned, or no access policy allows the request",
        why="access_denied comes from the app's assignments and from the policies of the authorization server.",
        causes=(
            Cause("The user isn't assigned to the app.", "Look at Assignments.", "Assign the user or a group to the app."),
            Cause(
                "No access policy rule matches the client, grant and scopes.",
                "Look at Access Policies.",
                "Add an access policy with a rule for this client.",
            ),
            Cause("The user cancelled the consent.", "It happens only for this user.", "Sign in again and allow the access."),
        ),
        where=f"{SERVER} > Access Policies; Applications > the app > Assignments",
        source=CODES,
        confidence="documented",
    ),
    KnownError(
        id="okta-invalid-scope",
        servers=("okta",),
        codes=("invalid_scope",),
        title="`scope`: a requested scope isn't defined at this Okta authorization server, or not granted to the app",
        why="Each authorization server has its own scopes; okta.* scopes have to be granted to the app.",
        causes=(
            Cause(
                "The scope isn't defined there.",
                "Compare with scopes_supported of the issuer.",
                "Add the scope at the authorization server, or remove it from the request.",
            ),
            Cause("An okta.* scope isn't granted.", "Look at Okta API Scopes of the app.", "Grant the scope to the app."),
            Cause("openid was requested with client_credentials.", "That grant has no user.", "Request only custom scopes."),
        ),
        where=f"{SERVER} > Scopes",
        source=CODES,
        confidence="documented",
    ),
    KnownError(
        id="okta-invalid-request",
        servers=("okta",),
        codes=("invalid_request",),
        title="Okta refused the form of the request: a parameter is missing or not allowed",
        why="error_description names it.",
        causes=(
            Cause(
                "redirect_uri isn't registered, or response_type or scope is missing.",
                "Read the description on the error page.",
                "Send the parameter that the description names, and register the redirect URI.",
            ),
            Cause(
                "The body is JSON.", "Content-Type is application/json.", "Send the body as application/x-www-form-urlencoded."
            ),
        ),
        source=CODES,
        confidence="documented",
    ),
    KnownError(
        id="okta-no-refresh-token",
        servers=("okta",),
        text=(
            ("okta",),
            (
                "no refresh token",
                "not have a refresh",
                "no refresh_token",
                "refresh token is not returned",
                "refresh_token is missing",
                "without refresh token",
                "has no refresh token",
                "not returning refresh",
                "doesn't return refresh",
                "not getting refresh",
            ),
        ),
        title="No refresh token: the scope offline_access wasn't requested, or the grant Refresh Token isn't enabled",
        why="Okta issues a refresh token only with the scope offline_access, for apps with the grant type Refresh Token.",
        causes=(
            Cause("offline_access isn't in scope.", "Look at the authorization request.", "Request the scope offline_access."),
            Cause(
                "Refresh Token isn't ticked.",
                "General > Grant type.",
                "Enable the grant type Refresh Token for the app, and in the access policy's rule.",
            ),
        ),
        where=f"{GENERAL} > Grant type",
        source="https://developer.okta.com/docs/guides/refresh-tokens/",
        confidence="documented",
    ),
)
