"""Symptoms that developers describe in prose: no refresh token, logins that fail later, issuers that differ by a slash."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="library-no-refresh-token",
        text=(
            ("refresh_token", "refresh token", "refreshtoken"),
            (
                "does not have a refresh_token",
                "no refresh_token",
                "no refresh token",
                "not receiving a refresh",
                "not receiving refresh",
                "not receive a refresh",
                "not receiving the refresh",
                "didn't come with a refresh token",
                "without a refresh token",
                "without refresh token",
                "refresh_token is null",
                "refresh token is null",
                "refreshtoken is null",
                "refresh_token is missing",
                "refresh token is missing",
                "missing refresh token",
                "missing refresh_token",
                "refreshtoken: nil",
                "refreshtoken is nil",
                "refresh_token is not",
                "refresh token is not returned",
                "doesn't return a refresh",
                "does not return a refresh",
                "not returning a refresh",
                "don't get a refresh",
                "do not get a refresh",
                "not getting a refresh",
                "not getting refresh",
                "unable to get the refresh token",
                "unable to get a refresh token",
                "didn't get a refresh token",
                "did not get a refresh token",
                "refresh_token is undefined",
                "refresh token is undefined",
                "refresh token undefined",
                "never get a refresh token",
                "expecting refreshtoken",
                "i'm expecting `refreshtoken`",
                "only access token",
            ),
        ),
        title="refresh_token is missing in the token response: offline_access was most likely not requested or not granted",
        why="A refresh token is issued only if the granted scope has offline_access (or online_access in SMART), the app is"
        " registered for the grant refresh_token, and the flow isn't implicit or client_credentials.",
        causes=(
            Cause(
                "offline_access isn't in the scope of the authorize request.",
                "Look at scope in the authorize URL, not in the token request.",
                "Request offline_access in the scope of the authorize request, separated by a space, and log in again.",
            ),
            Cause(
                "It was requested but not granted: not registered for the app or API, or unticked at the consent.",
                "scope in the token response lacks it.",
                "Register offline_access and the refresh_token grant for the app.",
            ),
            Cause(
                "The provider uses another parameter: Google wants access_type=offline and prompt=consent.",
                "The first consent returned one, later ones don't.",
                "Send access_type=offline&prompt=consent.",
            ),
            Cause(
                "The grant never returns one: client_credentials or response_type=token.",
                "There is no authorization code in the flow.",
                "Use the authorization code flow, or request a new access token instead.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess",
        confidence="documented",
    ),
    KnownError(
        id="library-refresh-fails-later",
        text=(
            ("refresh", "freshtokens", "performaction", "silent", "expired"),
            (
                "when token expired",
                "when the token expires",
                "when token expires",
                "after the token expires",
                "after token expires",
                "after an hour",
                "after 1 hour",
                "after some time",
                "after a while",
                "after a day",
                "after some hours",
                "next day",
                "after one day",
                "after few hours",
                "when access token expired",
                "first time everything ok",
                "works the first time",
                "works for the first",
                "after 24 hours",
                "after idle",
                "after being idle",
                "after 30 minutes",
                "until the token expires",
            ),
            ("invalid_grant", "401", "400", "error", "fails", "failed", "not active", "invalid refresh", "i receive this"),
        ),
        title="The refresh token is no longer valid when the app uses it: it has expired, was used already, or its session"
        " ended",
        why="A refresh token has its own lifetime and idle time. With rotation, each use returns a new one, and the old one"
        " becomes"
        " invalid.",
        causes=(
            Cause(
                "The refresh token or the login session behind it has expired.",
                "It fails after about the same time; the server's settings show session idle and maximum times.",
                "Log in again, and request offline_access for a longer lifetime.",
            ),
            Cause(
                "The server rotates refresh tokens, and the app used an old one.",
                "The refresh response has a new refresh_token that the app doesn't store.",
                "Store the newest refresh token after each refresh, and never refresh twice at the same time.",
            ),
            Cause(
                "The user or an administrator revoked it, or changed the password.",
                "Only this user is concerned.",
                "Log in again.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-6",
        confidence="inferred",
    ),
    KnownError(
        id="library-discovery-at-issuer",
        text=(
            ("openid-configuration", "well-known"),
            ("issuer", "iss ", "`iss`", "id_token", "id token"),
            (
                "trailing slash",
                "html page",
                "extra",
                "without one",
                " 404",
                "not found",
                "doesn't provide",
                "does not provide",
                "not at",
                "wrong place",
                "missing at",
                "byte-for-byte",
                "slash",
            ),
        ),
        title="issuer: the discovery document isn't at the issuer's address, or names the issuer in another spelling",
        why="iss + /.well-known/openid-configuration must return a document whose issuer is exactly iss, without or with the"
        " same"
        " slash at the end.",
        causes=(
            Cause(
                "iss and the discovery document's issuer differ, such as by a slash at the end or a part of the path.",
                "Compare iss of the token or redirect with issuer of the document character by character.",
                "Use the identical string for both: copy issuer from the discovery document.",
            ),
            Cause(
                "The server publishes the document only at the FHIR base URL.",
                "base + /.well-known/openid-configuration returns JSON.",
                "Let the client read it there, or let the server publish it at the issuer.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig",
        confidence="documented",
    ),
    KnownError(
        id="library-iss-slash",
        text=(
            ("trailing slash", "slash at the end", "trailing '/'", "ending slash", "trailing-slash"),
            ("issuer", "iss parameter", "callback `iss`", "callback iss", "authority"),
        ),
        title="issuer: the two spellings differ by the slash at the end, and they are compared character by character",
        why="OpenID Connect and RFC 9207 require that iss and issuer are identical strings.",
        causes=(
            Cause(
                "The configuration or one of the server's values has a slash at the end that the other lacks.",
                "Compare issuer of the discovery document with iss and with the configuration.",
                "Copy issuer exactly as the discovery document has it; if the server itself is inconsistent, make its values"
                " equal.",
            ),
            Cause(
                "A library or proxy strips or adds the slash.",
                "The log shows the value that the library uses.",
                "Set the library's option for the exact issuer, or update it.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc9207#section-2.4",
        confidence="documented",
    ),
    KnownError(
        id="library-redirect-uri-http",
        text=(
            ("redirect uri", "redirect_uri", "redirect url", "redirect_url", "invalid redirect", "callback url"),
            ("http://", "http%3a%2f%2f", "http instead of https", "http not https"),
            (
                "https",
                "nginx",
                "reverse proxy",
                "load balancer",
                "ingress",
                "traefik",
                "heroku",
                "cloudflare",
                "cloud run",
            ),
            (
                "instead of https",
                "not https",
                "not getting https",
                "mismatch",
                "did not match",
                "does not match",
                "doesn't match",
                "not registered",
                "invalid redirect",
                "scheme changes",
                "becomes http",
                "with http",
                "using http",
            ),
            ("nginx", "proxy", "load balancer", "ingress", "https", "ssl"),
        ),
        without=("localhost",),
        title="redirect_uri begins with http:// although the app is reached over https: it runs behind a proxy and doesn't know"
        " that",
        why="The proxy ends TLS and forwards http to the app, which builds the redirect URI from what it sees. It doesn't"
        " match the"
        " registered https URI.",
        causes=(
            Cause(
                "The app ignores or doesn't get X-Forwarded-Proto.",
                "The authorize URL has redirect_uri=http%3A%2F%2F with the public host.",
                "Let the proxy send X-Forwarded-Proto: https, and let the app trust it:"
                " server.forward-headers-strategy=framework"
                " (Spring), ProxyFix (Flask), trust proxy (Express), proxy_mode (Odoo).",
            ),
            Cause(
                "The app has a setting for its public base URL that isn't set.",
                "The host is also internal.",
                "Set the base URL or the redirect URI to the public https address.",
            ),
        ),
        source="https://github.com/openanalytics/shinyproxy/issues/534",
        confidence="observed",
    ),
    KnownError(
        id="smart-fhir-user-missing",
        text=(
            ("fhiruser", "fhir user", "profile claim"),
            (
                "missing",
                "undefined",
                "null",
                "not in the id_token",
                "not in the token",
                "not present",
                "not returned",
                "is empty",
                "doesn't contain",
                "does not contain",
                "no fhiruser",
                "doesn't include",
            ),
        ),
        title="fhirUser is missing in the ID token: the scopes openid and fhirUser weren't granted together",
        why="fhirUser is a claim of the ID token. It needs both openid and fhirUser (older servers: profile) in the granted"
        " scope, and"
        " a user who is a person in the FHIR server.",
        causes=(
            Cause(
                "openid or fhirUser isn't in the granted scope.",
                "Look at scope in the token response.",
                "Request openid fhirUser, and register both for the app; for old servers also profile.",
            ),
            Cause(
                "The access token is decoded instead of the ID token.",
                "The decoded token's aud is the FHIR server.",
                "Decode id_token.",
            ),
            Cause(
                "The user account isn't linked to a Practitioner or Patient.",
                "Other users have the claim.",
                "Link the account in the server, or set the user attribute that the claim is made of.",
            ),
        ),
        source="https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html",
        confidence="documented",
    ),
    KnownError(
        id="smart-without-user",
        text=(
            (
                "without this manual step",
                "without user interaction",
                "programmatically",
                "without a browser",
                "without browser",
                "headless",
                "without manual",
                "without login page",
                "without the login page",
                "without opening",
                "without a user",
                "automate the login",
                "without human",
            ),
            ("authorize", "authorization", "oauth", "login", "access token", "authenticate"),
        ),
        title="The authorization code flow needs a user in a browser; without a user, use the backend services flow",
        why="The authorize step is a page for a person who logs in and consents. Programs get tokens by client_credentials"
        " with a"
        " signed assertion and system/ scopes.",
        causes=(
            Cause(
                "The program runs without a user, such as a nightly job.",
                "There is no person who could log in.",
                "Register a backend app with a public key, and request system/ scopes with grant_type=client_credentials.",
            ),
            Cause(
                "A user logs in once, and the program continues later.",
                "The user can consent once.",
                "Request offline_access, store the refresh token, and refresh without the browser.",
            ),
        ),
        source="https://hl7.org/fhir/smart-app-launch/backend-services.html",
        confidence="documented",
    ),
    KnownError(
        id="smart-sandbox-retired",
        text=(
            (
                "fhir-open-api-dstu2.smarthealthit.org",
                "fhir-open-api.smarthealthit.org",
                "fhir-api-dstu2.smarthealthit.org",
                "fhir-dstu2.smarthealthit.org",
                "sb-fhir-dstu2.smarthealthit.org",
                "sb-fhir-stu3.smarthealthit.org",
                "authorize-dstu2.smarthealthit.org",
                "sandbox.smarthealthit.org",
                "open-ic.epic.com",
                "hspconsortium.org",
                "fhirtest.uhn.ca",
                "spark.furore.com",
            ),
        ),
        captures=(r"(?P<value>[\w.-]+\.(?:smarthealthit\.org|epic\.com|hspconsortium\.org|uhn\.ca|furore\.com))",),
        title="The sandbox {value} was switched off or moved: examples with its host no longer work",
        why="Old tutorials name servers that no longer exist. Their names don't resolve or answer with errors.",
        causes=(
            Cause(
                "The base URL is that of a retired test server.",
                "nslookup of the host fails, or base + /metadata doesn't answer.",
                "Use a current base URL: https://launch.smarthealthit.org/v/r4/fhir, https://hapi.fhir.org/baseR4 or"
                " https://fhir.epic.com/interconnect-fhir-oauth/api/FHIR/R4.",
            ),
            Cause(
                "The example is for DSTU2 and its old resource types.",
                "It uses MedicationOrder or Conformance.",
                "Take an example for R4.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-py/issues/38",
        confidence="observed",
    ),
)
