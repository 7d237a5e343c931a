"""Okta: the authorization endpoint, scopes, access policies and origins."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

API = "https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/tag/CustomAS/"
GENERAL = "Okta Admin Console > Applications > the app > General"
SERVER = "Okta Admin Console > Security > API > Authorization Servers > the server"

ERRORS = (
    KnownError(
        id="okta-redirect-uri-not-registered",
        text=(
            ("redirect_uri' parameter must be", "direct_url' parameter must be", "redirect_uri parameter must be"),
            ("login redirect uri", "whitelisted", "absolute uri", "client app settings"),
        ),
        captures=(r"[?&]redirect_uri=(?P<redirect_uri>[^\s&\"]+)",),
        title="`redirect_uri` isn't one of the app's Sign-in redirect URIs in Okta: {redirect_uri}",
        why="Okta compares the value exactly: scheme, host, port, path and trailing slash.",
        causes=(
            Cause(
                "The URI isn't registered for this app.",
                "Compare redirect_uri in the browser's address bar with the list, character by character.",
                "Add exactly {redirect_uri} to Sign-in redirect URIs.",
            ),
            Cause(
                "The app runs behind a proxy and sends http:// instead of https://.",
                "The address bar shows redirect_uri=http%3A.",
                "Make the app trust X-Forwarded-Proto, so that it sends https.",
            ),
            Cause(
                "client_id belongs to another app.",
                "The error page links to the app that Okta found.",
                "Use the client ID of the app with this redirect URI.",
            ),
        ),
        where=f"{GENERAL} > Login > Sign-in redirect URIs",
        source="https://github.com/okta/samples-python-flask/issues/19",
        confidence="documented",
    ),
    KnownError(
        id="okta-scopes-not-configured",
        text=(("scopes are not configured", "one or more scopes are not"), ("authorization server", "resource")),
        title="`scope`: a requested scope isn't defined at this authorization server",
        why=(
            "Each Okta authorization server has its own list. groups exists at the org server, but not at a custom one such "
            "as default, until you create it."
        ),
        causes=(
            Cause(
                "groups or an own scope isn't defined there.",
                "Compare scope with scopes_supported of the issuer's openid-configuration.",
                "Add the scope at the authorization server, or remove it from the request.",
            ),
            Cause(
                "The app uses another authorization server than the one you configured.",
                "Look at /oauth2/NAME/ in the address.",
                "Set the issuer to the server that has the scope.",
            ),
        ),
        where=f"{SERVER} > Scopes",
        source="https://github.com/okta-samples/okta-express-sample/issues/6",
        confidence="observed",
    ),
    KnownError(
        id="okta-custom-scopes",
        text=(("custom scopes are not allowed",),),
        title=(
            "`scope`: the org authorization server has no custom scopes; the request has to go to a custom authorization server"
        ),
        why=(
            "Addresses without a name after /oauth2/ (https://DOMAIN/oauth2/v1/authorize) belong to the org server, which "
            "issues only OpenID and Okta API scopes."
        ),
        causes=(
            Cause(
                "The issuer is https://DOMAIN.",
                "The request goes to /oauth2/v1/authorize.",
                "Set the issuer to https://DOMAIN/oauth2/default, or to the custom authorization server that has the scope.",
            ),
            Cause("The scope isn't defined at the custom server.", "Compare with scopes_supported.", "Add the scope there."),
        ),
        where=f"{SERVER} > Scopes",
        source="https://github.com/okta/okta-react-native/issues/315",
        confidence="observed",
    ),
    KnownError(
        id="okta-no-default-scope",
        text=(("configured default scopes", "scope' must be provided"),),
        title="`scope` is missing, and the authorization server has no default scope",
        why="Okta needs a scope, unless one is marked as default at the server. client_credentials needs a custom scope.",
        causes=(
            Cause(
                "The request has no scope.",
                "Look at the parameters.",
                "Send scope with a scope that is registered at this authorization server, for example openid profile.",
            ),
            Cause(
                "For client_credentials only OpenID scopes exist.",
                "openid isn't allowed for this grant.",
                "Add a custom scope at the authorization server and request it.",
            ),
        ),
        where=f"{SERVER} > Scopes",
        source=API,
        confidence="documented",
    ),
    KnownError(
        id="okta-policy",
        text=(("policy evaluation failed", "no_matching_policy", "no_matching_scope"),),
        title="No access policy of the authorization server allows this client, user, grant type and scopes",
        why="A custom authorization server issues tokens only if a rule of an access policy matches the request.",
        causes=(
            Cause(
                "No policy is assigned to the client, or it has no rule.",
                "Look at Access Policies of the server.",
                "Add an access policy for the client, and a rule that allows the grant type, the user's group and the scopes.",
            ),
            Cause(
                "The user isn't assigned to the app.",
                "Look at the app's Assignments.",
                "Assign the user or a group to the app.",
            ),
            Cause(
                "A requested scope or grant isn't in the rule.",
                "The System Log names the policy.",
                "Add it to the rule, or request fewer scopes.",
            ),
        ),
        where=f"{SERVER} > Access Policies",
        source="https://github.com/oktadev/okta-wordpress-sign-in-widget/issues/35",
        confidence="documented",
    ),
    KnownError(
        id="okta-user-not-assigned",
        text=(("user is not assigned", "user+is+not+assigned"), ("client application", "client+application")),
        title="The user isn't assigned to the app in Okta",
        why=(
            "Okta lets only assigned users sign in to an app. A session of another app or user in the same browser is used "
            "without asking."
        ),
        causes=(
            Cause(
                "Neither the user nor one of their groups is assigned.",
                "Look at the app's Assignments.",
                "Assign the user or a group to the app.",
            ),
            Cause(
                "The browser is signed in as another user.",
                "It works in a private window.",
                "Sign out of Okta, or send prompt=login.",
            ),
        ),
        where="Okta Admin Console > Applications > the app > Assignments",
        source="https://github.com/okta/samples-nodejs-express-4/issues/105",
        confidence="documented",
    ),
    KnownError(
        id="okta-trusted-origin",
        servers=("okta",),
        text=(
            ("okta",),
            ("cors", "access-control-allow-origin", "cross-origin", "cross origin"),
            ("blocked", "missing", "error", "failed", "fetch"),
        ),
        without=("redirected from",),
        title="CORS: the page's origin isn't among Okta's Trusted Origins",
        why=(
            "Okta sends CORS headers to registered origins only. The token endpoint gets them automatically for the origins "
            "of the redirect URIs, but only for requests with PKCE."
        ),
        causes=(
            Cause(
                "The origin isn't registered.",
                "Compare scheme, host and port of the page with the list.",
                "Add the page's origin to Trusted Origins with CORS ticked.",
            ),
            Cause(
                "The app is of type Web.",
                "The token request has no code_verifier.",
                "Register it as a Single-Page Application.",
            ),
        ),
        where="Okta Admin Console > Security > API > Trusted Origins",
        source="https://developer.okta.com/docs/guides/enable-cors/",
        confidence="documented",
    ),
    KnownError(
        id="okta-client-id-invalid",
        text=(("invalid value for 'client_id'", "invalid value for client_id"),),
        title="`client_id` isn't registered in this Okta org",
        why="Okta knows client IDs only in the org (domain) in which the app was created, and only while the app is active.",
        causes=(
            Cause(
                "The ID belongs to another org, or has a typo: O and 0, l and I look alike.",
                "Compare it with the General tab.",
                "Copy the client ID from the app's General tab, and use that org's domain as issuer.",
            ),
            Cause("The app is inactive or was deleted.", "Look at its state.", "Activate the app."),
        ),
        where=f"{GENERAL} > Client Credentials",
        source="https://github.com/okta/samples-nodejs-express-4/issues/60",
        confidence="documented",
    ),
)
