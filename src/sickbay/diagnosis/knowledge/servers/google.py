"""Errors of Google's authorization endpoint: redirect URIs, clients, consent screen, policies, browsers."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause
from sickbay.diagnosis.knowledge.servers.google_codes import CLIENTS, CONSENT_SCREEN, google
from sickbay.diagnosis.knowledge.servers.phrases import BROWSER_BLOCKED, FRAME_BLOCKED

NATIVE = "https://developers.google.com/identity/protocols/oauth2/native-app"
POLICIES = "https://developers.google.com/identity/protocols/oauth2/policies"

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
        "redirect_uri: {redirect_uri} isn't one of the Authorized redirect URIs of this Google client",
        "Google compares the redirect URI exactly: scheme, host, port, path, case and trailing slash.",
        Cause(
            "The URI isn't registered in exactly this form.",
            "Compare the redirect_uri in the error details with the list in the console.",
            "Register exactly {redirect_uri} under Authorized redirect URIs, and wait some minutes.",
        ),
        Cause(
            "The client is of another type: a local tool with a changing port needs the type Desktop app.",
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
        (("urn:ietf:wg:oauth:2.0:oob", "oob flow", "out-of-band"),),
        "redirect_uri: the out-of-band flow (oob, copying the code) has been switched off by Google",
        "Google blocks redirect_uri=urn:ietf:wg:oauth:2.0:oob since 2022/2023.",
        Cause(
            "The tool uses the old redirect URI for copying the code.",
            "The authorize URL contains oob.",
            "Use a loopback redirect URI (http://127.0.0.1:PORT) with a client of the type Desktop app, or the device flow.",
        ),
        source="https://developers.google.com/identity/protocols/oauth2/resources/oob-migration",
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
            "The client is of the type Web application, but the app uses com.example.app:/… as redirect URI.",
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
                "no application name",
                "disabled_client",
            ),
        ),
        "client_id: Google doesn't know this OAuth client",
        "The client_id has to be that of an existing client in a Google Cloud project.",
        Cause(
            "The client_id is mistyped, incomplete, a placeholder, or has blanks or quotes around it.",
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
    google(
        "private-ip",
        (("device_id and device_name are required for private ip",),),
        "redirect_uri: Google doesn't accept a private IP address as redirect URI",
        "Only localhost and public domains are allowed.",
        Cause(
            "The app is opened by an address such as http://192.168.0.10.",
            "Look at redirect_uri.",
            "Use http://localhost, or a domain name that resolves to the address.",
        ),
        source=POLICIES,
    ),
    google(
        "oauth-policy",
        (
            (
                "doesn't comply with google's oauth 2.0 policy",
                "does not comply with google's oauth 2.0 policy",
                "app's request is invalid",
                "sent an invalid request",
            ),
        ),
        "Google blocks the authorize request, because a parameter of it breaks Google's OAuth rules",
        "The page's error details name the parameter, most often redirect_uri or the kind of client.",
        Cause(
            "The redirect URI isn't registered, isn't https, is a raw IP or a private domain, or has a fragment.",
            "Error details say redirect_uri_mismatch or invalid_request.",
            "Register an https redirect URI with a public domain (http only for localhost).",
        ),
        Cause(
            "The request contains a parameter that Google doesn't allow, or the client is of the wrong type.",
            "Error details say Parameter not allowed for this message type.",
            "Remove that parameter, or create a client of the right type.",
        ),
        where=CLIENTS,
        source=POLICIES,
    ),
    google(
        "parameter-not-allowed",
        (("parameter not allowed for this message type",),),
        "Google doesn't allow the parameter {parameter} in this request",
        "Google refuses parameters that don't belong to the flow.",
        Cause(
            "The library sends a parameter that isn't Google's, or that belongs to another response_type.",
            "The message names it.",
            "Remove {parameter} from the request.",
        ),
        captures=(r"message type: (?P<parameter>\w+)",),
        named=True,
    ),
    google(
        "missing-parameter",
        (("missing required parameter", "required parameter is missing"),),
        "{parameter} is missing in the request to Google",
        "Google needs client_id, response_type and more in the query; the token endpoint reads them from a form body.",
        Cause(
            "The parameter isn't sent, is empty because a variable isn't set, or stands in the wrong place.",
            "Look at the URL in the address bar or at the raw body.",
            "Send {parameter} in the query of the authorize URL, or in the form-encoded body of the token request.",
        ),
        captures=(r"required parameter:? (?P<parameter>\w+)",),
        named=True,
    ),
    google(
        "scope-invalid",
        (("some requested scopes were invalid", "some requested scopes cannot be shown", "invalid_scope", "invalid=["),),
        "scope: Google doesn't know a requested scope",
        "Google's scopes are openid, email, profile, or full URLs. It has no offline_access and no SMART scopes.",
        Cause(
            "A scope is misspelt, has the wrong separator, or belongs to another provider (offline_access, patient/*.read).",
            "The message lists the invalid scopes.",
            "Send full scope URLs such as https://www.googleapis.com/auth/cloud-healthcare, separated by blanks. Use "
            "access_type=offline for a refresh token.",
        ),
        Cause(
            "The API of the scope isn't enabled in the project.",
            "Look at the enabled APIs.",
            "Enable the API and add the scope to the consent screen.",
        ),
        source="https://developers.google.com/identity/protocols/oauth2/scopes",
        named=True,
    ),
    google(
        "authorize-by-script",
        (BROWSER_BLOCKED, ("accounts.google.com", "google")),
        "Google's sign-in page was called by script (fetch or XMLHttpRequest), and the browser blocked it by CORS",
        "The authorization endpoint shows a page and sends no CORS headers. The browser window has to go there.",
        Cause(
            "The app calls the login route of its server with fetch or axios, and it redirects to accounts.google.com.",
            "The network tab shows a 302 to accounts.google.com.",
            "Navigate the browser window with a link or window.location, not by script.",
        ),
        confidence="observed",
    ),
    google(
        "in-frame",
        (FRAME_BLOCKED, ("accounts.google.com",)),
        "Google's sign-in page can't be shown in a frame (iframe)",
        "The page forbids framing by X-Frame-Options.",
        Cause(
            "The app redirects within an iframe.",
            "It works in a tab of its own.",
            "Open the sign-in in a popup or new window.",
        ),
        confidence="observed",
    ),
    google(
        "android-developer-error",
        (
            (
                "apiexception: 10",
                "developer_error",
                "12500:",
                "apiexception: 12500",
                "developer console is not set up correctly",
            ),
        ),
        "Android: the package name and signing certificate (SHA-1) aren't those of an OAuth client (DEVELOPER_ERROR)",
        "Google finds the Android client by package name and SHA-1. For ID tokens the app passes the web client's ID.",
        Cause(
            "The SHA-1 of the key that signed this build isn't registered.",
            "Compare it with the output of keytool or signingReport. Play signs with another key.",
            "Register the SHA-1 and package name in an Android client.",
        ),
        Cause(
            "requestIdToken got the Android client's ID.",
            "Compare the ids.",
            "Pass the client ID of the type Web application.",
        ),
        where=CLIENTS,
        source="https://developers.google.com/android/guides/client-auth",
    ),
)
