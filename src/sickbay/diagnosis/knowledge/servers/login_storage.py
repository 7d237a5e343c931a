"""Logins whose state, nonce or session isn't stored where the callback looks for it."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="state-of-another-login",
        is_evident=True,
        text=(("state mismatch, expected", "nonce mismatch, expected"), ("got:", "got ")),
        without=("cognito",),
        title="state: the callback belongs to another login than the one that is stored",
        why="Both values exist and differ: a second login was started before this one ended, and its state replaced the first.",
        causes=(
            Cause(
                "Two logins ran at the same time: two tabs, a double click, a prefetch, or several requests of a page that each"
                " redirect to the login.",
                "The Network tab shows two authorization requests.",
                "Start only one login: disable the button, don't prefetch the login route, and answer API calls with 401"
                " instead of a redirect.",
            ),
            Cause(
                "The user came back with an old page: Back button, bookmark, or a session that expired meanwhile.",
                "A new login works.",
                "Start a new login automatically if the state doesn't match.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-10.12",
        confidence="observed",
    ),
    KnownError(
        id="state-other-browser",
        text=(
            ("missing state on cookie", "missing state on session", "state cookie", "state is missing", "missing state"),
            ("few users", "some users", "cannot reproduce", "can't reproduce", "could not reproduce", "intermittent"),
        ),
        title="state: some users finish the login in another browser than the one that started it",
        why="The cookie with the state is in the browser that began the login. A login that begins in the browser of a mail or"
        " social app and ends in Safari or Chrome comes without it.",
        causes=(
            Cause(
                "The login started in an app's own browser and ended in the system's browser, or in a new tab from a mail.",
                "The user agents of the two requests differ.",
                "Show a page that starts the login again if the state is missing.",
            ),
            Cause(
                "The user opened a second login, or an old link to the login page.",
                "The requests are minutes apart.",
                "Keep the state of several logins, and start a new login for an unknown one.",
            ),
        ),
        source="https://github.com/sergiodxa/remix-auth-oauth2/issues/153",
        confidence="observed",
    ),
    KnownError(
        id="login-storage-in-memory",
        is_evident=True,
        text=(
            ("memorystorage", "inmemorywebstorage", "memory storage", "in-memory storage"),
            ("nonce", "state", "verifier", "login"),
        ),
        title="state and nonce are stored in memory, which is lost when the browser leaves the page for the login",
        why="A redirect unloads the page. Only sessionStorage, localStorage and cookies are still there afterwards.",
        causes=(
            Cause(
                "The library is configured with a storage in memory.",
                "The stored value is null after the redirect.",
                "Use sessionStorage for state, nonce and verifier; keep only the tokens in memory.",
            ),
        ),
        source="https://github.com/manfredsteyer/angular-oauth2-oidc/pull/1349",
        confidence="observed",
    ),
    KnownError(
        id="session-cache-unreachable",
        is_evident=True,
        text=(
            (
                "oidc_cache_memcache_set",
                "apr_memcache_set returned an error",
                "perhaps your memcache server is not available",
                "oidc_cache_redis",
                "oidc_redis_command",
                "connection to redis failed",
                "could not connect to redis",
            ),
        ),
        title="The session can't be stored: the cache server (memcached or Redis) isn't reachable",
        why="After the login the module writes the session into the cache. If that fails, the next request has no session, and"
        " the login starts again.",
        causes=(
            Cause(
                "The cache server is down, or its host or port is wrong.",
                "Connect to it from the web server's machine.",
                "Correct OIDCMemCacheServers (OIDCRedisCacheServer), or start the cache server.",
            ),
            Cause(
                "The session is larger than the cache accepts.",
                "memcached refuses entries over 1 MB.",
                "Use OIDCCacheType shm or redis, or fewer claims.",
            ),
        ),
        source="https://github.com/OpenIDC/mod_auth_openidc/issues/185",
        confidence="observed",
    ),
    KnownError(
        id="nuxt-login-on-server",
        is_evident=True,
        text=(
            ("nuxt-auth", "nuxt", "globalappmiddleware", "sidebase"),
            ("state cookie was missing", "missing state cookie", "pkce", "code_verifier cookie"),
        ),
        title="state: the login was started on the server (Nuxt middleware), so its cookie never reached the browser",
        why="With server-side rendering the middleware calls the sign-in route itself. The Set-Cookie of that answer stays"
        " on the server.",
        causes=(
            Cause(
                "The global middleware signs in during server-side rendering of a protected page.",
                "The first answer redirects to the provider and has no Set-Cookie.",
                "Redirect to a page that calls signIn() in the browser, or forward Set-Cookie from the middleware.",
            ),
            Cause(
                "The app is opened at another host or scheme than AUTH_ORIGIN.",
                "Compare the two addresses.",
                "Open the app at exactly AUTH_ORIGIN.",
            ),
        ),
        source="https://github.com/sidebase/nuxt-auth/issues/473",
        confidence="observed",
    ),
    KnownError(
        id="epic-embedded-browser",
        text=(
            ("hyperspace", "hyperdrive", "inside epic", "within epic", "apporchard"),
            ("new tab", "standalone", "other ehr", "in the browser", "in chrome", "outside"),
            ("stops", "fail", "blank", "hang", "abort", "not work", "n't work", "loop", "missing"),
        ),
        without=("cors",),
        title="Inside Epic the app runs in an embedded browser or frame, which keeps other storage and no popups",
        why="A frame of another site has no access to third-party cookies and storage, and window.parent and window.opener"
        " belong to Epic. A login that works in a tab of its own can stop there.",
        causes=(
            Cause(
                "The app uses a popup, the parent window or messages between windows for the login.",
                "The code sets target, or calls postMessage.",
                "Redirect within the same frame: leave out target in authorize(), and update fhirclient.",
            ),
            Cause(
                "The session cookie or storage is blocked in the frame.",
                "The Network tab shows no Cookie after the redirect.",
                "Set the cookie with SameSite=None; Secure; Partitioned, or keep the state in sessionStorage.",
            ),
            Cause(
                "A page of the login forbids frames (X-Frame-Options, frame-ancestors).",
                "The console says refused to display in a frame.",
                "Ask Epic's administrators to open the app in an external browser window.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/75",
        confidence="observed",
    ),
    KnownError(
        id="clientjs-authorize-without-ready",
        is_evident=True,
        text=((".authorize({",), ("client.request(", ".request(`", "client.patient.read")),
        without=(".ready(", "authorize({});"),
        title="`authorize()` only sends the browser to the login. The code after it runs without a token",
        why="fhirclient works in two steps: authorize() redirects at the launch page, and ready() completes the login at the"
        " redirect URI. An access token can't be passed to authorize().",
        causes=(
            Cause(
                "The request for data follows authorize() in the same handler, and ready() is never called.",
                "The code has authorize() and no ready().",
                "Call authorize() in the route of the launch URL, and ready().then(client => client.request(…)) in the route of"
                " redirectUri.",
            ),
            Cause(
                "The app already has a token from elsewhere.",
                "The code passes tokenResponse to authorize().",
                "Create the client directly: FHIR.client({ serverUrl, tokenResponse: { access_token } }).",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/120",
        confidence="documented",
    ),
)
