"""Faults of requests that people paste, and how servers and libraries of many makers describe them."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.servers.symptom import FORM, symptom

TOKEN = "https://www.rfc-editor.org/rfc/rfc6749#section-3.2"
AUTHORIZE = "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1"

ERRORS = (
    KnownError(
        id="php-authorization-header-lost",
        text=(
            (
                "client credentials were not found in the headers or body",
                "client credentials were not found in the header",
                "client id not found in header",
                "authorization header is missing although",
            ),
        ),
        title="The client's credentials didn't arrive: the web server may remove the Authorization header before PHP sees it",
        why="oauth2-server-php looks for PHP_AUTH_USER, the Authorization header, and client_id in the form. Apache with CGI "
        "or FastCGI doesn't pass the header on by default.",
        causes=(
            Cause(
                "Apache doesn't pass the Authorization header to PHP.",
                "$_SERVER has neither PHP_AUTH_USER nor HTTP_AUTHORIZATION.",
                "Pass the header on with CGIPassAuth On or RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}], or "
                "send client_id and client_secret in the body.",
            ),
            Cause(
                "The body isn't a form, or Basic is missing.",
                "Look at Content-Type and at the raw body.",
                "Send a form with client_id and client_secret, or curl -u client_id:client_secret.",
            ),
        ),
        source="https://github.com/bshaffer/oauth2-server-php/issues/429",
        confidence="observed",
    ),
    KnownError(
        id="basic-credentials-empty",
        text=(("authorization: basic og==", "basic og==", "basic og "),),
        title="The Basic header is empty: it has neither client ID nor secret",
        why="Og== is base64 of a single colon, so both variables were empty when the header was built.",
        causes=(
            Cause(
                "The variables for client ID and secret are empty or not set.",
                "Print them before the request.",
                "Set both variables, and send Basic base64(client_id:client_secret).",
            ),
            Cause(
                "The shell didn't replace them, because of single quotes or a missing export.",
                "The command has ${client_id} in single quotes.",
                "Put them in double quotes.",
            ),
        ),
        source="https://github.com/authlib/example-oauth2-server/issues/50",
        confidence="documented",
    ),
    KnownError(
        id="parameter-name-misspelled",
        text=(
            (
                *("cliend_id", "clinet_id", "cleint_id", "clien_id", "&clientid=", "?clientid=", "&client-id=", "?client-id="),
                *("client_secert", "client_secrect", "client_serect", "&clientsecret=", "&client-secret="),
                *("code_challange", "code_chalenge", "code_challege", "code_chanllenge", "code_verifer", "code_verfier"),
                *("&granttype=", "?granttype=", "&grant-type=", "grand_type", "grant_typ=", "grant_tpye", "grantype="),
                *("&responsetype=", "?responsetype=", "&response-type=", "reponse_type", "respone_type", "response_typ="),
                *("&redirecturi=", "&redirect-uri=", "redirct_uri", "rediect_uri", "redirect_ui="),
            ),
            ("http", "client", "grant", "code"),
        ),
        captures=(
            r"(?P<parameter>cliend_id|clinet_id|cleint_id|clien_id|client[-]?id(?==)|client-id|client_sec\w+|client-?secret(?==)"
            r"|code_chall?an?l?l?\w+|code_verf?i?f?er|grand_type|gran\w?-?type(?==)|respons?e?-?type(?==)|redire?c?t?[-_]?u\w*(?==))",
        ),
        title="A parameter's name is misspelled: {parameter}",
        why="Servers ignore names that they don't know, and then report the right parameter as missing.",
        causes=(
            Cause(
                "The name isn't the one of the specification.",
                "Compare it character by character: client_id, client_secret, grant_type, code_challenge.",
                "Correct the spelling, with underscores and in lower case: client_id, redirect_uri, response_type, "
                "code_verifier.",
            ),
        ),
        source=AUTHORIZE,
        confidence="documented",
    ),
    symptom(
        "grant-type-not-received",
        "",
        (
            (
                *("grant type was not specified", "grant_type was not specified", "grant type is missing", "no grant_type"),
                *(
                    "grant_type is missing",
                    "grant_type is required",
                    "'grant_type' is required",
                    "invalid or missing grant_type",
                ),
                *("missing grant_type", "missing grant type", "missing parameter grant_type", "missing parameter: grant_type"),
                *("grant_type parameter is missing", "grant type not specified", "grant_type not found", "grant_type missing"),
                *("parameter grant_type is missing", "grant_type cannot be empty", "grant_type must be", "grant type required"),
                *(
                    "grant_type should be",
                    "grant_type can't be blank",
                    "missing form parameter: grant_type",
                    "must include grant_type",
                ),
            ),
        ),
        "grant_type didn't arrive: the server found no form with it in the body",
        "The endpoint reads only application/x-www-form-urlencoded. JSON, form-data and an empty body count as no parameters.",
        FORM,
        Cause(
            "The body was lost in a redirect from http to https or to another host.",
            "The first answer is 301 or 302.",
            "Call the final https address directly.",
        ),
        Cause(
            "The parameter is misspelled or missing.",
            "The raw body has no grant_type=.",
            "Send grant_type=client_credentials, authorization_code or refresh_token in the body.",
        ),
        source=TOKEN,
        without=("aadsts", "spring"),
    ),
    symptom(
        "grant-type-line-break",
        "",
        (
            (
                *("grant_type [authorization_code\\r", "grant_type [authorization_code ]", "grant_type [refresh_token\\r"),
                *(
                    "grant_type [client_credentials\\r",
                    "authorization_code\\r\\n",
                    "client_credentials\\r\\n",
                    "refresh_token ]",
                ),
                *("authorization_code%0a", "client_credentials%0a", "authorization_code%0d", "client_credentials%0d"),
            ),
        ),
        "grant_type has a line break at its end, so the server doesn't know it",
        "The value is compared exactly. A copied line break or blank becomes part of it.",
        Cause(
            "A line break was copied with the value, as in Postman's bulk edit or a file.",
            "The message shows \\r\\n in the value, or the raw body has %0A.",
            "Remove the line break and spaces after the value of grant_type.",
        ),
        source="https://github.com/MicrosoftDocs/azure-docs/issues/49743",
    ),
    symptom(
        "grant-not-offered-here",
        "",
        (
            (
                *("supported grant_type values are", "supported grant types are", "grant type must be one of"),
                *("grant_type must be one of", "grant types supported are", "only supports grant_type", "supported grants:"),
            ),
        ),
        "grant_type isn't one that this server offers",
        "The server lists the grants that it knows; the one in the request isn't among them.",
        Cause(
            "The server, or its configuration, doesn't offer this grant.",
            "Compare grant_type with the list in the message and with grant_types_supported in the discovery document.",
            "Use one of the listed grants, such as authorization_code, or let the operator enable the other one.",
        ),
        source=TOKEN,
        without=("athena", "centricityps"),
    ),
    symptom(
        "token-json-object",
        "",
        (
            (
                *('{ "grant_type": "', '{"grant_type":"', '{ "grant_type":"', '{"grant_type": "', '{ "grant_type" : "'),
                *("{'grant_type': '", "{ 'grant_type': '"),
            ),
        ),
        "The body is a JSON object; the token endpoint expects a form",
        "Most token endpoints read only application/x-www-form-urlencoded, and find no parameters in JSON.",
        FORM,
        Cause(
            "Content-Type says form, but the text of the body is still JSON.",
            "The raw body begins with {.",
            "Send grant_type=…&client_id=… with URLSearchParams, qs.stringify or --data-urlencode.",
        ),
        source=TOKEN,
        codes=("400", "401", "415", "invalid_request", "invalid_grant", "invalid_client", "unsupported_grant_type"),
        without=("urlsearchparams", "qs.stringify", "querystring", "data={", "data = {", "formurlencoded", "auth0"),
    ),
    symptom(
        "url-template-line-breaks",
        "",
        (
            (
                *(
                    "response_type=code& client_id=",
                    "& redirect_uri=${",
                    "& redirect_uri={",
                    "& redirect_uri=$",
                    "& client_id=${",
                ),
                *("& scope=${", "& client_id={", "& scope={", "& state=${"),
            ),
            ("`http", "`${", "'''http", '"""http', ' f"', ' @"http', "url"),
        ),
        "Line breaks and spaces in the template string become part of the parameters' names",
        "A template string keeps its line breaks, so that the server sees %0A%20client_id instead of client_id.",
        Cause(
            "The URL is written over several lines in one string.",
            "Print the URL: it has spaces before the names.",
            "Write the URL on one line, or build the query with new URLSearchParams({…}).",
        ),
        source="https://github.com/google/google-api-javascript-client/issues/710",
    ),
    symptom(
        "shell-cuts-command",
        "",
        (
            (
                *("is not recognized as an internal or external command", "no matches found: http", "[1]+ done", "[1] + done"),
                *("bash: scope: command not found", "the ampersand (&) character is not allowed"),
            ),
            ("curl", "grant_type", "http"),
        ),
        "The shell cuts the command at &, because the URL or the data isn't in quotes",
        "An & outside quotes ends the command, so the server gets only the parameters before it.",
        Cause(
            "The data or the URL has & and isn't quoted.",
            "The error names the parameter after the first & as a command.",
            'Put the data in quotes: -d "grant_type=authorization_code&code=…" (double quotes on Windows).',
        ),
        source="https://github.com/bshaffer/oauth2-server-php/issues/473",
    ),
    symptom(
        "client-secret-invalid",
        "",
        (
            (
                "invalid client_secret",
                "invalid client secret",
                "client_secret is invalid",
                "client secret is invalid",
                "wrong secret",
            ),
        ),
        "`client_secret` is wrong or missing for this client",
        "The server has registered the client as confidential and compares the secret.",
        Cause(
            "The app is a browser or mobile app with PKCE, but is registered as confidential.",
            "The request has code_verifier and no secret.",
            "Register the app as a public client (authentication method none, with PKCE).",
        ),
        Cause(
            "The secret is wrong, expired or of another environment.",
            "Compare it with the console; look for spaces at its end.",
            "Create a new secret and copy it completely.",
        ),
        Cause(
            "The server expects the secret in another place.",
            "Compare token_endpoint_auth_method of the registration.",
            "Send it in the Basic header or in the body, as registered.",
        ),
        source="https://github.com/zitadel/zitadel/issues/497",
        without=("aadsts", "keycloak"),
    ),
    symptom(
        "grant-type-check-parameter",
        "",
        (("check the `grant_type` parameter", 'check the "grant_type" parameter', "check the 'grant_type' parameter"),),
        "grant_type is missing or isn't a value of the specification",
        "league/oauth2-server reads grant_type from the form body and knows only the registered values.",
        Cause(
            "The value is written otherwise, such as ClientCredentials.",
            "Compare it: client_credentials, authorization_code, refresh_token, password.",
            "Send grant_type=client_credentials in lower case with an underscore.",
        ),
        FORM,
        source="https://github.com/uafrica/oauth-server/issues/65",
    ),
    symptom(
        "scopes-with-commas",
        "",
        (
            (
                *(".read, system/", ".read,system/", ".read, patient/", ".read,patient/", ".read, user/", ".read,user/"),
                *(".rs, system/", ".rs,system/", ".rs, patient/", ".rs,patient/", "openid,profile", "openid, profile"),
            ),
            ("scope=", "&scope", "scope': '", 'scope": "'),
            ("grant_type", "response_type", "invalid_scope", "invalid_request", "invalid_grant"),
        ),
        "scope: the scopes are separated by commas; OAuth separates them by spaces",
        "The server takes everything up to the next space as one scope, so that the name ends with a comma and isn't known.",
        Cause(
            "The list was joined with commas.",
            "The value of scope has commas.",
            "Join the scopes with a space, which is sent as + or %20.",
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-3.3",
        confidence="documented",
        without=("spring", "scope: openid"),
    ),
)
