"""Topics that people describe in prose, without a message: short-lived tokens, repeated consent, lost launch parameters."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.servers.phrases import NOT, PROSE

ERRORS = (
    KnownError(
        id="smart-launch-parameters-missing",
        is_general=True,
        text=(
            (
                "launch param",
                "launch token",
                "launch code",
                "iss and launch",
                "launch and iss",
                "iss param",
                "launch.html",
                "launch url",
            ),
            (
                "missing",
                "empty",
                "not send",
                "n't send",
                "not receive",
                "n't receive",
                "null",
                "undefined",
                "not get",
                "n't get",
                "not pass",
                "n't pass",
                "no launch",
                "without",
                "not include",
                "n't include",
                "absent",
                "not contain",
            ),
            ("ehr", "app", "smart", "launch.html", "iss"),
        ),
        title=(
            "launch and iss are missing: the app's launch URL wasn't opened by an EHR, or the parameters were lost on the way"
        ),
        why=(
            "In an EHR launch the EHR opens the registered launch URL with iss (its FHIR base URL) and launch. "
            "Nothing else adds them."
        ),
        causes=(
            Cause(
                "The page was opened directly, or the redirect URI was registered as launch URL.",
                "The address bar has no ?iss=.",
                "Register the launch page as launch URL, and start it from the EHR or a launcher such as "
                "launch.smarthealthit.org.",
            ),
            Cause(
                "A redirect, router or login page drops the query.",
                "The first request in the Network tab still has iss and launch.",
                "Read iss and launch before any redirect, and keep them in the session.",
            ),
            Cause(
                "It is a standalone launch, which has no launch parameter.",
                "The user starts the app outside the EHR.",
                "Configure the FHIR base URL in the app, and request launch/patient instead of launch.",
            ),
        ),
        source="https://hl7.org/fhir/smart-app-launch/app-launch.html#launch-app-ehr-launch",
        confidence="documented",
    ),
    KnownError(
        id="token-lifetime-short",
        is_general=True,
        text=(
            ("token", "session", "log in again", "login again", "logged out"),
            (
                "expires too",
                "expire too",
                "expiring too",
                "too short",
                "too fast",
                "too quickly",
                "too soon",
                "after 5 minutes",
                "after five minutes",
                "after an hour",
                "after one hour",
                "after 1 hour",
                "after 60 minutes",
                "every hour",
            ),
            PROSE,
        ),
        without=("code expires", "refresh token expires after"),
        title=("The access token is short-lived by design: the app has to refresh it instead of sending the user to the login"),
        why="Access tokens live some minutes up to an hour. A refresh token gets new ones without the user.",
        causes=(
            Cause(
                "The app has no refresh token or doesn't use it.",
                "The token response has no refresh_token, or no request with grant_type=refresh_token follows.",
                "Request offline_access (SMART also online_access), and refresh shortly before expires_in or after a 401.",
            ),
            Cause(
                "The session at the server ends: idle time or maximum.",
                "The refresh fails with invalid_grant.",
                "Raise the session's idle and maximum time in the server's settings.",
            ),
            Cause(
                "A clock is wrong, so the token seems expired.",
                "Compare exp with the real time.",
                "Synchronise with NTP.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-1.5",
        confidence="inferred",
    ),
    KnownError(
        id="consent-every-time",
        is_general=True,
        text=(
            ("consent", "authorize screen", "approve the app", "allow access", "permission screen"),
            ("every login", "every time", "each time", "each login", "again and again", "always ask", "repeatedly", "on every"),
            PROSE,
        ),
        title=("consent: the server asks again, because the request forces it, asks for more, or the consent isn't remembered"),
        why=(
            "Servers remember a consent per user, client and set of scopes, unless prompt=consent or a policy "
            "requires it each time."
        ),
        causes=(
            Cause(
                "The request has prompt=consent (or approval_prompt=force).",
                "Look at the authorization URL.",
                "Leave out prompt; send it only if you need a new refresh token.",
            ),
            Cause(
                "The scopes differ between logins, or the client is unverified or public.",
                "Compare scope of two logins.",
                "Request the same scopes each time, and keep a refresh token instead of a new login.",
            ),
            Cause(
                "The server or hospital is configured to ask each time.",
                "Other apps are asked, too.",
                "Ask the administrator to let the consent be remembered.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest",
        confidence="inferred",
    ),
    KnownError(
        id="access-token-opaque",
        is_general=True,
        text=(
            ("opaque", "not a jwt", "isn't a jwt", "cannot decode", "can't decode", "unable to decode", "not decodable"),
            ("access token", "access_token", "token"),
            PROSE,
        ),
        title="The access token is opaque: only the server can read it, and the app doesn't need to",
        why=(
            "OAuth doesn't define the form of an access token. Its contents are for the API; the app reads the token response."
        ),
        causes=(
            Cause(
                "The app decodes the access token to find the user, patient or expiry.",
                "It isn't three parts with two dots.",
                "Take patient, scope and expires_in from the token response, and the user from the ID token.",
            ),
            Cause(
                "An API of your own has to check it.",
                "The API expects a JWT.",
                "Use the introspection endpoint, or let the server issue JWTs (audience or token type in its settings).",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-1.4",
        confidence="documented",
    ),
    KnownError(
        id="client-assertion-refused",
        is_general=True,
        text=(
            ("client assertion", "client_assertion", "private_key_jwt", "private key jwt", "signed jwt", "jwt assertion"),
            ("reject", "invalid", "refus", "fail", "not accept", "n't accept", "error", "denied"),
        ),
        title="client_assertion: the server doesn't accept the signed JWT: aud, times, issuer, or the key doesn't match",
        why=(
            "iss and sub are the client_id, aud is the token endpoint, exp at most 5 minutes ahead, jti new, and kid "
            "in the JWKS."
        ),
        causes=(
            Cause(
                "aud isn't exactly the token endpoint, or iss and sub aren't the client_id.",
                "Decode the JWT and compare.",
                "Set aud to token_endpoint of the discovery document, and iss and sub to client_id.",
            ),
            Cause(
                "The server can't find or use the key: kid, algorithm, or a JWKS that it can't reach.",
                "Open the JWKS URL from outside: it has the kid with kty, alg and use.",
                "Publish the public key with this kid, sign with RS384 or ES384, and wait until the registration is active.",
            ),
            Cause(
                "exp, iat or jti: too long, in milliseconds, expired, or used before.",
                "exp − iat is over 300 seconds.",
                "Create a new JWT for each request with exp = now + 60 to 300 seconds.",
            ),
        ),
        source="https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html",
        confidence="documented",
    ),
    KnownError(
        id="jwks-not-reachable",
        is_general=True,
        text=(
            ("jwks", "jwk set", "jku"),
            (
                "cannot be reached",
                "can't be reached",
                "unreachable",
                "not reachable",
                "not accessible",
                "timeout",
                "timed out",
                "cannot fetch",
                "can't fetch",
                "could not fetch",
                "failed to fetch",
                "unable to fetch",
                "not be loaded",
                "not load",
                "n't load",
            ),
        ),
        title="The JWKS URL can't be loaded by the one who has to check the signature",
        why="Server or API loads the keys itself, from its own network, over https and without a login.",
        causes=(
            Cause(
                "The URL is only reachable in your network, or on localhost.",
                "Open it from another network.",
                "Publish the JWKS at a public https address, or register the key itself.",
            ),
            Cause(
                "The certificate, a redirect or a firewall blocks it.",
                "curl -v without -k and -L.",
                "Use a complete, trusted certificate chain, no redirect, and allow the server's addresses.",
            ),
            Cause(
                "The answer isn't a JWKS: HTML, or no keys.",
                "The body has no keys member.",
                "Return JSON with keys as application/json.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc7517#section-5",
        confidence="inferred",
    ),
    KnownError(
        id="embedded-session-lost",
        is_general=True,
        text=(
            ("iframe", "embedded", "inside the ehr", "in a frame"),
            ("cookie", "session", "storage", "logged out"),
            ("lose", "lost", "block", "not sent", "not stored", "not set", "n't set", "n't sent", "n't keep", "missing"),
        ),
        title="In the EHR's iframe the app's cookies count as third-party, so the browser blocks or separates them",
        why=(
            "A cookie without SameSite=None; Secure isn't sent in a frame of another site, and some browsers block "
            "it altogether."
        ),
        causes=(
            Cause(
                "The session cookie has no SameSite=None; Secure.",
                "The Application tab shows the cookie as blocked.",
                "Set SameSite=None; Secure; Partitioned on https.",
            ),
            Cause(
                "The browser blocks all third-party cookies (Safari).",
                "It works in a tab of its own.",
                "Keep the tokens in memory of the page, or let the EHR open the app in a new window.",
            ),
        ),
        source="https://developer.mozilla.org/docs/Web/HTTP/Cookies#third-party_cookies",
        confidence="documented",
    ),
    KnownError(
        id="cors-in-prose",
        is_general=True,
        text=(("cors", "preflight", "cross-origin", "cross origin"), (*NOT, "block", "refuse"), PROSE),
        title="CORS: the server doesn't allow this origin to read the response, so the browser withholds it from the page",
        why="Only browsers apply CORS; curl and Postman don't. The server has to answer the preflight and name the origin.",
        causes=(
            Cause(
                "The app's origin isn't allowed at the server.",
                "The console names the missing Access-Control-Allow-Origin.",
                "Register the origin at the server (web origins), or send the request from your own server.",
            ),
            Cause(
                "The preflight fails: OPTIONS is refused by login or proxy, or a header isn't allowed.",
                "The Network tab shows OPTIONS with 401, 403 or 405.",
                "Answer OPTIONS without authentication, and allow Authorization and Content-Type.",
            ),
            Cause(
                "The request itself fails, and the error response has no CORS headers.",
                "curl shows a 4xx or 5xx.",
                "Correct that error first.",
            ),
        ),
        source="https://developer.mozilla.org/docs/Web/HTTP/CORS",
        confidence="documented",
    ),
    KnownError(
        id="tenant-of-other-organization",
        is_general=True,
        text=(
            ("tenant", "organization", "organisation", "directory"),
            ("another ", "other ", "wrong tenant", "different ", "external ", "guest "),
            ("user", "account"),
            ("sign in", "signs in", "log in", "login", "sign-in"),
            NOT,
        ),
        without=("aadsts",),
        title="The user belongs to another tenant than the one in which the app signs users in",
        why="A single-tenant app accepts only accounts of its own directory, and guests that were invited into it.",
        causes=(
            Cause(
                "The app is registered for one tenant, and the user is from another.",
                "Users of the own tenant succeed.",
                "Invite the user as a guest, or register the app for several tenants and use the common or "
                "organizations endpoint.",
            ),
            Cause(
                "The authorization URL names the wrong tenant.",
                "Compare the tenant in the URL with the user's.",
                "Use the tenant of the user or of the hospital.",
            ),
        ),
        source="https://learn.microsoft.com/entra/identity-platform/single-and-multi-tenant-apps",
        confidence="inferred",
    ),
)
