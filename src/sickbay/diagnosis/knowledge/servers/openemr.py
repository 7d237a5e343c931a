"""OpenEMR, whose authorization server is built on league/oauth2-server, and OpenMRS."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

AUTHENTICATION = "https://github.com/openemr/openemr/blob/master/Documentation/api/AUTHENTICATION.md"
CLIENTS = "OpenEMR: Administration, System, API Clients, then your client."
CONNECTORS = "OpenEMR: Administration, Config, Connectors."

ERRORS = (
    KnownError(
        id="openemr-redirect-uri",
        servers=("openemr",),
        text=(("validateredirecturi",),),
        title="redirect_uri: it isn't registered for this OpenEMR client",
        why="OpenEMR reports a wrong redirect_uri as invalid_client. The stack trace shows that the redirect URI was being "
        "checked.",
        causes=(
            Cause(
                "redirect_uri differs from the registered one, by host, scheme, port or path.",
                "Compare it with the client's Redirect URI.",
                "Register exactly the redirect URI that the app sends.",
            ),
            Cause(
                "Site Address isn't the address in the browser, so Swagger's redirect URI differs.",
                "Look at Site Address.",
                "Set Site Address to the public address and register a new client.",
            ),
        ),
        where=CLIENTS,
        source="https://github.com/openemr/openemr/issues/6644",
        confidence="documented",
    ),
    KnownError(
        id="openemr-client-authentication-failed",
        text=(
            (
                '"error_description":"client authentication failed","message":"client authentication failed"',
                '"error_description": "client authentication failed", "message": "client authentication failed"',
                *MARKS["openemr"],
            ),
            ("client authentication failed",),
        ),
        servers=("openemr",),
        without=("validateredirecturi",),
        title="invalid_client: the client isn't enabled, or its ID, secret or redirect URI isn't the registered one",
        why="OpenEMR says Client authentication failed at the authorize endpoint too. New clients are disabled until an "
        "administrator enables them.",
        causes=(
            Cause(
                "The client isn't enabled yet.",
                "Its status in API Clients is disabled.",
                "Let an administrator enable the client.",
            ),
            Cause(
                "redirect_uri isn't registered exactly.",
                "Compare it with the client's Redirect URI.",
                "Register the redirect URI that the app sends.",
            ),
            Cause(
                "The client ID or the secret is wrong, or the secret is sent in another way than registered.",
                "token_endpoint_auth_method of the registration is client_secret_post or client_secret_basic.",
                "Send the secret as registered; copy it from the registration response.",
            ),
            Cause(
                "A backend client's JWT isn't accepted.",
                "aud isn't the token URL, or the JWKS has no key with this kid.",
                "Sign with RS384 and a registered key, and set aud to the token URL.",
            ),
        ),
        where=CLIENTS,
        source="https://github.com/openemr/openemr/issues/10294",
        confidence="observed",
    ),
    KnownError(
        id="league-grant-not-supported",
        servers=("openemr",),
        text=(("authorization grant type is not supported by the authorization server",),),
        title="grant_type: the server didn't receive it, or this grant isn't enabled",
        why="The text is that of league/oauth2-server (OpenEMR, Laravel Passport). It appears also if the body can't be "
        "read, so that grant_type is missing.",
        causes=(
            Cause(
                "The body isn't form-encoded, or the parameters are in the URL.",
                "Look at the Content-Type of the request.",
                "Send grant_type and the rest as application/x-www-form-urlencoded with POST to the token endpoint.",
            ),
            Cause(
                "The authorize endpoint was called with token parameters, or with POST.",
                "The URL ends with /authorize.",
                "Open the authorize URL in a browser with response_type=code.",
            ),
            Cause(
                "The grant is switched off, such as password in OpenEMR.",
                "grant_types_supported doesn't list it.",
                "Enable OAuth2 Password Grant, or use authorization_code.",
            ),
        ),
        where=CONNECTORS,
        source="https://community.open-emr.org/t/how-to-configure-openemr-6-x-with-keycloak-or-any-oauth2-server/15805",
        confidence="observed",
    ),
    KnownError(
        id="openemr-session-lost",
        servers=("openemr",),
        text=(("oauthauthorizetoken", "oauthauthorizationflow"), ("bad request",)),
        title="Bad request: OpenEMR finds no session of the authorization request for this token request",
        why="OpenEMR stores the authorization request under its state. If the code belongs to no stored request, it answers "
        "Bad request.",
        causes=(
            Cause(
                "The code is from another attempt, or was used already.",
                "The log has an authorize request with the same client just before.",
                "Authorize again with a new state, and redeem the new code once.",
            ),
            Cause(
                "The state is missing in the authorization URL.",
                "Look for state=.",
                "Send a random state in the authorization URL, and the same one again if the client sends it to the token "
                "endpoint.",
            ),
        ),
        source="https://community.open-emr.org/t/how-to-configure-openemr-6-x-with-keycloak-or-any-oauth2-server/15805",
        confidence="observed",
    ),
    KnownError(
        id="openemr-path-not-found",
        servers=("openemr",),
        text=(("/apis/api/", "/apis/fhir/", "/apis/default/", "/oauth2/default/registration"), ("404", "not found")),
        title="404: OpenEMR's API isn't at this path, or the web server doesn't rewrite URLs",
        why="OpenEMR's API needs URL rewriting (.htaccess) and the site in the path. Since version 6 there is no /api/auth.",
        causes=(
            Cause(
                "mod_rewrite or AllowOverride is off.",
                "Every path below /apis gives 404 of the web server.",
                "Enable mod_rewrite and AllowOverride All for OpenEMR's folder.",
            ),
            Cause(
                "The path is that of an old version.",
                "It has no site, such as default.",
                "Use /oauth2/default/token and /apis/default/fhir/Patient.",
            ),
            Cause(
                "The API isn't enabled.",
                "Look at Connectors.",
                "Enable the REST and FHIR API in Administration, Config, Connectors.",
            ),
        ),
        where=CONNECTORS,
        source="https://github.com/openemr/openemr/issues/3072",
        confidence="observed",
    ),
    KnownError(
        id="openemr-api-scopes",
        servers=("openemr",),
        text=(("api:port", "api:oemr", "api:fhir", "api:pofh"), ("fail", "401", "error", "denied", "not allowed")),
        title="scope: OpenEMR needs the api: scope of the interface next to the resource scopes",
        why="api:oemr opens the standard API, api:fhir the FHIR API and api:port the portal. Some versions know portal and "
        "standard scopes only if api:fhir is requested too.",
        causes=(
            Cause(
                "The api: scope is missing in the registration or in the request.",
                "Compare scope in the token response with the request.",
                "Request openid api:fhir and the api: scope of the interface, with the resource scopes such as "
                "user/patient.read.",
            ),
            Cause(
                "The scope isn't registered for the client.",
                "API Clients lists the client's scopes.",
                "Register a client with all scopes that you request.",
            ),
        ),
        where=CLIENTS,
        source="https://github.com/openemr/openemr/issues/5833",
        confidence="documented",
    ),
    KnownError(
        id="openemr-web-registration-401",
        servers=("openemr",),
        text=(("openemr",), ("401", "unauthorized"), ("standard api", "scopes", "registration", "register")),
        title="401: the token lacks the scopes of this API, or the client isn't enabled for it",
        why="OpenEMR has separate scopes for its standard API (user/patient.read, api:oemr) and for FHIR "
        "(user/Patient.read, api:fhir).",
        causes=(
            Cause(
                "The registration has no scopes of the standard API.",
                "scope in the token response lacks api:oemr.",
                "Register a client with api:oemr and the lower-case scopes such as user/patient.read, and request them.",
            ),
            Cause(
                "The interface isn't enabled.",
                "Look at Connectors.",
                "Enable OpenEMR Standard REST API and enable the client.",
            ),
        ),
        where=CLIENTS,
        source="https://github.com/openemr/openemr/issues/6998",
        confidence="inferred",
    ),
    KnownError(
        id="openemr-export-type",
        servers=("openemr",),
        text=(("_type",), ("$export", "bulk"), ("scope", "grant")),
        title="_type: the token has no scope for this resource type, so the export leaves it out",
        why="A bulk export returns only the types for which the token has a system/ scope. OpenEMR doesn't report the "
        "others as an error.",
        causes=(
            Cause(
                "The token has no system/ scope for the type in _type.",
                "Compare _type with scope in the token response.",
                "Register and request the scope, for example system/Condition.read for _type=Condition.",
            ),
        ),
        where=CLIENTS,
        source="https://github.com/openemr/openemr/issues/8668",
        confidence="documented",
    ),
    KnownError(
        id="openemr-invalid-scope",
        servers=("openemr",),
        codes=("invalid_scope", "insufficient_scope", "403", "access_denied"),
        title="scope: OpenEMR doesn't grant a scope that this request needs",
        why="A scope has to be registered for the client, requested, and allowed by the access control of the signed-in user.",
        causes=(
            Cause(
                "The scope isn't registered for the client, or is spelled differently.",
                "API Clients lists the client's scopes; FHIR types are capitalized.",
                "Register a client with the scope and request exactly it, with openid and api:fhir.",
            ),
            Cause(
                "The user's access control list doesn't allow it.",
                "An administrator's token works.",
                "Give the user's group the permission.",
            ),
        ),
        where=CLIENTS,
        source=AUTHENTICATION,
        confidence="observed",
    ),
    KnownError(
        id="openemr-unauthorized",
        servers=("openemr",),
        codes=("401", "invalid_token", "invalid_client", "invalid_grant", "unsupported_grant_type", "invalid_request"),
        title="OpenEMR refused the client, the grant or the token",
        why="Most often the client isn't enabled, or the API isn't switched on.",
        causes=(
            Cause(
                "The client isn't enabled.",
                "API Clients shows it as disabled.",
                "Let an administrator enable the client.",
            ),
            Cause(
                "The API or the grant is off, or Site Address is wrong.",
                "Look at Connectors.",
                "Enable the REST and FHIR API and set Site Address to the public https address.",
            ),
            Cause(
                "The token has expired, or the code was used already.",
                "A new one works.",
                "Get a new token; redeem each code once.",
            ),
        ),
        where=CONNECTORS,
        source=AUTHENTICATION,
        confidence="observed",
    ),
    KnownError(
        id="openmrs-unauthorized",
        servers=("openmrs",),
        codes=("401", "403"),
        title="OpenMRS refused the request: it expects a login, and the user needs the privilege",
        why="OpenMRS uses Basic authentication or a session, unless the OAuth2 module is installed. Each resource needs a "
        "privilege.",
        causes=(
            Cause(
                "No credentials were sent, or a Bearer token without the OAuth2 module.",
                "The same URL works in a browser that is logged in.",
                "Send Authorization: Basic base64(user:password), or install the module.",
            ),
            Cause(
                "The user's role lacks the privilege.",
                "A 403 names it, such as Get Patients.",
                "Add the privilege to the user's role.",
            ),
        ),
        where="OpenMRS: Administration, Manage Roles.",
        source="https://wiki.openmrs.org/display/projects/OpenMRS+FHIR+Module",
        confidence="inferred",
    ),
    KnownError(
        id="openmrs-null-pointer",
        servers=("openmrs",),
        text=(("openmrs",), ("nullpointerexception", "500", "internal server error")),
        title="OpenMRS fails with an exception for requests with a token: versions or the user mapping don't fit",
        why="The OAuth2 and SMART modules have to fit the FHIR module and the core. The user of the token has to exist in "
        "OpenMRS.",
        causes=(
            Cause(
                "The versions of the modules aren't compatible.",
                "The stack trace names the module.",
                "Install versions of fhir2, smartonfhir and the authentication module that were released for this core.",
            ),
            Cause(
                "OpenMRS has no user with the token's preferred_username.",
                "The log shows no user.",
                "Create the user in OpenMRS with the same name and a role.",
            ),
        ),
        source="https://github.com/openmrs/openmrs-esm-patient-chart/issues/552",
        confidence="inferred",
    ),
)
