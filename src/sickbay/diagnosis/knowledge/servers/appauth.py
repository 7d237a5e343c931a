"""AppAuth for Android, iOS, JavaScript and Flutter, and other problems of mobile apps."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.servers.phrases import APP_NOT_OPENED

ERRORS = (
    KnownError(
        id="appauth-cancelled",
        text=(
            (
                "user cancelled flow",
                "user cancelled authorization flow",
                "openid.appauth.general error -3",
                "openid.appauth.general error -4",
                "appauth.general error -4",
                "program cancelled flow",
                "programcanceledauthorizationflow",
                "flutterappauthusercancelledexception",
                "user canceled flow",
                "aswebauthenticationsessionerror error 1",
                "com.apple.authenticationservices.webauthenticationsession error 1",
                "com.apple.safariservices.authentication error 1",
            ),
        ),
        title="AppAuth reports a cancelled login: the browser closed before the app got the redirect",
        why="AppAuth can't tell a user who closes the browser from a redirect that never reaches the app.",
        causes=(
            Cause(
                "The user closed the browser.",
                "It happens only if the browser is closed by hand.",
                "Treat it as a normal outcome and offer the login again.",
            ),
            Cause(
                "The redirect URI's scheme isn't registered in the app, or the activity is in the way (launchMode,"
                " taskAffinity).",
                "It happens although the user logs in; the browser shows the redirect URI or a blank page.",
                "Set appAuthRedirectScheme (Android) or CFBundleURLSchemes (iOS) to the scheme of the redirect URI, in lower"
                " case.",
            ),
            Cause(
                "The app doesn't keep the session object, or started the login before it had a window.",
                "currentAuthorizationFlow is a local variable, or no login page appears.",
                "Keep the flow in a property, and start the login when the app is in the foreground.",
            ),
            Cause(
                "The authorization server answered with an error page, and the user went back.",
                "The page in the browser has an error such as invalid_client or redirect_uri mismatch.",
                "Fix that error: compare client_id and redirect URI with the registration.",
            ),
        ),
        source="https://github.com/openid/AppAuth-Android/issues/756",
        confidence="observed",
    ),
    KnownError(
        id="appauth-not-returning",
        text=(
            APP_NOT_OPENED,
            (
                "android",
                "ios",
                "flutter",
                "mobile",
                "appauth",
                "custom scheme",
                "custom url scheme",
                "intent-filter",
                "react native",
                "expo",
                "xamarin",
                "maui",
                "deep link",
            ),
            ("oauth", "auth", "login", "sign", "redirect"),
        ),
        title="The redirect doesn't come back to the mobile app: its scheme isn't registered, or the redirect URI isn't"
        " complete",
        why=("The system opens the app only if the scheme of the redirect URI is registered by it, exactly and in lower case."),
        causes=(
            Cause(
                "The scheme in the manifest or Info.plist differs from that of the redirect URI, or has capitals or"
                " underscores.",
                "Compare appAuthRedirectScheme or CFBundleURLSchemes with the part of the redirect URI before the colon.",
                "Register the scheme in lower case without ://, and use scheme:/callback (Google) or scheme://callback as"
                " redirect"
                " URI in app and server.",
            ),
            Cause(
                "The redirect URI is https, and App Links or Universal Links aren't verified.",
                "The browser opens the https page.",
                "Add an intent filter with autoVerify and assetlinks.json (Android) or apple-app-site-association (iOS), or"
                " use a"
                " custom scheme.",
            ),
            Cause(
                "Chrome blocks a redirect to an app without a click.",
                "It fails when the user is logged in already.",
                "Show a consent page or a button before the redirect (prompt=login), or use App Links.",
            ),
        ),
        source="https://github.com/MaikuB/flutter_appauth/issues/141",
        confidence="observed",
    ),
    KnownError(
        id="appauth-redirect-uri-form",
        text=(
            (
                "missing scheme",
                "custom schemes cannot have authority",
                "custom scheme uris are not allowed",
                "appauthredirectscheme> is provided",
                "<appauthredirectscheme>",
            ),
        ),
        captures=(r"(?:scheme|authority): (?P<redirect_uri>[\w.:/-]+)",),
        title="redirect_uri {redirect_uri} isn't in the form that is required for mobile apps",
        why="A redirect URI needs a scheme and a path. Google wants a single slash after the scheme; the Android build needs"
        " the"
        " scheme as a placeholder.",
        causes=(
            Cause(
                "The redirect URI has no scheme, or two slashes where Google allows only one.",
                "The message quotes it.",
                "Use com.example.app:/oauth2redirect as redirect URI: scheme, colon, one slash, path.",
            ),
            Cause(
                "The placeholder for the manifest isn't set.",
                "The build fails with 'requires a placeholder substitution'.",
                "Set manifestPlaceholders += [appAuthRedirectScheme: 'com.example.app'] in build.gradle.",
            ),
        ),
        source="https://github.com/MaikuB/flutter_appauth/issues/100",
        confidence="observed",
    ),
    KnownError(
        id="appauth-no-browser",
        text=(
            (
                "activitynotfoundexception",
                "no activity found to handle intent",
                "no compatible browser",
                "no browser is installed",
                "unable to open the browser",
                "org.openid.appauth.general error -9",
                "org.openid.appauth.general error -10",
                "authorize_and_exchange_code_failed, null, null",
            ),
        ),
        title="AppAuth found no browser for the login",
        why="Since Android 11, an app sees only the packages that its manifest queries, so it doesn't find the browser.",
        causes=(
            Cause(
                "The manifest has no queries element for browsers.",
                "targetSdkVersion is 30 or higher, and a browser is installed.",
                "Add <queries> with an intent VIEW, category BROWSABLE and scheme https to AndroidManifest.xml.",
            ),
            Cause(
                "The device has no browser, or it is disabled.",
                "A link in another app doesn't open either.",
                "Install or enable a browser.",
            ),
        ),
        source="https://developer.android.com/training/package-visibility",
        confidence="documented",
    ),
    KnownError(
        id="appauth-network-error",
        text=(
            (
                "org.openid.appauth.general error -5",
                '"type":0,"code":3',
                "appauth.general error -6",
                "nsurlerrordomain",
                "kcfstreamerrordomainkey",
            ),
        ),
        title="AppAuth couldn't reach the discovery, token or userinfo endpoint: a network error of the system",
        why="The connection failed before any answer: no network, unknown host, http instead of https, or an untrusted"
        " certificate.",
        causes=(
            Cause(
                "The address is wrong or can't be reached from the device.",
                "Opening it in the phone's browser fails too.",
                "Correct the issuer; an Android emulator reaches your machine as 10.0.2.2.",
            ),
            Cause(
                "The address is http, or the certificate isn't trusted (NSURLErrorDomain -1022, -1200, -1202).",
                "The underlying error has that number.",
                "Use https with a trusted certificate.",
            ),
        ),
        source="https://github.com/openid/AppAuth-iOS",
        confidence="documented",
    ),
    KnownError(
        id="appauth-token-error",
        text=(
            (
                "org.openid.appauth.oauth_token error",
                "authorize_and_exchange_code_failed",
                "token_failed",
                "exchange_code_failed",
            ),
            ("oauth_token error", "invalid_", "unauthorized_client", "unsupported_grant", "access_denied", "server_error"),
        ),
        without=("user cancelled",),
        captures=(r"\[error: (?P<value>\w+)",),
        title="The token request of AppAuth was refused by the server: {value}",
        why="The numbers of org.openid.appauth.oauth_token stand for OAuth codes: -2 invalid_request, -3 invalid_client, -10"
        " invalid_grant, -4 unauthorized_client, -11 unsupported_grant_type.",
        causes=(
            Cause(
                "invalid_client: the client is registered as confidential, and the app sends no client secret.",
                "The registration has a secret or says web application.",
                "Register the app as a public (native) client with PKCE; if the server insists, pass clientSecret.",
            ),
            Cause(
                "invalid_grant: the code or refresh token has expired or was used already, or the redirect URI differs.",
                "A new login works.",
                "Start a new login; use the same redirect URI in both requests.",
            ),
            Cause(
                "The token endpoint isn't the one of the issuer.",
                "Compare with token_endpoint in the discovery document.",
                "Use discovery instead of endpoints by hand.",
            ),
        ),
        source="https://github.com/MaikuB/flutter_appauth/issues/56",
        confidence="observed",
    ),
    KnownError(
        id="appauth-id-token",
        text=(
            (
                "org.openid.appauth.general error -15",
                "org.openid.appauth.general error -14",
                "id token validation error",
                "id token parsing error",
                "idtokenexception",
                "unable to parse id token",
                "'type':1,'code':9",
            ),
        ),
        title="AppAuth refused the ID token of the token response",
        why="It checks iss, aud, exp, iat (at most 10 minutes off), and nonce of the token.",
        causes=(
            Cause(
                "The device's clock is wrong.",
                "The message says expired or 'Issued at time is more than 10 minutes'.",
                "Ask the user to switch on automatic time.",
            ),
            Cause(
                "The issuer in the token isn't that of the discovery document.",
                "The message says 'Issuer mismatch'; compare both, with the slash at the end.",
                "Configure the issuer exactly as iss in the token has it.",
            ),
            Cause(
                "The issuer is http.",
                "The message says that the issuer must be an https URL.",
                "Use https, or setSkipIssuerHttpsCheck(true) for tests.",
            ),
        ),
        source="https://github.com/openid/AppAuth-Android/issues/842",
        confidence="documented",
    ),
    KnownError(
        id="appauth-discovery",
        text=(
            (
                "org.openid.appauth.general error -2",
                "invalid discovery document",
                "invaliddiscoverydocument",
                '"type":0,"code":0',
            ),
        ),
        title="AppAuth can't use the discovery document: it isn't JSON, or a required member is missing",
        why="The library needs issuer, authorization_endpoint, token_endpoint, jwks_uri, response_types_supported,"
        " subject_types_supported and the signing algorithms.",
        causes=(
            Cause(
                "The address isn't that of an OpenID configuration, such as smart-configuration.",
                "Open it: a member of the list is missing.",
                "Pass the authorization and token endpoints by AuthorizationServiceConfiguration instead of discovery.",
            ),
            Cause(
                "The address answers with a page.",
                "The body begins with <.",
                "Correct the issuer.",
            ),
        ),
        source="https://github.com/openid/AppAuth-Android",
        confidence="documented",
    ),
    KnownError(
        id="mobile-embedded-browser",
        text=(
            (
                "disallowed_useragent",
                "403 disallowed_useragent",
                "doesn't comply with google's policy for browsers",
                "embedded user-agent",
                "use secure browsers",
            ),
        ),
        title="The login page refuses an embedded browser (WebView)",
        why=(
            "Google and others allow logins only in the system's browser, because an app could read the password in a WebView."
        ),
        causes=(
            Cause(
                "The app opens the login in a WebView.",
                "The login isn't shown in Chrome Custom Tabs or ASWebAuthenticationSession.",
                "Open it in the system's browser, for example by AppAuth.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc8252#section-8.12",
        confidence="documented",
    ),
    KnownError(
        id="appauth-refresh-refused",
        text=(
            (
                "refresh token expired",
                "refresh token has expired",
                "refresh token is invalid",
                "refresh token is expired",
                "invalid refresh token",
                "invalid_refresh_token",
                "refresh token is not valid",
                "refresh token not found",
                "refresh token was revoked",
                "refresh token revoked",
                "error fetching fresh tokens",
                '"code":2002',
                "unknown refresh token",
                "refresh token does not exist",
                "refresh_token is invalid",
            ),
        ),
        without=("refresh token is not expired",),
        title="The refresh token was refused: it has expired, was used already (rotation), or its session has ended",
        why="A refresh token has its own idle and maximum lifetime. With rotation, each refresh returns a new one, and the"
        " old one"
        " becomes invalid. AppAuth reports this as type 2, code 2002.",
        causes=(
            Cause(
                "Its lifetime or the session's idle time is over, for example after minutes or days without use.",
                "It fails after about the same time; the server's settings show the times.",
                "Log in again; request offline_access, or raise the idle and maximum lifetime in the server's client settings.",
            ),
            Cause(
                "An old refresh token was sent: the new one wasn't stored, or two refreshes ran at the same time.",
                "The first refresh works, a later one fails.",
                "Store the newest refresh token (the whole AuthState) after each refresh, and refresh in one place only.",
            ),
            Cause(
                "It was revoked: logout, changed password, or an update of the app or its registration.",
                "Only some users are concerned.",
                "Log in again.",
            ),
        ),
        source="https://github.com/openid/AppAuth-Android/issues/531",
        confidence="observed",
    ),
    KnownError(
        id="appauth-stale-token",
        text=(
            ("lasttokenresponse", "authstate", "performactionwithfreshtokens"),
            ("no longer valid", "expired token", "is expired", "old token", "stale", "with expired", "401", "not refreshed"),
        ),
        without=("invalid_grant",),
        title="An old access token is used although AppAuth has a fresh one",
        why="performActionWithFreshTokens refreshes if the token has expired, and passes the current access token to its"
        " callback."
        " A copy that was read before isn't updated.",
        causes=(
            Cause(
                "The app uses a stored copy or lastTokenResponse instead of the token that the callback gets.",
                "Compare the token of the request with that of the callback.",
                "Use the accessToken that the callback of performActionWithFreshTokens passes, each time.",
            ),
            Cause(
                "The changed AuthState isn't saved, so the old one is loaded after a restart.",
                "It fails after a restart of the app.",
                "Save AuthState in its state-change callback.",
            ),
            Cause(
                "The response had no expires_in, or the device's clock is wrong, so AppAuth doesn't notice the end.",
                "accessTokenExpirationDate is empty or wrong.",
                "Call setNeedsTokenRefresh when the server answers 401.",
            ),
        ),
        source="https://github.com/openid/AppAuth-iOS/issues/204",
        confidence="documented",
    ),
)
