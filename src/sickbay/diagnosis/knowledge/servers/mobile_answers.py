"""Answers to a mobile or desktop app's login that lack what the library reads, and requests that never arrive."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

APPAUTH = ("appauth", "app-auth", "react-native-app-auth", "flutter_appauth")

ERRORS = (
    KnownError(
        id="appauth-state-in-fragment",
        is_evident=True,
        text=(("but got (null)", "but got null", "state param did not match expected value"),),
        without=("urn:ietf:wg:oauth:2.0:oob",),
        title="state: AppAuth finds no state in the address that comes back, so the answer is in the fragment or isn't one",
        why="AppAuth reads the query of the redirect. Hybrid and implicit answers are in the fragment, and an error page or"
        " another link of the app has no state at all.",
        causes=(
            Cause(
                "`response_type` has more than code, such as `code id_token`.",
                "The address that comes back has # before code or id_token.",
                "Use `response_type=code`, and register the app for the authorization code flow.",
            ),
            Cause(
                "The server leaves out state, or another link of the app was opened.",
                "Look at the address that comes back.",
                "Use a scheme of its own for the login; the server has to return state (RFC 6749 4.1.2).",
            ),
        ),
        source="https://github.com/openid/AppAuth-iOS/issues/88",
        confidence="observed",
    ),
    KnownError(
        id="oob-redirect-in-app",
        is_evident=True,
        text=(
            ("urn:ietf:wg:oauth:2.0:oob",),
            ("react-native", "react native", "appauth", "flutter", "ios", "android", "state mismatch"),
        ),
        without=("accounts.google.com", "google"),
        title="`redirect_uri`: urn:ietf:wg:oauth:2.0:oob shows the code on a page and never returns to the app",
        why="The value stands for copying the code by hand. No app opens for it, so state and code don't arrive.",
        causes=(
            Cause(
                "The app uses oob as its redirect URI.",
                "redirectUrl is urn:ietf:wg:oauth:2.0:oob.",
                "Use a custom scheme, such as com.example.app://auth (Microsoft: msauth.BUNDLE_ID://auth), and register it.",
            ),
        ),
        source="https://github.com/FormidableLabs/react-native-app-auth/issues/591",
        confidence="observed",
    ),
    KnownError(
        id="entra-oob-not-registered",
        is_evident=True,
        text=(
            ("urn:ietf:wg:oauth:2.0:oob",),
            ("aadsts", "microsoft", "powershell", "azure", "reply address"),
            ("reply address", "reply url", "does not match", "not registered", "aadsts50011"),
        ),
        without=("state mismatch", "accounts.google.com"),
        title="`redirect_uri`: the tool sends urn:ietf:wg:oauth:2.0:oob, and the app registration has another one",
        why="Entra ID compares the redirect URI of the request with the registered ones. The tool's own one counts, not the one"
        " that you chose.",
        causes=(
            Cause(
                "The redirect URI of the tool isn't registered.",
                "The address of the login has redirect_uri=urn:ietf:wg:oauth:2.0:oob.",
                "Add urn:ietf:wg:oauth:2.0:oob under Mobile and desktop applications, or configure your URI in the tool.",
            ),
            Cause(
                "It is registered under the platform Web.",
                "Look at the platforms in Authentication.",
                "Add it under Mobile and desktop applications.",
            ),
        ),
        where="Azure portal: App registrations > your app > Authentication",
        source="https://learn.microsoft.com/entra/identity-platform/reply-url",
        confidence="documented",
    ),
    KnownError(
        id="entra-redirect-scheme",
        is_evident=True,
        text=(("has an invalid scheme", "reply uri specified in the request has an invalid"),),
        title="`redirect_uri`: its scheme isn't allowed: Entra ID accepts https, and http only for localhost",
        why="For a web app or single-page app the redirect URI must begin with https://. Custom schemes are for mobile and"
        " desktop apps.",
        causes=(
            Cause(
                "The app sends http:// with another host than localhost, such as an IP address or a host behind a proxy.",
                "Read redirect_uri in the address of the login.",
                "Serve the app by https, and send the https address (use X-Forwarded-Proto behind a proxy).",
            ),
            Cause(
                "The value has another scheme, such as file: or chrome-extension:.",
                "The page was opened as a file.",
                "Open the app by https://, or register the scheme under Mobile and desktop applications.",
            ),
        ),
        source="https://learn.microsoft.com/entra/identity-platform/reply-url",
        confidence="documented",
    ),
    KnownError(
        id="appauth-connection-lost",
        is_evident=True,
        text=(
            ("network connection was lost", "code=-1005", "software caused connection abort", "nsposixerrordomain code=53"),
            ("appauth", "token request", "token endpoint", "/token", "oauth"),
        ),
        title="The token request breaks off: the app sends it before the system has brought it to the foreground again",
        why="While the browser closes, iOS still treats the app as in the background and cuts its connections.",
        causes=(
            Cause(
                "The request starts in the moment of the change back to the app.",
                "It happens on a device right after the login, and not each time.",
                "Wait until the app is active (applicationDidBecomeActive) or begin a background task, and repeat the request.",
            ),
            Cause(
                "The network or a proxy closes the connection.",
                "It happens in the foreground too.",
                "Repeat the request once; look at the server's log whether it arrived.",
            ),
        ),
        source="https://github.com/openid/AppAuth-iOS/issues/336",
        confidence="observed",
    ),
    KnownError(
        id="mobile-client-unauthenticated",
        is_evident=True,
        text=(
            ("no client authentication included", "unsupported authentication method"),
            APPAUTH,
        ),
        title="`client_secret`: the app sends none, and the server has the client registered as confidential",
        why="AppAuth sends only `client_id` unless a secret is configured. Such a request proves nothing for a confidential"
        " client.",
        causes=(
            Cause(
                "The client isn't registered as public.",
                "Its registration has a secret.",
                "Register the app as a public (native) client with PKCE, token_endpoint_auth_method none.",
            ),
            Cause(
                "The secret is needed and isn't configured, or is sent in another way.",
                "The server documents client_secret_basic or client_secret_post.",
                "Set clientSecret, and clientAuthMethod (basic or post) to the registered one.",
            ),
            Cause(
                "The client_id is wrong.",
                "The server's list of clients lacks it.",
                "Copy the client_id from the registration.",
            ),
        ),
        source="https://github.com/FormidableLabs/react-native-app-auth/issues/296",
        confidence="observed",
    ),
)
