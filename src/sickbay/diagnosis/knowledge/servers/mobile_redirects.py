"""Redirect URIs of mobile apps that the server refuses or the device doesn't hand to the app."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

RFC8252 = "https://www.rfc-editor.org/rfc/rfc8252#section-7"

ERRORS = (
    KnownError(
        id="redirect-scheme-character",
        is_evident=True,
        text=(
            (
                "check that you are not including non printable chars",
                "uri scheme is not valid",
                "illegal character in scheme",
                "scheme contains invalid characters",
            ),
            ("_", "illegal character"),
        ),
        without=("index 0",),
        captures=(r"(?P<redirect_uri>[A-Za-z][\w.+-]*_[\w.+-]*://?[^\s\"']*)",),
        title="`redirect_uri`: its scheme has an underscore, which no URI scheme may have: {redirect_uri}",
        why="A scheme has only letters, digits, +, - and . (RFC 3986 3.1). Package names may have underscores, schemes may"
        " not.",
        causes=(
            Cause(
                "The scheme is the package name, which has an underscore.",
                "Look at what stands before the first colon.",
                "Use a scheme without underscores in the app and in the registration, or rename the package.",
            ),
            Cause(
                "The URI has a blank or an invisible character from copying.",
                "Type it again in the registration.",
                "Delete the URI in both places and type it.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc3986#section-3.1",
        confidence="documented",
    ),
    KnownError(
        id="mobile-http-redirect",
        text=(
            ("android", "ios", "appauth", "react native", "react-native", "flutter", "expo", "mobile app"),
            ("http://localhost", "http://127.0.0.1", "https://localhost"),
            (
                "nothing is captured",
                "not intercept",
                "n't intercept",
                "cannot intercept",
                "not captured",
                "site can't be reached",
                "opens in the browser",
                "stays in the browser",
                "not return to the app",
                "n't return to the app",
                "does not redirect back",
                "doesn't redirect back",
            ),
        ),
        title="`redirect_uri`: the device opens an http address in the browser and not in the app",
        why="Android and iOS hand only custom schemes and verified https links to an app. http://localhost needs a server that"
        " listens on the device.",
        causes=(
            Cause(
                "The redirect URI is http://localhost, which belongs to no app.",
                "The browser shows the address with the code, or that it can't be reached.",
                "Register a custom scheme such as org.example.app:/callback, or an https App Link (Universal Link).",
            ),
            Cause(
                "The server allows only https redirect URIs.",
                "The registration refuses a custom scheme.",
                "Register an https URI whose host has assetlinks.json and apple-app-site-association for the app.",
            ),
        ),
        source=RFC8252,
        confidence="documented",
    ),
    KnownError(
        id="mobile-redirect-scheme-shared",
        text=(
            ("react-native-app-auth", "appauth", "react native"),
            ("deep link", "deeplink", "linking", "intent filter", "intent-filter"),
            ("never resolves", "doesn't resolve", "does not resolve", "nothing happens", "no result", "not working"),
        ),
        title="The app's own deep link takes the redirect, so the login library never gets it",
        why="Two parts of the app claim the same scheme: the router's intent filter and AppAuth's. The router opens the app,"
        " and authorize() waits for ever.",
        causes=(
            Cause(
                "The scheme of the deep links and `appAuthRedirectScheme` are the same.",
                "The scheme occurs twice in AndroidManifest.xml or build.gradle.",
                "Use a scheme of its own for the login, such as com.example.app.auth, in redirectUrl and"
                " appAuthRedirectScheme.",
            ),
            Cause(
                "`appAuthRedirectScheme` isn't set to the scheme of redirectUrl.",
                "Compare build.gradle with redirectUrl.",
                "Set manifestPlaceholders.appAuthRedirectScheme to the part of redirectUrl before the colon.",
            ),
        ),
        source="https://github.com/FormidableLabs/react-native-app-auth#android-setup",
        confidence="documented",
    ),
    KnownError(
        id="appauth-answer-not-json",
        is_evident=True,
        text=(("json deserialization error", "cannot be converted to jsonobject"),),
        without=("id token",),
        captures=(r"Value (?P<value>\S{1,40}) of type java\.lang\.String",),
        title="The token endpoint answered with text that isn't JSON. It begins with {value}",
        why="AppAuth expects JSON from the token endpoint. Not stands for Not Found, and <!DOCTYPE or <html for a web page.",
        causes=(
            Cause(
                "The token endpoint's address is wrong, so that a page or 404 Not Found comes back.",
                "POST to it with curl and read the answer.",
                "Set tokenEndpoint to `token_endpoint` of the server's discovery document, or use discovery.",
            ),
            Cause(
                "A proxy or firewall answers instead of the server.",
                "The answer names another product.",
                "Let the device reach the server directly.",
            ),
        ),
        source="https://github.com/MaikuB/flutter_appauth/issues/344",
        confidence="observed",
    ),
    KnownError(
        id="appauth-id-token-not-jwt",
        is_evident=True,
        text=(("unable to parse id token",), ("jsonexception", "cannot be converted to jsonobject", "json")),
        title="`id_token`: AppAuth can't read it, because it isn't a signed JWT: it is encrypted or has another form",
        why="AppAuth decodes the two parts before the signature as JSON. An encrypted token (five parts) has no such parts.",
        causes=(
            Cause(
                "The server encrypts ID tokens for this client.",
                "The token has four dots instead of two.",
                "Remove id_token_encrypted_response_alg from the client's registration.",
            ),
            Cause(
                "The server returns something else as `id_token`, such as an opaque value.",
                "Decode the part before the first dot with base64url: it isn't JSON.",
                "Ask the server's administrator for signed ID tokens, or don't request the scope openid.",
            ),
        ),
        source="https://github.com/MaikuB/flutter_appauth/issues/536",
        confidence="inferred",
    ),
)
