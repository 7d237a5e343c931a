"""Symptoms without an error code at Google, Cognito, GitHub and in libraries."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause
from sickbay.diagnosis.knowledge.recognise import MARKS
from sickbay.diagnosis.knowledge.servers.symptom import FORM, IN_QUERY, JSON_BODY, symptom

ERRORS = (
    symptom(
        "google-json-in-token-request",
        "google",
        (("oauth2.googleapis.com/token", "accounts.google.com/o/oauth2/token", "oauth2/v4/token"), (*JSON_BODY, *IN_QUERY[:3])),
        "The token request to Google isn't form-encoded",
        "Google reads the parameters from a form body. Some libraries send JSON unless told otherwise.",
        FORM,
        source="https://developers.google.com/identity/protocols/oauth2/web-server",
        codes=("invalid_request", "unsupported_grant_type", "invalid_grant", "400", "invalid_client"),
    ),
    symptom(
        "redirect-uri-in-quotes",
        "google",
        (('redirect_uri="http', "redirect_uri=%22", "redirect_uri='http"), ("request details", "redirect_uri=%22")),
        "redirect_uri has quotation marks around it",
        "The quotation marks belong to the value, so it isn't a URL and doesn't equal a registered redirect URI.",
        Cause(
            "The value in the .env file or secret is quoted, and the quotes are sent too.",
            "The error details show redirect_uri with quotes.",
            "Remove the quotation marks from the configured redirect URI.",
        ),
        source="https://github.com/hunkim/streamlit-google-oauth/issues/11",
    ),
    symptom(
        "socialite-invalid-state",
        "",
        (("invalidstateexception",),),
        "state: Laravel Socialite found another state in the session than in the response, or none (InvalidStateException)",
        "redirect() stores state in the session, and user() compares it with the one in the query.",
        Cause(
            "The session is lost: SESSION_DOMAIN, SameSite, another host, a cached configuration, or an API route "
            "without session.",
            "Log session('state') in the callback, and compare the host at the start.",
            "Use the same host and https, correct SESSION_DOMAIN, and put both routes into the web middleware.",
        ),
        Cause(
            "redirect() was stateless and user() isn't, or the server cut or dropped the query.",
            "Log $request->all(): state and code have to be there.",
            "Call stateless() in both or in neither, and allow long query strings.",
        ),
        source="https://github.com/laravel/socialite/issues/541",
    ),
    symptom(
        "google-callback-blocked",
        "google",
        (("403",), ("code=",), ("scope=",), ("googleapis.com%2fauth", "googleapis.com/auth")),
        "403 at your redirect URI: most often your own web server's firewall refuses the URLs in Google's scope parameter",
        "Google appends scope with full URLs to the redirect. Rules such as those of mod_security take that for an attack.",
        Cause(
            "A web application firewall (mod_security) blocks https:// in the query.",
            "The same address without scope works, and the log of the web server shows a rule.",
            "Allow the parameter scope at the redirect URI in the firewall's rules.",
        ),
        source="https://github.com/oneall/social-login-prestashop/issues/19",
    ),
    symptom(
        "omniauth-csrf",
        "",
        (("csrf_detected", "csrf detected"),),
        "state: OmniAuth found no state in the session, or another one than in the response (csrf_detected)",
        "OmniAuth stores state in the session when the sign-in begins at /auth/PROVIDER, and compares it in the callback.",
        Cause(
            "The sign-in didn't begin at /auth/PROVIDER: the authorize URL was built by hand or by JavaScript.",
            "The authorize URL has no state, or one that OmniAuth didn't make.",
            "Start the sign-in at /auth/PROVIDER (POST), so that OmniAuth stores the state.",
        ),
        Cause(
            "The session cookie is lost: another host, SameSite, an API-only app without session, or the middleware is "
            "mounted twice.",
            "Compare the host at the start and at the callback.",
            "Use the same host and https, keep the session middleware, and configure the provider only once.",
        ),
        source="https://github.com/omniauth/omniauth-oauth2/issues/58",
    ),
    symptom(
        "cognito-authorizer",
        "cognito",
        (("unauthorized", "401"), ("authorizer", "execute-api", "api gateway", "apigateway")),
        "401: API Gateway's Cognito authorizer refused the token, most often because it is the wrong kind of token",
        "Without scopes on the method the authorizer wants the ID token, with scopes the access token.",
        Cause(
            "The access token was sent, and the method has no authorization scopes (or the ID token, and it has).",
            "Decode the token: token_use. Look at OAuth scopes of the method.",
            "Send the ID token, or add the scopes to the method and send an access token that has one of them.",
        ),
        Cause(
            "The token is from another user pool or client, or has expired.",
            "Compare iss with the authorizer's user pool.",
            "Use a current token of this pool.",
        ),
        Cause(
            "The header isn't the configured token source, or the API wasn't deployed after the change.",
            "The token source is usually Authorization.",
            "Send the token in that header, and deploy the stage again.",
        ),
        source="https://repost.aws/knowledge-center/api-gateway-cognito-401-unauthorized",
        confidence="documented",
    ),
    symptom(
        "google-healthcare-outcome",
        "",
        (("unparseable_resource", "reference_not_found", "invalid_resource_type"),),
        "The Cloud Healthcare API couldn't store the resource: it doesn't fit the FHIR version, or a reference doesn't exist",
        "The store validates against its FHIR version, and checks references unless referential integrity is off.",
        Cause(
            "The resource has an element or value that the store's FHIR version (DSTU2, STU3, R4) doesn't know.",
            "diagnostics and expression name the element.",
            "Correct the element, or use a store of the resource's FHIR version.",
        ),
        Cause(
            "It refers to a resource that isn't in the store.",
            "The code is reference_not_found.",
            "Create the other resource first, send both in a transaction, or disable referential integrity.",
        ),
        source="https://cloud.google.com/healthcare-api/docs/how-tos/fhir-resources",
        confidence="documented",
    ),
    symptom(
        "github-token-in-query",
        "",
        (("must specify access token via authorization header", "oauth2-token-sent-in-a-header"),),
        "The access token was sent in the query: GitHub accepts it only in the Authorization header",
        "GitHub has removed the parameter access_token from its API.",
        Cause(
            "An old library (passport-github) sends ?access_token=….",
            "Look at the URL.",
            "Send Authorization: Bearer TOKEN, or use passport-github2.",
        ),
        source="https://docs.github.com/rest/authentication/authenticating-to-the-rest-api",
        confidence="documented",
    ),
    symptom(
        "google-no-id-token",
        "google",
        (
            (
                "no id_token",
                "id_token is undefined",
                "id_token is missing",
                "missing id_token",
                "id_token not present",
                "id_token is null",
                "id token is missing",
                "no id token",
                "id_token undefined",
            ),
            ("google",),
        ),
        "scope: openid is missing, so Google returns no ID token",
        "Google returns an ID token only if openid is among the scopes.",
        Cause(
            "scope doesn't contain openid.",
            "Look at scope in the token response.",
            "Send scope=openid email profile in the authorize request.",
        ),
        Cause(
            "Android: requestIdToken wasn't called with the web client's ID.",
            "The sign-in options don't request it.",
            "Request the ID token with the client ID of the type Web application.",
        ),
        source="https://developers.google.com/identity/openid-connect/openid-connect",
        confidence="documented",
    ),
    symptom(
        "google-bad-request",
        "google",
        (
            (
                "invalid_grant: bad request",
                "tokenerror: bad request",
                "(invalid_grant) bad request",
                '"error_description": "bad request"',
                '"error_description":"bad request"',
                "'error_description': u'bad request'",
                "'error_description': 'bad request'",
                "error_description: 'bad request'",
                '"error_description" : "bad request"',
            ),
        ),
        "invalid_grant: the refresh token or code is no longer valid (Google says only Bad Request)",
        "Google gives this answer for a token or code that has expired, was revoked, used already, or belongs to "
        "another client.",
        Cause(
            "The refresh token has expired or was revoked: 7 days in Testing, password change, removal, 6 months without use.",
            "grant_type is refresh_token.",
            "Publish the app if it is in Testing, and sign the user in again to get a new refresh token.",
        ),
        Cause(
            "The refresh token or code was issued for another client_id, or redirect_uri differs.",
            "Compare the client of both requests.",
            "Use the client that got it, and the same redirect_uri.",
        ),
        Cause(
            "The code was used already, or is still percent-encoded.",
            "grant_type is authorization_code; the code begins with 4%2F.",
            "Redeem each code once, decoded once.",
        ),
        source="https://developers.google.com/identity/protocols/oauth2#expiration",
    ),
    symptom(
        "google-coop",
        "",
        (("cross-origin-opener-policy policy would block", "window.postmessage call", "window.closed call"),),
        "The popup of the sign-in can't talk to the page, because Cross-Origin-Opener-Policy separates them",
        "With Cross-Origin-Opener-Policy: same-origin the browser cuts the link between page and popup.",
        Cause(
            "The page sends Cross-Origin-Opener-Policy: same-origin.",
            "Look at the response headers of the page.",
            "Send Cross-Origin-Opener-Policy: same-origin-allow-popups, or use the redirect mode.",
        ),
        source="https://developers.google.com/identity/gsi/web/guides/get-google-api-clientid",
        confidence="documented",
    ),
    symptom(
        "firebase-unauthorized-domain",
        "",
        (("auth/unauthorized-domain", "auth/operation-not-allowed", "domain is not authorized for oauth operations"),),
        "Firebase Auth: this domain or sign-in method isn't allowed in the project",
        "Firebase redirects only from authorized domains, and only for enabled providers.",
        Cause(
            "The domain isn't on the list of authorized domains, or the provider isn't enabled.",
            "The error is auth/unauthorized-domain or auth/operation-not-allowed.",
            "Add the domain under Authorized domains, and enable the provider.",
        ),
        source="https://firebase.google.com/docs/auth/web/google-signin",
        where="Firebase console → Authentication → Settings and Sign-in method",
        confidence="documented",
    ),
    symptom(
        "cognito-nonce",
        "cognito",
        (("nonce",), ("mismatch", "unexpected", "expected undefined"), MARKS["cognito"]),
        "nonce: the ID token contains a nonce that the library didn't send or no longer knows",
        "With an external identity provider Cognito puts a nonce of its own into the first ID token.",
        Cause(
            "The library doesn't use a nonce, and refuses one that it doesn't expect.",
            "It fails only at the first sign-in with an external provider.",
            'Let the library send and check a nonce: checks: ["nonce", "state", "pkce"] in CognitoProvider.',
        ),
        Cause(
            "The cookie with the nonce was lost.",
            "It fails each time.",
            "Use https and the same host for the login and the callback.",
        ),
        source="https://github.com/nextauthjs/next-auth/discussions/3551",
    ),
    symptom(
        "cognito-implicit-id-token",
        "",
        (("unexpected id_token in response",),),
        "response_type: an id_token came back although only token was requested",
        "With response_type=token and the scope openid, Cognito returns an ID token too. oidc-client refuses it.",
        Cause(
            "The implicit flow with response_type=token is used.",
            "Look at response_type.",
            "Use response_type=code with PKCE (or remove openid from scope).",
        ),
        source="https://github.com/DuendeArchive/identity-model-oidc-client-js/issues/576",
    ),
    symptom(
        "oauth-endpoint-empty",
        "",
        (('unsupported protocol scheme ""', "unsupported protocol scheme", "get : unsupported"),),
        "The address of an endpoint is empty in the configuration, most often the userinfo endpoint (api_url)",
        "The client calls a URL without http:// or https://, because the setting is empty.",
        Cause(
            "api_url (userinfo), token_url or auth_url isn't set.",
            "The log says after which step: get info means userinfo.",
            "Set api_url to the userinfo_endpoint of the discovery document, for Entra ID "
            "https://graph.microsoft.com/oidc/userinfo.",
        ),
        source="https://github.com/grafana/grafana/issues/10867",
    ),
)
