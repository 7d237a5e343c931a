"""Callbacks in the browser that a router, another integration or a setting of the library disturbs."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

OIDC_CLIENT = "https://github.com/authts/oidc-client-ts/blob/main/docs/protocols/authorization-code-grant.md"

ERRORS = (
    KnownError(
        id="clientjs-router",
        is_evident=True,
        text=(
            ("no state parameter found", "no state found", "(re)launch the app"),
            ("vue-router", "vue router", "react-router", "react router", "angular router", "hashrouter", "hash routing"),
        ),
        title="The app's router changes the URL before `FHIR.oauth2.ready()` reads code and state from it",
        why="ready() reads the query of the current address. A router that starts first redirects, or moves the query behind"
        " the #.",
        causes=(
            Cause(
                "The router is started before ready() has finished.",
                "A breakpoint at ready() shows an address without code and state.",
                "Call ready() first, and mount the app with its router in then().",
            ),
            Cause(
                "The browser doesn't keep sessionStorage over the redirect, such as Internet Explorer between security zones.",
                "sessionStorage has no entry SMART_KEY after the redirect.",
                "Use a browser that is still supported, and the same host for launch and redirect.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/62",
        confidence="observed",
    ),
    KnownError(
        id="oidc-client-other-integration",
        is_evident=True,
        text=(
            ("no matching state found", "could not find matching config for state"),
            (
                "another oauth",
                "other oauth",
                "another integration",
                "other integration",
                "another provider",
                "third-party oauth",
            ),
        ),
        title="The library takes the `code` and `state` of another OAuth integration for its own callback",
        why="It handles each address that has both parameters, and finds no login of its own with this state.",
        causes=(
            Cause(
                "The redirect of the other integration ends on a page where the library looks for a callback.",
                "The address is that integration's redirect URI.",
                "Exclude its path: skipSigninCallback (react-oidc-context), skipRedirectCallback (Auth0), or call the callback"
                " only at your redirect URI.",
            ),
            Cause(
                "The other integration uses the same redirect URI.",
                "Both registrations have it.",
                "Register a redirect URI of its own for each.",
            ),
        ),
        source="https://github.com/authts/react-oidc-context/issues/1223",
        confidence="observed",
    ),
    KnownError(
        id="oidc-client-stale-state",
        is_evident=True,
        text=(
            ("no matching state found", "no state in storage", "state not found"),
            ("clearstalestate", "stalestateage", "longer than a minute", "takes too long", "after a while"),
        ),
        title="state: the library removed the stored login as stale before the user came back",
        why="clearStaleState deletes states that are older than staleStateAgeInSeconds (900 by default, 60 or 300 in older"
        " versions), also those of a login that still runs.",
        causes=(
            Cause(
                "The user needs longer than that age for the login.",
                "It fails only after a slow login.",
                "Raise staleStateAgeInSeconds (staleStateAge), and don't call clearStaleState before a login.",
            ),
            Cause(
                "The callback is processed twice, and the first time removed the state.",
                "The code is sent to the token endpoint once with success.",
                "Call the callback only once, and remove code and state from the address afterwards.",
            ),
        ),
        source="https://github.com/DuendeArchive/identity-model-oidc-client-js/issues/93",
        confidence="observed",
    ),
    KnownError(
        id="state-of-shared-address",
        is_evident=True,
        text=(
            ("matching config for state", "no matching state found", "invalid state", "state mismatch", "incorrect state"),
            (
                "password reset",
                "reset password",
                "forgot password",
                "bookmark",
                "shares the url",
                "share the url",
                "shared link",
                "copies the url",
                "email verification",
                "verification mail",
            ),
        ),
        title="state: the login started in another browser or session than the one where it ends",
        why="The address of a login page contains the state of the browser that started the login. If it is opened from an"
        " e-mail, a bookmark or another browser, the app gets a state that it never stored.",
        causes=(
            Cause(
                "The login page was opened by a bookmark, a shared address, or a link in a mail.",
                "A login from the app's start page works.",
                "Treat an unknown state as a normal case: start a new login, which the server's session completes at once.",
            ),
            Cause(
                "The login took longer than the app keeps its state.",
                "The address is hours old.",
                "Start a new login.",
            ),
        ),
        source="https://github.com/damienbod/angular-auth-oidc-client/issues/1721",
        confidence="observed",
    ),
    KnownError(
        id="page-without-web-crypto",
        is_evident=True,
        text=(
            (
                "code challenge required",
                "code_challenge required",
                "missing parameter: code_challenge",
                "code challenge is missing",
                "no code_challenge",
                "no code challenge",
                "without code_challenge",
                "crypto.subtle is available only",
                "crypto.subtle is undefined",
                "pkce code challenge",
            ),
            ("redirect_uri=http%3a%2f%2f", "redirect_uri=http://", "with localhost", "on localhost", "over http"),
        ),
        without=("redirect_uri=http%3a%2f%2flocalhost", "redirect_uri=http://localhost", "code_challenge="),
        title="`code_challenge` isn't sent: on a page with http the browser has no `crypto.subtle`",
        why="Browsers offer Web Crypto only on https and localhost. Without it the library can't compute the challenge.",
        causes=(
            Cause(
                "The app is opened by http and another host than localhost, such as an IP address.",
                "window.isSecureContext is false.",
                "Serve the app by https, and register that redirect URI.",
            ),
            Cause(
                "PKCE is switched off in the library.",
                "It is missing with https and localhost too.",
                "Switch PKCE on.",
            ),
        ),
        source="https://developer.mozilla.org/docs/Web/API/Crypto/subtle",
        confidence="documented",
    ),
    KnownError(
        id="angular-oauth2-oidc-http",
        is_evident=True,
        text=(
            (
                "loginurl must use http",
                "issuer must use http",
                "tokenendpoint must use http",
                "userinfoendpoint must use http",
                "also check property requirehttps",
            ),
        ),
        captures=(r"issuer['\"]?: ?['\"](?P<issuer>[^'\"\s]{1,200})",),
        title="angular-oauth2-oidc: the address must begin with https:// (or http://, if requireHttps is false): {issuer}",
        why="The library checks `issuer` and each endpoint, and refuses an address without a protocol too.",
        causes=(
            Cause(
                "The address has no protocol, or is empty because it wasn't loaded yet.",
                "Print the configuration just before initCodeFlow().",
                "Write the address with https://, and wait for loadDiscoveryDocument() before the login.",
            ),
            Cause(
                "The address is http, and requireHttps is true or remoteOnly.",
                "It begins with http:// and isn't localhost.",
                "Use https; for development set requireHttps to false.",
            ),
        ),
        source="https://github.com/manfredsteyer/angular-oauth2-oidc/issues/190",
        confidence="observed",
    ),
    KnownError(
        id="angular-oidc-please-set",
        is_evident=True,
        text=(("https://please_set", "https%3a%2f%2fplease_set", "please_set"),),
        title="`redirect_uri` is the library's sample value `https://please_set`: its configuration isn't used",
        why="angular-auth-oidc-client starts with this value until your configuration replaces it.",
        causes=(
            Cause(
                "The property has another name in this version, such as redirect_url and redirectUrl.",
                "Compare the names with the documentation of the installed version.",
                "Set redirectUrl, and the other properties by the names of this version.",
            ),
            Cause(
                "The login starts before the configuration is loaded.",
                "The value is right in a later request.",
                "Load the configuration in the module's loader, and start the login afterwards.",
            ),
        ),
        source="https://github.com/damienbod/angular-auth-oidc-client/issues/581",
        confidence="observed",
    ),
    KnownError(
        id="msal-redirect-component",
        is_evident=True,
        text=(
            ("interaction_in_progress", "interaction is currently in progress"),
            ("msalguard", "msalinterceptor", "msal-angular"),
            ("only appcomponent", "bootstrap: [appcomponent]", "handleredirectobservable", "msalredirectcomponent"),
        ),
        without=("bootstrap: [appcomponent, msalredirectcomponent]",),
        title="MSAL Angular: nothing handles the redirect, because `MsalRedirectComponent` isn't bootstrapped",
        why="MsalGuard starts a redirect. Its result is read only by MsalRedirectComponent or handleRedirectObservable(), which"
        " also clears the mark that an interaction runs.",
        causes=(
            Cause(
                "app.module bootstraps only AppComponent, or index.html lacks <app-redirect>.",
                "Look at bootstrap in app.module.",
                "Use bootstrap: [AppComponent, MsalRedirectComponent] and add <app-redirect></app-redirect>; with standalone"
                " components subscribe to handleRedirectObservable().",
            ),
            Cause(
                "The redirect URI's page is protected by MsalGuard.",
                "The loop begins at that route.",
                "Use a redirect URI without the guard.",
            ),
        ),
        source="https://github.com/AzureAD/microsoft-authentication-library-for-js/issues/5791",
        confidence="documented",
    ),
    KnownError(
        id="quarkus-401-at-callback",
        text=(
            ("quarkus",),
            ("401",),
            (
                "redirect-path",
                "comes back",
                "after login",
                "after the login",
                "after logging in",
                "redirected back",
                "callback",
            ),
        ),
        title="Quarkus answers 401 at the callback: the state cookie, the redirect path or the code's exchange fails",
        why="Quarkus keeps the login in the cookie q_auth. At the redirect path it needs that cookie, then it exchanges the"
        " code; each failure is a 401 whose reason is only in the log.",
        causes=(
            Cause(
                "The callback has another path or host than redirect-path, or cookie-path excludes it.",
                "The request to the callback has no cookie q_auth.",
                "Set authentication.redirect-path to a registered path of its own, and leave out cookie-path.",
            ),
            Cause(
                "The token request is refused: secret, or its way.",
                "The log at DEBUG of io.quarkus.oidc has the server's error.",
                "Set credentials.secret, or credentials.client-secret.method to the registered one.",
            ),
            Cause(
                "Behind a proxy the redirect URI becomes http.",
                "`redirect_uri` begins with http://.",
                "Set quarkus.http.proxy.proxy-address-forwarding, or authentication.force-redirect-https-scheme.",
            ),
        ),
        source="https://quarkus.io/guides/security-oidc-code-flow-authentication",
        confidence="documented",
    ),
)
