"""Servers and test tools that aren't set up for the request."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="fhir-metadata-fails",
        is_evident=True,
        text=(
            ("/metadata",),
            (
                "there was an error processing your request",
                '"code": "exception"',
                '"code":"exception"',
                "500 internal server error",
                "503 service unavailable",
                "502 bad gateway",
                "status 500",
                "returns 500",
                "status code 500",
            ),
        ),
        without=("$export", "metadata works", "metadata is fine", "postman", "/patient", "/observation", "/token"),
        title="The FHIR server can't even answer /metadata: it isn't set up completely, or a system behind it is missing",
        why="The capability statement needs no patient data and no login. If it fails, no request will work, and the cause is"
        " only in the server's log.",
        causes=(
            Cause(
                "The database isn't reachable, its schema isn't created, or its connection string is wrong.",
                "The log at the start of the server has the exception.",
                "Read the server's log (Application Insights, docker logs), correct the setting, and restart.",
            ),
            Cause(
                "The authority for tokens is configured and can't be reached.",
                "The log names .well-known/openid-configuration.",
                "Correct the authority, or switch security off for a first test.",
            ),
            Cause(
                "A proxy or the platform answers, since the server isn't running.",
                "The body is a web page and not an OperationOutcome.",
                "Start the server, and compare the proxy's port.",
            ),
        ),
        source="https://github.com/microsoft/fhir-server/issues/1482",
        confidence="observed",
    ),
    KnownError(
        id="openemr-site-missing",
        is_evident=True,
        text=(("api site error",),),
        title="OpenEMR: the site is missing in the address: /apis/default/fhir instead of /apis/fhir",
        why="OpenEMR can have several sites, and takes the part after /apis/ as the site's name.",
        causes=(
            Cause(
                "The FHIR base has no site.",
                "The path begins with /apis/fhir.",
                "Use https://HOST/apis/default/fhir, with the name of your site instead of default.",
            ),
            Cause(
                "The site has another name.",
                "Look at the folders in sites/.",
                "Use that name in the address, also below /oauth2/.",
            ),
        ),
        source="https://github.com/openemr/openemr/blob/master/FHIR_README.md",
        confidence="documented",
    ),
    KnownError(
        id="openemr-api-off",
        text=(
            ("openemr",),
            ("404",),
            ("fetching data", "api", "/apis/", "mobile app", "emulator", "when i log in to the openemr app"),
        ),
        title="OpenEMR answers 404: its REST API isn't switched on, or the address lacks /apis/SITE",
        why="Each of OpenEMR's interfaces is switched off at first. The address of one that is off doesn't exist.",
        causes=(
            Cause(
                "The Standard REST API or FHIR API is off.",
                "/apis/default/fhir/metadata gives 404 too.",
                "Switch it on at Administration > Globals (Config) > Connectors, and set the Site Address there.",
            ),
            Cause(
                "The web server doesn't rewrite addresses.",
                "The 404 page is Apache's or nginx's own.",
                "Enable mod_rewrite with AllowOverride, or the rewrite rules in nginx.",
            ),
            Cause(
                "The app is configured with the wrong address.",
                "It lacks /apis/default/ or has a port too much.",
                "Use https://HOST/apis/default/fhir (or /api).",
            ),
        ),
        source="https://github.com/openemr/openemr/blob/master/API_README.md",
        confidence="documented",
    ),
    KnownError(
        id="hapi-numeric-id",
        is_evident=True,
        text=(
            (
                "hapi-0960",
                "clients may only assign ids which",
                "assign ids which begin with a non-numeric",
                "assign ids which contain at least one non-numeric",
            ),
        ),
        title="The client chose an id of digits only, which HAPI keeps for itself",
        why="HAPI numbers resources that it creates. So that the two don't collide, an id in PUT needs a letter.",
        causes=(
            Cause(
                "PUT creates a resource with a number as its id.",
                "GET of this id gives 404.",
                "Put a letter into the id (pat-1) in URL and body, or POST without an id.",
            ),
            Cause(
                "The data come from a system with numeric ids.",
                "All ids are digits.",
                "Set hapi.fhir.client_id_strategy to ANY (daoConfig setResourceClientIdStrategy), or keep the number as an"
                " identifier.",
            ),
        ),
        source="https://hapifhir.io/hapi-fhir/docs/server_jpa/configuration.html",
        confidence="documented",
    ),
    KnownError(
        id="fhir-proxy-export-storage",
        is_evident=True,
        text=(("fhir-proxy", "fhir proxy", "fhirproxy", "secure-fhir"), ("ndjson", "export"), ("500", "503", "404")),
        without=("hapi",),
        title="The Microsoft FHIR proxy can't read the exported files: its storage account isn't configured",
        why="The proxy replaces the addresses of the files with its own, and reads them from the storage account with a setting"
        " of its own.",
        causes=(
            Cause(
                "FP-EXPORT-STORAGEACCT is missing or isn't a connection string.",
                "The log of the function app names the setting or the storage.",
                "Set FP-EXPORT-STORAGEACCT to the connection string of the storage account for exports, and restart.",
            ),
            Cause(
                "The export writes to another storage account.",
                "Compare the host of the files with the setting.",
                "Use the same account in the FHIR service and in the proxy.",
            ),
        ),
        source="https://github.com/microsoft/fhir-proxy/issues/79",
        confidence="observed",
    ),
    KnownError(
        id="inferno-scope-type",
        is_evident=True,
        text=(("must be either a valid resource type or",),),
        captures=(r"['\"](?P<resource>[A-Za-z]{3,40})['\"] must be either a valid resource type",),
        title="Inferno accepts only scopes for the resource types that it knows: {resource} isn't one of them",
        why="The test compares the type in each scope with the list of this version, which depends on US Core.",
        causes=(
            Cause(
                "The type is a FHIR type, but this version of Inferno lacks it.",
                "FHIR's list of resource types has it.",
                "Update Inferno (the g10 test kit), or leave this scope out of the test's input.",
            ),
            Cause(
                "The type is misspelt, or has another case.",
                "Compare it with FHIR's list.",
                "Write it exactly as in FHIR.",
            ),
        ),
        source="https://github.com/onc-healthit/inferno-program/issues/405",
        confidence="observed",
    ),
    KnownError(
        id="inferno-scopes-expected",
        text=(
            ("inferno", "g10"),
            (
                "scopes used",
                "expected scopes",
                "weren't requested",
                "were not requested",
                "were not received",
                "weren't received",
                "scopes that are filled in",
                "scopes were not granted",
                "patient-level read for",
            ),
            ("scope",),
        ),
        title="`scope`: Inferno requires a scope for each resource type of its list, in the form of the tested SMART version",
        why="The g10 test counts patient/TYPE.read (SMART 1) or patient/TYPE.rs (SMART 2) for all required types of the chosen"
        " US Core version. The values that are filled in can be older than the list.",
        causes=(
            Cause(
                "Scopes for some types are missing in the input or aren't granted.",
                "The message lists the types.",
                "Add the missing scopes to the test's input, and let the server grant them.",
            ),
            Cause(
                "The scopes are of the other SMART version.",
                "They end with .read although SMART 2 is tested, or .rs although SMART 1 is.",
                "Request them in the form of the tested version.",
            ),
            Cause(
                "This version of the test kit has an error in its values.",
                "Its release notes mention it.",
                "Update the test kit.",
            ),
        ),
        source="https://github.com/onc-healthit/onc-certification-g10-test-kit/issues/615",
        confidence="observed",
    ),
    KnownError(
        id="keycloak-userinfo-openid",
        is_evident=True,
        text=(
            ("openid-connect/userinfo", "userinfo endpoint", "/userinfo"),
            ("keycloak", "/realms/"),
            ("service account", "client_credentials", "missing openid scope", "worked with keycloak 1", "keycloak 19", "403"),
        ),
        without=("cors", "scope=openid"),
        title="Keycloak refuses the token at userinfo because it lacks the scope openid",
        why="Since Keycloak 19 userinfo needs openid among the token's scopes; before, any token was accepted.",
        causes=(
            Cause(
                "The token request doesn't ask for openid.",
                "scope in the decoded token lacks it.",
                "Send scope=openid in the token request, also with client credentials.",
            ),
            Cause(
                "The token is expired, or from another realm or host name.",
                "Compare exp and iss.",
                "Get a new token at the same address.",
            ),
        ),
        source="https://github.com/keycloak/keycloak/issues/16015",
        confidence="observed",
    ),
    KnownError(
        id="openemr-client-credentials",
        is_evident=True,
        text=(("openemr", "/oauth2/default/token", "/apis/default/fhir"), ("client_credentials",), ("invalid_client",)),
        without=("client_assertion=",),
        title="OpenEMR allows client credentials only with a signed JWT, and the request sends a secret",
        why="System scopes need a client that was registered with jwks_uri or jwks. Its token request has `client_assertion`"
        " instead of `client_secret`.",
        causes=(
            Cause(
                "The request authenticates with client_secret.",
                "It has no client_assertion.",
                "Register the client with its public keys (jwks), and send client_assertion_type and client_assertion, signed"
                " with RS384 or ES384.",
            ),
            Cause(
                "The client isn't enabled yet.",
                "Look at Administration > System > API Clients.",
                "Enable the client there.",
            ),
        ),
        source="https://github.com/openemr/openemr/blob/master/API_README.md",
        confidence="documented",
    ),
)
