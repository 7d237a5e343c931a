"""eClinicalWorks, Veradigm (Allscripts), NextGen, MEDITECH, Canvas Medical and DrChrono."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

ECW = "https://fhir.eclinicalworks.com/ecwopendev"
ECW_ERRORS = "https://app2.doordoc.com/docs/errors"
VERADIGM = "https://developer.veradigm.com/Fhir/ProcessOverview"
DRCHRONO = "https://support.drchrono.com/home/24443550021915-how-to-handle-api-errors"
CANVAS = "https://docs.canvasmedical.com/api/customer-authentication/"
NEXTGEN = "https://www.nextgen.com/developer-program"
MEDITECH = "https://fhir.meditech.com/explorer/authorization"
EHRS = tuple(
    mark
    for server in ("athena", "cerner", "ecw", "nextgen", "meditech", "veradigm", "drchrono", "canvas", "openemr")
    for mark in MARKS[server]
)
"""The text has to name one of these."""

ERRORS = (
    KnownError(
        id="ecw-app-not-enabled",
        servers=("ecw",),
        text=(("fhir app authentication is not enabled",),),
        title="The practice hasn't activated this app at eClinicalWorks",
        why="Each practice has to enable an app in its own system before any login works.",
        causes=(
            Cause(
                "The practice hasn't enabled the app.",
                "The sandbox practice works.",
                "Ask the practice's administrator to activate the app in eClinicalWorks.",
            ),
            Cause(
                "The FHIR base URL belongs to another practice.",
                "The practice code in the URL is another one.",
                "Use the base URL of the practice that activated the app.",
            ),
        ),
        where="eClinicalWorks: Admin, Third Party Apps, FHIR.",
        source=ECW_ERRORS,
        confidence="documented",
    ),
    KnownError(
        id="healow-cors",
        servers=("ecw",),
        text=(("healow", "eclinicalworks", "ecw"), ("cors", "access-control-allow-origin")),
        title="CORS: eClinicalWorks' FHIR server sends no CORS headers, so a browser can't call it",
        why="Its APIs are meant for servers. The browser blocks the response, whatever it is.",
        causes=(
            Cause(
                "The page calls the FHIR server directly.",
                "The same request with curl works.",
                "Send the requests from your backend (a proxy).",
            ),
        ),
        source="https://app2.doordoc.com/docs/constraints",
        confidence="documented",
    ),
    KnownError(
        id="ecw-jwks",
        servers=("ecw",),
        text=(("jwks", "kid", "client_assertion", "jwk"), ("ecw", "eclinicalworks", "healow")),
        title="client_assertion: eClinicalWorks can't verify the JWT with your JWK Set",
        why="It accepts only RS384, and fetches only JWKS URLs that are on its allow list.",
        causes=(
            Cause(
                "The JWKS URL isn't allowed or can't be reached.",
                "Your web server's log shows no request for it.",
                "Ask eClinicalWorks support to allow the JWKS URL.",
            ),
            Cause(
                "kid isn't in the JWK Set, or alg isn't RS384.",
                "Decode the JWT's header.",
                "Sign with RS384 and the kid of a published key.",
            ),
        ),
        source=ECW_ERRORS,
        confidence="documented",
    ),
    KnownError(
        id="ecw-refused",
        servers=("ecw",),
        codes=("invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "access_denied", "401", "403"),
        title="eClinicalWorks refused the request",
        why="Most often the practice hasn't activated the app, PKCE is missing, or the refresh token was used already.",
        causes=(
            Cause(
                "The practice hasn't activated the app.",
                "The text says not enabled.",
                "Ask the practice to activate it.",
            ),
            Cause(
                "code_challenge with S256 is missing: PKCE is required.",
                "Look at the authorization URL.",
                "Send code_challenge and code_challenge_method=S256.",
            ),
            Cause(
                "A scope isn't registered for the app.",
                "Compare it with the portal.",
                "Request only registered scopes.",
            ),
            Cause(
                "The refresh token was used already or is older than 90 days.",
                "Each refresh gives a new one.",
                "Store the newest refresh token.",
            ),
        ),
        where="connect4.healow.com (patients) or fhir.eclinicalworks.com (providers): your app.",
        source=ECW,
        confidence="documented",
    ),
    KnownError(
        id="drchrono-overlap",
        servers=("drchrono",),
        text=(("appointment overlaps with",),),
        title="409: the appointment overlaps with an existing one",
        why="DrChrono doesn't book two appointments of one office at the same time, unless the request allows it.",
        causes=(
            Cause(
                "The time is taken.",
                "The message names the other appointment.",
                "Choose another time, or send allow_overlapping=true.",
            ),
        ),
        source=DRCHRONO,
        confidence="documented",
    ),
    KnownError(
        id="throttled-available-in",
        text=(("request was throttled. expected available in",),),
        title="429: too many requests; the server says when it accepts the next one",
        why="The text is that of Django REST framework (DrChrono, Blue Button and others). It counts requests per time.",
        causes=(
            Cause(
                "The app sends too many requests.",
                "The message says in how many seconds the next one is accepted.",
                "Wait for that time, send fewer requests, and cache responses.",
            ),
        ),
        source=DRCHRONO,
        confidence="documented",
    ),
    KnownError(
        id="drchrono-refused",
        servers=("drchrono",),
        codes=("invalid_client", "invalid_grant", "401", "403", "invalid_scope", "unsupported_grant_type"),
        title="DrChrono refused the client or the token",
        why="An access token is valid for 48 hours. A new authorization of the same user invalidates the earlier tokens.",
        causes=(
            Cause(
                "The user authorized the app again, so that the old refresh token isn't valid.",
                "A newer token response exists.",
                "Store and use the newest refresh token, or let the user sign in again.",
            ),
            Cause(
                "The client ID, the secret or grant_type is wrong.",
                "Compare them with the app's page.",
                "Copy the client ID and secret again, and send grant_type=refresh_token or authorization_code.",
            ),
            Cause(
                "The scope or the user's permission doesn't cover the request (403).",
                "Scopes look like patients:read.",
                "Request the scope, such as clinical:read, and check the user's permissions.",
            ),
        ),
        where="app.drchrono.com: Account, API.",
        source=DRCHRONO,
        confidence="documented",
    ),
    KnownError(
        id="veradigm-refused",
        servers=("veradigm",),
        codes=("invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "access_denied", "401", "403", "404"),
        title="The Veradigm or Altera (Allscripts) server refused the request",
        why="Each client organization has its own authorization server, at which the app has to be activated.",
        causes=(
            Cause(
                "The organization hasn't activated the app, so the client isn't known there.",
                "The sandbox works.",
                "Ask the organization to activate your app, and wait until its client ID is distributed.",
            ),
            Cause(
                "The client ID or secret isn't right, or the app is registered with another authentication.",
                "Compare it with My FHIR Applications.",
                "Copy the client_id and secret again and send them as registered.",
            ),
            Cause(
                "The redirect URI or aud isn't the registered one.",
                "Compare both.",
                "Register the redirect URI exactly and send aud with the FHIR base URL.",
            ),
        ),
        where="developer.veradigm.com: My Dashboard, My FHIR Applications.",
        source=VERADIGM,
        confidence="inferred",
    ),
    KnownError(
        id="canvas-refused",
        servers=("canvas",),
        codes=(
            "invalid_client",
            "invalid_grant",
            "unauthorized_client",
            "invalid_scope",
            "401",
            "403",
            "unsupported_grant_type",
        ),
        title="Canvas Medical refused the client or the token",
        why="Each Canvas instance registers its own applications. The FHIR API is at fumage-{instance}.canvasmedical.com.",
        causes=(
            Cause(
                "The client ID and secret belong to another instance, or the secret is the hashed one.",
                "Compare the host of the token URL.",
                "Use the credentials of this instance; copy the secret before saving the application.",
            ),
            Cause(
                "The application is registered for another grant type.",
                "Look at Authorization grant type.",
                "Register it with Client credentials or Authorization code, as you use it.",
            ),
            Cause(
                "The scope doesn't cover the request (403).",
                "Look at scope in the token response.",
                "Request the scope, such as system/Patient.read.",
            ),
        ),
        where="{instance}.canvasmedical.com/auth/applications/.",
        source=CANVAS,
        confidence="documented",
    ),
    KnownError(
        id="nextgen-refused",
        servers=("nextgen",),
        codes=("invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "access_denied", "401", "403"),
        title="NextGen's server refused the request",
        why="NextGen Enterprise and NextGen Office have separate portals and servers, and each practice has to enable an app.",
        causes=(
            Cause(
                "The practice hasn't enabled the app, or the client ID is from the other product.",
                "The sandbox works.",
                "Ask the practice to enable the app and use the client ID of its product.",
            ),
            Cause(
                "The redirect URI, aud or the scope isn't the registered one.",
                "Compare each with the portal.",
                "Register the redirect URI exactly, and request only registered scopes.",
            ),
        ),
        source=NEXTGEN,
        confidence="inferred",
    ),
    KnownError(
        id="meditech-refused",
        servers=("meditech",),
        codes=("invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "access_denied", "401", "403", "404"),
        title="The MEDITECH server refused the request",
        why="Each organization registers apps itself. The Greenfield sandbox has its own credentials.",
        causes=(
            Cause(
                "The app isn't registered at this organization, or the client secret isn't the one it gave.",
                "The sandbox works.",
                "Ask the organization for a registration, and use its client_id and secret.",
            ),
            Cause(
                "The redirect URI or the scope isn't registered.",
                "Compare both with the registration.",
                "Send the redirect URI exactly as it is registered, and only registered scopes.",
            ),
            Cause(
                "The access token has expired.",
                "Compare expires_in.",
                "Refresh the token.",
            ),
        ),
        source=MEDITECH,
        confidence="inferred",
    ),
    KnownError(
        id="ehr-cors",
        servers=("athena", "cerner", "ecw", "nextgen", "meditech", "veradigm", "drchrono", "canvas", "openemr"),
        text=(
            EHRS,
            (
                "blocked by cors",
                "cors header",
                "cors error",
                "cors policy",
                "same origin policy disallows",
                "access-control-allow-origin",
            ),
        ),
        title="CORS: this EHR's server doesn't allow requests from your page",
        why="A page may read a response only if the server allows its origin. Many EHRs allow it for no origin at the token "
        "endpoint, since they expect a server there.",
        causes=(
            Cause(
                "The server sends no Access-Control-Allow-Origin.",
                "The same request with curl works.",
                "Send the request from your backend (a proxy), which has no such limit.",
            ),
            Cause(
                "The real response is an error without CORS headers.",
                "curl shows 401, 404 or 500.",
                "Fix the error that curl shows.",
            ),
        ),
        source="https://github.com/fastenhealth/fasten-onprem/issues/396",
        confidence="observed",
    ),
    KnownError(
        id="canvas-fhir-404",
        servers=("canvas",),
        text=(MARKS["canvas"], ("404", "not found"), ("fhir", "fumage")),
        title="The FHIR API of Canvas answers 404, because host, path or type isn't right",
        why="The FHIR API is on its own host, fumage-{instance}.canvasmedical.com, and resource types follow the host "
        "directly.",
        causes=(
            Cause(
                "The request went to {instance}.canvasmedical.com, or has /fhir/R4 in the path.",
                "The answer is an HTML page.",
                "Request https://fumage-{instance}.canvasmedical.com/Patient, and read /metadata there first.",
            ),
            Cause(
                "The FHIR host isn't set up for this instance.",
                "/metadata answers 404 too.",
                "Ask Canvas support to enable the FHIR API of the instance.",
            ),
            Cause(
                "The type or the interaction isn't supported.",
                "metadata doesn't list it.",
                "Use what metadata lists.",
            ),
        ),
        source=CANVAS,
        confidence="inferred",
    ),
)
