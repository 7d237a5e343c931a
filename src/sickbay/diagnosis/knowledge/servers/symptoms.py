"""Symptoms without an error message, as people describe them, from servers that aren't known."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

RFC = "https://www.rfc-editor.org/rfc/rfc6749"

ERRORS = (
    KnownError(
        id="symptom-postman-works",
        text=(
            (
                "works in postman",
                "works fine in postman",
                "postman works",
                "works with postman",
                "working in postman",
                "works with curl",
                "works in curl",
                "curl works",
                "working fine in postman",
                "works perfectly in postman",
                "via postman it works",
                "works from postman",
            ),
        ),
        title="It works in Postman or curl but not in the app: the two requests differ, or the browser applies CORS",
        why=(
            "Postman isn't bound by CORS and builds the body and headers itself. The app's request most often has another "
            "Content-Type, body or header."
        ),
        causes=(
            Cause(
                "The browser blocks the response by CORS.",
                "The console says CORS or Access-Control-Allow-Origin.",
                "Register the app's origin at the server, or send the request from your own server.",
            ),
            Cause(
                "The app sends JSON, and Postman a form.",
                "Compare both bodies: Postman's tab Code shows its request.",
                "Send application/x-www-form-urlencoded with URLSearchParams.",
            ),
            Cause(
                "Client credentials or encoding differ.",
                "Compare Authorization: base64, line breaks, special characters.",
                "Build the same Basic header.",
            ),
            Cause(
                "Postman uses another client, redirect URI or scope.",
                "Compare the parameters.",
                "Use the same registered values.",
            ),
        ),
        source="https://developer.mozilla.org/docs/Web/HTTP/CORS",
        confidence="inferred",
    ),
    KnownError(
        id="symptom-called-twice",
        text=(
            (
                "useeffect",
                "strictmode",
                "strict mode",
                "react 18",
                "called twice",
                "runs twice",
                "sent twice",
                "two requests",
                "second request",
                "two token requests",
            ),
            ("code", "token", "callback"),
            ("invalid_grant", "invalid", "400", "already", "fails", "error", "expired"),
        ),
        title="`code`: the callback handler runs twice, and the second time the code was used already",
        why="In development React StrictMode runs effects twice. A code can be redeemed once.",
        causes=(
            Cause(
                "useEffect redeems the code on each run.",
                "The network tab shows two token requests, the first with 200.",
                (
                    "Redeem the code once: keep a ref or a module variable with the code that is being redeemed, "
                    "and remove "
                    "code from the address afterwards."
                ),
            ),
            Cause(
                "Two components or a service worker handle the callback.",
                "The initiator of both requests differs.",
                "Handle the callback in one place.",
            ),
        ),
        source=f"{RFC}#section-4.1.2",
        confidence="inferred",
    ),
    KnownError(
        id="symptom-redirect-loop",
        text=(
            (
                "redirect loop",
                "there is a loop",
                "there are a loop",
                "loop to address",
                "login loop",
                "goes back to login",
                "back to the login page",
                "asks to log in again and again",
                "infinite loop",
                "too many redirects",
                "err_too_many_redirects",
                "endless loop",
                "keeps redirecting",
                "loops between",
                "infinite redirect",
                "redirects back to login",
                "looping",
                "redirected too many times",
            ),
            ("login", "sign", "auth", "token", "callback", "oidc", "oauth"),
        ),
        title="The login loops: the app doesn't keep the session or token after the callback",
        why=(
            "The app sends the user to the login, the server returns at once because its session exists, and the app still "
            "finds no user."
        ),
        causes=(
            Cause(
                "The session cookie isn't stored: SameSite, Secure over http, size, or another host.",
                "The callback's response sets a cookie that the browser shows as blocked.",
                "Use https and one host, SameSite=Lax, and store large tokens on the server.",
            ),
            Cause(
                "The callback fails, and its error handler starts the login again.",
                "The log shows an error at the callback, for example 403 at user info.",
                "Show the error instead of redirecting, and correct it.",
            ),
            Cause(
                "The callback URL itself is protected.",
                "It is redirected before the code is read.",
                "Exclude the callback from the login check.",
            ),
        ),
        source=RFC,
        confidence="inferred",
    ),
    KnownError(
        id="symptom-issuer-slash",
        text=(
            ("issuer",),
            ("trailing slash", "with a slash", "without a slash", "trailing '/'"),
            ("differ", "mismatch", "match", "byte", "reject", "strip", "expected", "not valid", "compare"),
        ),
        title="iss: the issuer with and without trailing slash are two different strings",
        why=(
            "RFC 9207 and OpenID Connect Discovery demand that issuer, iss and the configuration are identical, "
            "character by "
            "character."
        ),
        causes=(
            Cause(
                "The server or the app adds or strips the slash in one place.",
                "Compare issuer of the discovery document, iss of the token or redirect, and the configured value.",
                "Use exactly the same string everywhere: copy issuer from the discovery document.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc9207#section-2.4",
        confidence="documented",
    ),
    KnownError(
        id="symptom-discovery-missing",
        text=(
            (".well-known/openid-configuration",),
            (
                "404",
                "html page",
                "not found",
                "doesn't provide",
                "does not provide",
                "unable to",
                "cannot",
                "returns html",
                "is not json",
                "isn't json",
            ),
        ),
        title=(
            "The discovery document isn't at ISSUER/.well-known/openid-configuration: the issuer's path is wrong or incomplete"
        ),
        why=(
            "Clients append /.well-known/openid-configuration to the issuer exactly as it is written in iss. SMART servers "
            "have .well-known/smart-configuration below the FHIR base."
        ),
        causes=(
            Cause(
                "The configured issuer lacks the path of tenant, realm or server, or has too much of it.",
                "Open the address in a browser.",
                "Set the issuer to the base whose well-known document exists and has the same issuer.",
            ),
            Cause(
                "The server doesn't publish the document where iss says.",
                "iss of a token leads to a 404.",
                "The server has to publish openid-configuration at its issuer; until then configure the endpoints by hand.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig",
        confidence="documented",
    ),
    KnownError(
        id="symptom-discovery-only-in-browser",
        text=(
            ("well-known", "well known", "discovery", "openid-configuration", "smart-configuration", "metadata"),
            (
                "can be viewed in the browser",
                "can open it in the browser",
                "opens in the browser",
                "works in the browser",
                "works in browser",
                "accessible from the browser",
                "accessible in the browser",
                "reachable from the browser",
                "reachable in the browser",
                "in the browser it works",
                "visible in the browser",
                "can access it in the browser",
                "loads in the browser",
                "loads fine in",
                "fine in a browser",
                "fine in the browser",
                "from my browser",
            ),
        ),
        title=(
            "The discovery document opens in the browser, but the app can't load it: certificate, CORS, host name or network"
        ),
        why="Opening an address isn't subject to CORS, and the browser may trust a certificate that the app doesn't trust.",
        causes=(
            Cause(
                "The certificate is self-signed, and the app (device, container, runtime) doesn't trust it.",
                "The app's log says certificate, SSL or net::ERR_CERT.",
                "Trust the issuing authority in the app, or use a certificate that is trusted.",
            ),
            Cause(
                "The server doesn't allow the app's origin by CORS.",
                "The console says CORS; a native web view has its own origin, such as capacitor://localhost.",
                "Allow this origin at the server.",
            ),
            Cause(
                "localhost in the device or container isn't your machine.",
                "The app runs in an emulator, a phone or Docker.",
                "Use a host name that both reach.",
            ),
        ),
        source="https://github.com/damienbod/angular-auth-oidc-client/issues/1267",
        confidence="observed",
    ),
    KnownError(
        id="symptom-empty-response",
        text=(
            ("empty response", "empty reply", "returns nothing", "response is empty", "blank response"),
            ("token", "oauth"),
            ("grant_type", "/token"),
        ),
        title="The token request gets no usable response: wrong method, address, or a parameter that the shell changed",
        why="A GET, an unquoted & or a backslash before ? sends another request than intended.",
        causes=(
            Cause(
                "The request is a GET with the parameters in the URL.",
                "There is no -X POST or -d.",
                (
                    "Send a POST with the parameters in the body: curl -u client_id:client_secret -d "
                    "grant_type=client_credentials URL."
                ),
            ),
            Cause(
                "The shell keeps a backslash or cuts at &.",
                "The URL isn't quoted.",
                "Put the URL in quotes and remove the backslash.",
            ),
        ),
        source=f"{RFC}#section-3.2",
        confidence="inferred",
    ),
)
