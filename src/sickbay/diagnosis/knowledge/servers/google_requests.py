"""Errors of Google's authorization endpoint about parameters, scopes, browsers and the network."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause
from sickbay.diagnosis.knowledge.servers.google_codes import CLIENTS, POLICIES, google
from sickbay.diagnosis.knowledge.servers.phrases import BROWSER_BLOCKED, FRAME_BLOCKED

ERRORS = (
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
            "The request contains a parameter that Google doesn't allow, or the client has the wrong type.",
            "Error details say Parameter not allowed for this message type.",
            "Remove that parameter, or create a client of the right type.",
        ),
        where=CLIENTS,
        source=POLICIES,
    ),
    google(
        "parameter-not-allowed",
        (("parameter not allowed for this message type",),),
        "Google doesn't allow {parameter} in this request",
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
            "The parameter isn't sent, is empty because a variable isn't set, or is in the wrong place.",
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
            "Send full scope URLs such as https://www.googleapis.com/auth/cloud-healthcare, separated by spaces. Use "
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
        "Google's sign-in page was called by a script (fetch or XMLHttpRequest), and the browser blocked it by CORS",
        "The authorization endpoint shows a page and sends no CORS headers. The browser window has to go there.",
        Cause(
            "The app calls the login route of its server with fetch or axios, and it redirects to accounts.google.com.",
            "The network tab shows a 302 to accounts.google.com.",
            "Navigate the browser window with a link or window.location, not from a script.",
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
