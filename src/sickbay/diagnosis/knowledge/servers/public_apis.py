"""Errors of public services whose OAuth answers have a form of their own: Strava, Spotify, LinkedIn, Supabase and others."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

NEW_CODE = Cause(
    "The code was redeemed already or has expired.",
    "A page reload or a second call of the callback.",
    "Start a new login, and redeem the new code once, at once.",
)

ERRORS = (
    KnownError(
        id="strava-redirect",
        text=(('"field":"redirect_uri"', '"field": "redirect_uri"', "field: 'redirect_uri'", "'field': 'redirect_uri'"),),
        title="Strava: the host of redirect_uri isn't in the Authorization Callback Domain of the app",
        why=(
            "Strava compares the host of redirect_uri with the registered callback domain. localhost and 127.0.0.1 "
            "are always allowed."
        ),
        causes=(
            Cause(
                "The registered domain differs, or was entered with https:// or a path.",
                "Compare it with the host of redirect_uri in the browser's address bar.",
                "Register only the host name as Authorization Callback Domain, and send the same host in redirect_uri.",
            ),
            Cause(
                "redirect_uri isn't a full URI.",
                "It has no scheme, like localhost.",
                "Send a complete URI, such as http://localhost/callback.",
            ),
        ),
        where="strava.com → Settings → My API Application → Authorization Callback Domain",
        source="https://developers.strava.com/docs/authentication/",
        confidence="documented",
    ),
    KnownError(
        id="strava-client",
        text=(('"field":"client_id"', '"field": "client_id"', "'field': 'client_id'", '"field":"client_secret"'),),
        title="Strava: client_id (or client_secret) is missing in the body of the token request, or isn't known",
        why=(
            "Strava reads client_id and client_secret only from the form body or the query, not from the Authorization header."
        ),
        causes=(
            Cause(
                "The library sends the credentials in the Authorization header.",
                "The body has no client_id (requests-oauthlib: include_client_id).",
                "Send client_id and client_secret in the form body, for example include_client_id=True.",
            ),
            Cause(
                "The value is wrong or has quotes from a configuration file.",
                "Log the value that is sent.",
                "Copy client_id and secret from My API Application.",
            ),
        ),
        where="strava.com → Settings → My API Application",
        source="https://github.com/bwilczynski/strava-cli/pull/2",
        confidence="observed",
    ),
    KnownError(
        id="strava-token",
        text=(
            (
                '"resource":"refreshtoken"',
                '"resource":"authorizationcode"',
                '"resource":"athlete","field":"access_token"',
                '"resource": "athlete", "field": "access_token"',
                '"field":"activity:read_permission"',
                '"field":"read_permission"',
                "activity:read_permission",
            ),
        ),
        title="Strava refuses the code, token or scope that the member field names",
        why="resource and field say what isn't accepted: the code, the refresh token, the access token or a permission.",
        causes=(
            Cause(
                "access_token: it has expired (6 hours) or was deauthorized.",
                "expires_at is over.",
                "Refresh it, and store the new refresh token.",
            ),
            Cause(
                "read_permission: the scope wasn't requested or was deselected by the user.",
                "scope in the redirect lacks activity:read.",
                "Request scope activity:read (or activity:read_all) and authorize again.",
            ),
            NEW_CODE,
        ),
        source="https://developers.strava.com/docs/authentication/",
        confidence="documented",
    ),
    KnownError(
        id="supabase-verifier",
        text=(
            (
                "both auth code and code verifier should be non-empty",
                "authpkcecodeverifiermissingerror",
                "pkce code verifier not found in storage",
                "code challenge does not match previously saved code verifier",
                "invalid flow state, no valid flow state found",
                "flow_state_not_found",
                "bad_code_verifier",
            ),
        ),
        title=(
            "code_verifier isn't in the storage when the code is redeemed: the login was started by another client or browser"
        ),
        why=(
            "Supabase stores the verifier where the login begins. exchangeCodeForSession needs the same storage, on "
            "a server cookies."
        ),
        causes=(
            Cause(
                "The login was started by a client without cookie storage, or in the browser, and the code is "
                "redeemed on the server.",
                "The request to the callback has no cookie whose name ends in code-verifier.",
                "Create both clients with @supabase/ssr and the same cookie storage.",
            ),
            Cause(
                "The link was opened in another browser, device or app.",
                "It works in the same browser.",
                "Use the same browser, or token_hash with verifyOtp for e-mail links.",
            ),
            Cause(
                "The code is redeemed twice: detectSessionInUrl and your own code.",
                "Two token requests in the Network tab.",
                "Redeem it once: leave it to one of them.",
            ),
        ),
        source="https://supabase.com/docs/guides/auth/sessions/pkce-flow",
        confidence="documented",
    ),
    KnownError(
        id="email-link-expired",
        text=(
            (
                "email link is invalid or has expired",
                "link is invalid or has expired",
                "otp_expired",
                "token has expired or is invalid",
                "magic link has expired",
                "link has expired",
                "link expired",
            ),
        ),
        without=("authentication failed. the link may",),
        title="The e-mail link was used already or has expired",
        why="Such a link works once and for a limited time. Mail scanners and previews often open it before the user does.",
        causes=(
            Cause(
                "A mail scanner or a preview opened the link first.",
                "It fails at the first click, in some organizations only.",
                "Send a code to type in, or a page with a button instead of the direct link.",
            ),
            Cause(
                "The link was clicked twice, or a newer one was sent.",
                "A new link works.",
                "Request a new link, and use the newest one once.",
            ),
        ),
        source="https://supabase.com/docs/guides/auth/auth-email-passwordless",
        confidence="observed",
    ),
    KnownError(
        id="spotify-redirect",
        text=(
            (
                "invalid_client: invalid redirect uri",
                "invalid_client: insecure redirect uri",
                "illegal redirect_uri",
                "insecure redirect uri",
                "invalid_client: failed to get client",
            ),
        ),
        title="Spotify: redirect_uri isn't registered for the app, or uses http with a host that isn't a loopback address",
        why="Spotify compares redirect_uri exactly, and allows http only for 127.0.0.1 and [::1], not for localhost.",
        causes=(
            Cause(
                "redirect_uri is http://localhost or another http address.",
                "Look at redirect_uri in the address bar.",
                "Register and send http://127.0.0.1:PORT/callback, or an https URI.",
            ),
            Cause(
                "It isn't saved in the dashboard in exactly this form.",
                "Compare character by character.",
                "Add the redirect URI in the dashboard, and save.",
            ),
            Cause("client_id is wrong.", "The message says Failed to get client.", "Copy client_id from the dashboard."),
        ),
        where="developer.spotify.com → Dashboard → your app → Settings → Redirect URIs",
        source="https://developer.spotify.com/documentation/web-api/concepts/redirect_uri",
        confidence="documented",
    ),
    KnownError(
        id="spotify-user-not-registered",
        text=(("user not registered in the developer dashboard", "the user may not be registered"),),
        title="Spotify: the app is in development mode, and this user isn't in its list",
        why="In development mode only users of the list get data; others get 403 although they consented.",
        causes=(
            Cause(
                "The user's e-mail isn't in User Management.",
                "The app's owner succeeds.",
                "Add the user's name and e-mail in the dashboard, or request extended quota.",
            ),
        ),
        where="developer.spotify.com → Dashboard → your app → User Management",
        source="https://developer.spotify.com/documentation/web-api/concepts/quota-modes",
        confidence="documented",
    ),
    KnownError(
        id="fitbit-error",
        text=(('"errortype":"', '"errortype": "'), ("fitbit", '"success":false', '"success": false')),
        title="Fitbit: errorType says what is refused: the token, the client's header, or the grant",
        why=(
            "expired_token and invalid_token concern the access token, invalid_client the Basic header, "
            "invalid_grant code or refresh token."
        ),
        causes=(
            Cause(
                "expired_token: the access token has expired (8 hours).",
                "errorType is expired_token.",
                "Refresh it, and store the new refresh token, which works once.",
            ),
            Cause(
                "invalid_client: the header isn't Basic base64(client_id:client_secret).",
                "errorType is invalid_client.",
                "Send this header; for a client app only client_id in the body.",
            ),
            Cause(
                "invalid_grant: the code or refresh token was used already.",
                "errorType is invalid_grant.",
                "Authorize again, and redeem each value once.",
            ),
        ),
        source="https://dev.fitbit.com/build/reference/web-api/troubleshooting-guide/error-messages/",
        confidence="documented",
    ),
    KnownError(
        id="intuit-error",
        text=(
            ("applicationauthenticationfailed", "incorrect token type or clientid", "authenticationfailed; errorcode=003200"),
        ),
        title=(
            "Intuit QuickBooks refuses the access token: expired, of another app or environment, or without the "
            "company's consent"
        ),
        why="Sandbox and production have different keys, hosts and companies (realmId), and access tokens live one hour.",
        causes=(
            Cause(
                "The token has expired, or the user disconnected the app.",
                "expires_in is over.",
                "Refresh the token and store the newest refresh token, or connect again.",
            ),
            Cause(
                "The keys or the host belong to the other environment.",
                "sandbox-quickbooks.api.intuit.com needs development keys.",
                "Use keys and host of the same environment, and the realmId of the login.",
            ),
        ),
        source="https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/faq",
        confidence="documented",
    ),
    KnownError(
        id="hubspot-error",
        text=(("bad_auth_code", "missing or unknown auth code", "bad_redirect_uri", "bad_refresh_token", "bad_client_id"),),
        title="The code, refresh token or redirect URI isn't the one that belongs to this app",
        why=(
            "HubSpot and Slack name the parameter in the code: bad_redirect_uri, bad_auth_code, bad_refresh_token, "
            "bad_client_id."
        ),
        causes=(
            NEW_CODE,
            Cause(
                "bad_redirect_uri: it isn't registered, or differs between both requests.",
                "Compare it with the app's settings.",
                "Register exactly this redirect URI, and send the same in the token request.",
            ),
            Cause(
                "The value belongs to another app or portal.",
                "Compare client_id.",
                "Use the credentials of the app that started the login.",
            ),
        ),
        source="https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/working-with-oauth",
        confidence="documented",
    ),
)
