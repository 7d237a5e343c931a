"""Errors of Google's authorization endpoint: redirect URIs, clients, consent screen, policies, browsers."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause
from sickbay.diagnosis.knowledge.servers.google_codes import CLIENTS, CONSENT_SCREEN, NATIVE, POLICIES, google

ERRORS = (
    google(
        "redirect-uri-mismatch",
        (
            (
                "redirect_uri_mismatch",
                "does not match the ones authorized for the oauth client",
                "did not match a registered redirect uri",
                "register the redirect uri in the google cloud console",
            ),
        ),
        "redirect_uri isn't registered: {redirect_uri} isn't among the Authorized redirect URIs of this Google client",
        "Google compares the redirect URI exactly: scheme, host, port, path, case and trailing slash.",
        Cause(
            "The URI isn't registered in exactly this form.",
            "Compare the redirect_uri in the error details with the list in the console.",
            "Register exactly {redirect_uri} under Authorized redirect URIs, and wait some minutes.",
        ),
        Cause(
            "The client has another type: a local tool with a changing port needs the type Desktop app.",
            "The redirect_uri is http://localhost with a port that changes.",
            "Create a client of the type Desktop app.",
        ),
        Cause(
            "At the token endpoint: the redirect_uri isn't the same as in the authorize request.",
            "The consent page appeared, and the token request fails.",
            "Send the same redirect_uri, or postmessage if the code came from Google's JavaScript library.",
        ),
        captures=(
            r"redirect uri in the request,? (?P<redirect_uri>https?://[^\s,]{3,200}?)[,.]? (?:does|did)",
            r"redirect_uri=(?P<redirect_uri>https?(?:://|%3A%2F%2F)[^&\s\"']{3,200})",
        ),
        where=f"{CLIENTS} → Authorized redirect URIs",
    ),
    google(
        "origin-mismatch",
        (
            (
                "origin_mismatch",
                "not a valid origin for the client",
                "register the javascript origin",
                "the given origin is not allowed for the given client id",
                "idpiframe_initialization_failed",
            ),
        ),
        "The page's origin isn't one of the Authorized JavaScript origins of this Google client",
        "Google's JavaScript libraries work only on registered origins (scheme, host and port without a path).",
        Cause(
            "The origin isn't registered, for example http://localhost with another port.",
            "Compare location.origin with the list.",
            "Register the exact origin, for localhost both http://localhost and http://localhost:PORT.",
        ),
        Cause(
            "idpiframe_initialization_failed: third-party cookies are blocked, or the library is retired.",
            "The details mention cookies or deprecated libraries.",
            "Use Google Identity Services (accounts.google.com/gsi/client) instead of gapi.auth2.",
        ),
        where=f"{CLIENTS} → Authorized JavaScript origins",
    ),
    google(
        "deprecated-library",
        (
            (
                "libraries for user authentication or authorization that are deprecated",
                "libraries for user authentication that are soon to be deprecated",
                "popup_closed_by_user",
            ),
        ),
        "The app uses Google's retired sign-in library (gapi.auth2), or its popup was closed",
        "New clients can't use the old platform library. Its popup closes at once with popup_closed_by_user.",
        Cause(
            "The page loads apis.google.com/js/platform.js or api:client.",
            "The console names deprecated libraries.",
            "Migrate to Google Identity Services (google.accounts.oauth2.initTokenClient or initCodeClient).",
        ),
        Cause(
            "The origin isn't registered or cookies are blocked, so the popup closes at once.",
            "It closes without a click.",
            "Register the JavaScript origin and allow cookies.",
        ),
        source="https://developers.google.com/identity/gsi/web/guides/gis-migration",
    ),
    google(
        "test-users",
        (
            (
                "has not completed the google verification process",
                "currently being tested, and can only be accessed by developer-approved testers",
                "the developer hasn't given you access to this app",
                "it hasn't been verified by google",
                "google hasn't verified this app",
                "this app isn't verified",
            ),
        ),
        "access_denied: the app is in the publishing status Testing, and this account isn't among its test users",
        "In Testing only the listed test users can sign in. Unverified apps in production show a warning.",
        Cause(
            "The Google account isn't on the list of test users.",
            "Look at the test users of the consent screen.",
            "Add the account under Test users.",
        ),
        Cause(
            "The app is meant for everyone.",
            "Publishing status says Testing.",
            "Publish the app (In production), and have it verified if it uses sensitive scopes.",
        ),
        where=CONSENT_SCREEN,
        source="https://support.google.com/cloud/answer/10311615",
    ),
    google(
        "org-internal",
        (("org_internal", "is restricted to users within its organization", "can only be used within its organization"),),
        "org_internal: the app is restricted to users within its own organisation",
        "The consent screen has the user type Internal, so only accounts of the Workspace organisation can sign in.",
        Cause(
            "The account isn't of the organisation that owns the project.",
            "The address has another domain, or is @gmail.com.",
            "Sign in with an account of the organisation, or change the user type to External.",
        ),
        where=CONSENT_SCREEN,
    ),
    google(
        "admin-policy",
        (
            (
                "admin_policy_enforced",
                "access_not_configured",
                "your institution's admin needs to review",
                "blocked by your admin",
                "admin needs to review",
            ),
        ),
        "The Workspace administrator of the user doesn't allow this app or one of its scopes",
        "Administrators of Google Workspace decide which apps may access data.",
        Cause(
            "The app isn't trusted in the user's organisation.",
            "It works with accounts of other organisations.",
            "Have the administrator trust the client ID under Security → API controls → App access control.",
        ),
        where="Google Admin console → Security → Access and data control → API controls",
    ),
    google(
        "embedded-browser",
        (
            (
                "disallowed_useragent",
                "doesn't comply with google's \"use secure browsers\" policy",
                "use secure browsers",
                "this browser or app may not be secure",
            ),
        ),
        "disallowed_useragent: Google doesn't allow sign-in in an embedded browser (WebView)",
        "Google refuses user agents of embedded browsers, because the app could read the password.",
        Cause(
            "The app opens the sign-in page in a WebView (WKWebView, Android WebView, Electron, in-app browser).",
            "It works in Chrome or Safari.",
            "Open the system browser: ASWebAuthenticationSession on iOS, Custom Tabs on Android, or AppAuth.",
        ),
        source=POLICIES,
    ),
    google(
        "oob",
        (("urn:ietf:wg:oauth:2.0:oob", "oob flow"),),
        "redirect_uri: the out-of-band flow (oob, copying the code) has been switched off by Google",
        "Google blocks redirect_uri=urn:ietf:wg:oauth:2.0:oob since 2022/2023.",
        Cause(
            "The tool uses the old redirect URI for copying the code.",
            "The authorize URL contains oob.",
            "Use a loopback redirect URI (http://127.0.0.1:PORT) with a client of the type Desktop app, or the device flow.",
        ),
        source="https://developers.google.com/identity/protocols/oauth2/resources/oob-migration",
        without=("microsoftonline", "reply address", "reply url", "aadsts", "powershell"),
    ),
    google(
        "custom-scheme",
        (
            (
                "custom uri scheme is not enabled",
                "custom scheme uris are not allowed",
                "custom uri schemes are not",
            ),
        ),
        "redirect_uri: custom URI schemes aren't enabled for this Google client",
        "For Android clients custom schemes are off by default, and clients of the type Web don't allow them at all.",
        Cause(
            "The client has the type Web application, but the app uses com.example.app:/… as redirect URI.",
            "Look at the type of the client.",
            "Create a client of the type Android or iOS, and use its reversed client id as scheme.",
        ),
        Cause(
            "The Android client doesn't allow custom schemes.",
            "Its advanced settings say so.",
            "Enable Custom URI scheme in the advanced settings of the client, or use Google Identity Services.",
        ),
        where=CLIENTS,
        source=NATIVE,
    ),
    google(
        "scheme-form",
        (("missing scheme:", "custom schemes cannot have authority", "custom scheme cannot have"),),
        "redirect_uri: a custom scheme needs the form com.example.app:/path, with one slash",
        "Google accepts custom schemes only without a host: no // after the colon.",
        Cause(
            "The redirect URI is only the scheme, or has two slashes (com.example.app://home).",
            "Compare it with com.example.app:/oauth2redirect.",
            "Send redirect_uri=com.example.app:/oauth2redirect, and use com.example.app as scheme in the manifest.",
        ),
        source=NATIVE,
    ),
    google(
        "strict-discovery",
        (
            (
                "strictdiscoverydocumentvalidation",
                "every url in discovery document has to start with the issuer",
                "discovery_document_validation_error",
            ),
        ),
        "angular-oauth2-oidc refuses the discovery document, because its endpoints don't begin with the issuer",
        "With strictDiscoveryDocumentValidation every URL has to begin with the issuer. Google's and Microsoft's don't.",
        Cause(
            "The provider uses several hosts, which OpenID Connect allows.",
            "token_endpoint or jwks_uri has another host than the issuer.",
            "Set strictDiscoveryDocumentValidation: false.",
        ),
        Cause(
            "The configured issuer isn't the one in the document.",
            "The message names expected and current issuer.",
            "Set issuer to the value in the discovery document, with or without the slash at the end.",
        ),
        source="https://github.com/manfredsteyer/angular-oauth2-oidc/issues/419",
        confidence="observed",
    ),
    google(
        "unreachable",
        (
            (
                "got: 403 forbidden",
                "outgoing request timed out",
                "connect etimedout",
                "getaddrinfo enotfound",
                "getaddrinfo eai_again",
                "unable to get local issuer certificate",
                "self signed certificate in certificate chain",
                "self-signed certificate in certificate chain",
                "network is unreachable",
            ),
        ),
        "The app's server couldn't reach Google's endpoints: network, proxy or region blocks them",
        "The browser got through to Google, but the server needs a connection of its own for keys and tokens.",
        Cause(
            "A firewall, proxy or VPN blocks or replaces the connection, or Google blocks the region (403).",
            "curl https://www.googleapis.com/oauth2/v3/certs on the server fails too.",
            "Allow accounts.google.com, oauth2.googleapis.com and www.googleapis.com, or configure the proxy.",
        ),
        Cause(
            "A proxy with its own certificate, or a slow network.",
            "The message speaks of certificate or timeout.",
            "Add the proxy's certificate (NODE_EXTRA_CA_CERTS), or raise the HTTP timeout.",
        ),
        source="https://github.com/nextauthjs/next-auth/issues/7848",
        confidence="observed",
        named=True,
    ),
    google(
        "https-redirect-of-native-app",
        (
            ("googleusercontent.com", "accounts.google.com"),
            ('"https://com.', "'https://com.", "=https://com.", '"http://com.', "https%3a%2f%2fcom."),
        ),
        "redirect_uri: it is an https address made of the app's package name, where a native app needs a custom scheme",
        "https://com.example.app is a host on the web. Android and iOS open the app by a custom scheme or a verified link.",
        Cause(
            "The redirect URI has https:// in front of the package name.",
            "The host begins with com. and doesn't exist.",
            "Use the custom scheme com.example.app:/oauth2redirect (or the reversed client id) in the configuration "
            "and as scheme in the manifest.",
        ),
        source=NATIVE,
        confidence="inferred",
    ),
    google(
        "oauth-client-not-found",
        (
            (
                "the oauth client was not found",
                "the oauth client was invalid",
                "deleted_client",
                "the oauth client was deleted",
                "oauth client was disabled",
                "disabled_client",
            ),
        ),
        "client_id: Google doesn't know this OAuth client",
        "The client_id has to be that of an existing client in a Google Cloud project.",
        Cause(
            "The client_id is mistyped, incomplete, a placeholder, or has spaces or quotes around it.",
            "It has to end with .apps.googleusercontent.com.",
            "Copy the client ID from the console again, and check that the environment variable isn't empty.",
        ),
        Cause(
            "The client was deleted or disabled, or its secret was sent instead.",
            "It isn't in the list of credentials.",
            "Create a new OAuth client and use its ID.",
        ),
        where=CLIENTS,
    ),
)
