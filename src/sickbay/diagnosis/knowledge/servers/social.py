"""Errors of other OAuth providers: LinkedIn, Facebook, Apple, Slack, Discord, X, Zoom."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause, Confidence, KnownError


def provider(
    name: str,
    text: tuple[tuple[str, ...], ...],
    title: str,
    why: str,
    *causes: Cause,
    source: str,
    where: str = "",
    confidence: Confidence = "documented",
) -> KnownError:
    return KnownError(
        id=name, text=text, title=title, why=why, causes=causes, where=where, source=source, confidence=confidence
    )


LINKEDIN = "https://learn.microsoft.com/linkedin/shared/authentication/authorization-code-flow"
FACEBOOK = "https://developers.facebook.com/docs/facebook-login/security"
APPLE = "https://developer.apple.com/documentation/signinwithapplerestapi/errorresponse"

ERRORS = (
    provider(
        "linkedin-scope",
        (("unauthorized_scope_error", "is not authorized for your application"),),
        "scope: LinkedIn hasn't authorized this app for a requested scope",
        "LinkedIn's scopes come with products that are added to the app. New apps get openid, profile and email.",
        Cause(
            "The product with this scope isn't added to the app, or the scope is retired (r_liteprofile, r_emailaddress).",
            "The tab Auth of the app lists its scopes.",
            "Request only listed scopes: add Sign In with LinkedIn using OpenID Connect and send scope=openid profile email.",
        ),
        where="LinkedIn Developers → your app → Products and Auth",
        source=LINKEDIN,
    ),
    provider(
        "linkedin-redirect-uri",
        (
            (
                "the redirect_uri does not match the registered value",
                "this value must match a url registered with the api key",
                "bummer, something went wrong",
            ),
        ),
        "redirect_uri isn't one of the redirect URLs that are registered for the app",
        "LinkedIn compares it exactly.",
        Cause(
            "It differs in scheme, host, port, path or trailing slash from the registered one.",
            "Compare the redirect_uri in the address bar with the list. ASP.NET uses /signin-linkedin.",
            "Register exactly the redirect URI that the app sends.",
        ),
        where="LinkedIn Developers → your app → Auth → Authorized redirect URLs",
        source=LINKEDIN,
    ),
    provider(
        "linkedin-code",
        (
            (
                "appid/redirect uri/code verifier does not match authorization code",
                "appid or redirect uri does not match authorization code",
                "external member binding exists",
            ),
        ),
        "code: the authorization code has expired, was used already, or doesn't belong to this app and redirect URI",
        "LinkedIn binds a code to client, redirect URI and verifier, and redeems it once within 30 minutes.",
        Cause(
            "The callback redeems the code a second time.",
            "Only the second request fails.",
            "Redeem the code once.",
        ),
        Cause(
            "The redirect_uri differs from the authorize request.",
            "Compare both.",
            "Send the same redirect_uri in both requests.",
        ),
        source=LINKEDIN,
    ),
    provider(
        "facebook-redirect-uri",
        (
            (
                "redirect uri is not whitelisted",
                "url blocked:",
                "given url is not allowed by the application configuration",
                "can't load url",
                "domain of this url isn't included in the app's domains",
                "error validating verification code. please make sure your redirect_uri is identical",
            ),
        ),
        "redirect_uri isn't among the Valid OAuth Redirect URIs of the Facebook app",
        "Facebook compares the whole URI in strict mode and needs Client and Web OAuth login switched on.",
        Cause(
            "The URI isn't registered exactly, with path and https.",
            "Compare the redirect_uri in the address bar with the list.",
            "Register exactly the redirect URI that the app sends, and add its domain to App domains.",
        ),
        Cause(
            "At the token endpoint the redirect_uri differs from the one of the dialog.",
            "The message speaks of the verification code.",
            "Send the same redirect_uri in both requests.",
        ),
        where="Meta for Developers → your app → Facebook Login → Settings → Valid OAuth Redirect URIs",
        source=FACEBOOK,
    ),
    provider(
        "facebook-code",
        (
            (
                "this authorization code has been used",
                "this authorization code has expired",
                "code was already used or is expired",
            ),
        ),
        "code: the authorization code was used already or has expired",
        "Facebook redeems a code once.",
        Cause(
            "The callback runs twice, for example after a reload.",
            "The first request succeeded.",
            "Redeem the code once and redirect to an address without it.",
        ),
        source=FACEBOOK,
    ),
    provider(
        "facebook-app-mode",
        (
            (
                "app not active",
                "this app is in development mode",
                "app isn't available",
                "app needs at least one supported permission",
                "feature unavailable: facebook login",
            ),
        ),
        "The Facebook app is in development mode or lacks a permission, so this user can't sign in",
        "Only people with a role in the app can use it until it is live.",
        Cause(
            "The app isn't live, or the permission email or public_profile has no advanced access.",
            "The App mode in the dashboard says Development.",
            "Publish the app and request advanced access, or add the user as tester.",
        ),
        where="Meta for Developers → your app → App settings",
        source=FACEBOOK,
    ),
    provider(
        "apple-invalid-client",
        (
            ("appleid.apple.com", "sign in with apple", "apple sign in", "apple sign-in", "signinwithapple"),
            ("invalid_client", "invalid client", "invalid-credential"),
        ),
        "invalid_client: Apple doesn't accept client_id or the client secret, which has to be a signed JWT",
        "The secret is a JWT signed with ES256: iss is the Team ID, sub the client_id, aud https://appleid.apple.com, "
        "at most 6 months.",
        Cause(
            "The JWT has expired, or its kid, iss, sub or key is wrong.",
            "Decode it and compare it with Team ID, Key ID and Services ID.",
            "Sign a new JWT with ES256 and the .p8 key.",
        ),
        Cause(
            "client_id is the App ID where the Services ID is needed (web), or vice versa (native app).",
            "The code was obtained with another client_id.",
            "Use the Services ID on the web and the bundle ID in the app.",
        ),
        source=APPLE,
    ),
    provider(
        "apple-redirect",
        (
            ("appleid.apple.com", "sign in with apple", "apple sign in"),
            ("invalid_request", "invalid redirect_uri", "invalid web redirect url", "invalid redirect"),
        ),
        "redirect_uri isn't registered for the Services ID, or Apple doesn't allow it",
        "Apple allows only https URIs with a domain: no localhost and no IP address. With scope name or email "
        "response_mode has to be form_post.",
        Cause(
            "The Return URL isn't registered exactly, or is localhost.",
            "Compare with the Services ID.",
            "Register the https Return URL and its domain.",
        ),
        Cause(
            "response_mode isn't form_post.",
            "scope isn't empty.",
            "Send response_mode=form_post.",
        ),
        where="Apple Developer → Identifiers → Services IDs → Configure",
        source=APPLE,
    ),
    provider(
        "slack-oauth",
        (
            (
                "bad_redirect_uri",
                "redirect_uri did not match any configured uris",
                "bad_client_secret",
                "invalid_code",
                "invalid_client_id",
                "oauth_authorization_url_mismatch",
            ),
            ("slack",),
        ),
        "Slack refused the OAuth request: redirect_uri, client or code isn't the registered one",
        "The error's name says which: bad_redirect_uri, bad_client_secret, invalid_client_id or invalid_code.",
        Cause(
            "redirect_uri isn't registered or differs between both requests.",
            "bad_redirect_uri.",
            "Register the exact https redirect URL and send the same in oauth.v2.access.",
        ),
        Cause(
            "The code was used already or is older than 10 minutes, or was made by another app.",
            "invalid_code.",
            "Redeem the code once and at once.",
        ),
        where="Slack API → your app → OAuth & Permissions → Redirect URLs",
        source="https://api.slack.com/methods/oauth.v2.access",
    ),
    provider(
        "zoom-redirect",
        (("invalid redirect", "redirect url", "(4,700)", "4700", "4,700"), ("zoom",)),
        "redirect_uri isn't in the OAuth allow list of the Zoom app (4,700)",
        "Zoom compares it with Redirect URL for OAuth and the allow list.",
        Cause(
            "The URI isn't listed exactly.",
            "Compare both.",
            "Register exactly the redirect URI in the allow list of the app.",
        ),
        source="https://developers.zoom.us/docs/integrations/oauth/",
    ),
    provider(
        "x-app-only-context",
        (
            (
                "something went wrong",
                "you weren't able to give access to the app",
                "unsupported authentication",
                "application-only is forbidden",
            ),
            ("twitter", "x.com", "tweet"),
        ),
        "X (Twitter) refused the OAuth request or the kind of token",
        "Callback URI and type of app have to fit the registration, and some endpoints need a user token.",
        Cause(
            "The callback URI isn't registered exactly, or a scope or PKCE parameter is missing.",
            "The page says that access can't be given.",
            "Register the exact redirect URI and send code_challenge and scope.",
        ),
        Cause(
            "An app-only Bearer token was used.",
            "The error says Unsupported Authentication.",
            "Use an access token of the user context.",
        ),
        source="https://docs.x.com/resources/fundamentals/authentication",
        confidence="observed",
    ),
)
