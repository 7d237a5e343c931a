"""Symptoms of SMART apps that don't depend on the server, as people describe them in prose."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

SCOPES = "https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html"
LAUNCH = "https://hl7.org/fhir/smart-app-launch/app-launch.html"
NO_REFRESH = (
    "didn't come with a refresh token",
    "no refresh token",
    "no refresh_token",
    "not getting a refresh token",
    "not getting refresh token",
    "not getting refresh_token",
    "not receiving a refresh token",
    "not receiving refresh token",
    "missing refresh token",
    "missing refresh_token",
    "missing `refresh_token`",
    "refresh token is not returned",
    "refresh_token is not returned",
    "refresh token is missing",
    "refresh_token is missing",
    "without a refresh token",
    "without refresh token",
    "doesn't return a refresh token",
    "does not return a refresh token",
    "does not return refresh_token",
    "doesn't return refresh_token",
    "not returning refresh token",
    "not returning refresh_token",
    "not returning a refresh token",
    "don't get a refresh token",
    "do not get a refresh token",
    "can't find the refresh_token",
    "not receive a refresh token",
    "not received refresh_token",
    "refresh token is not being returned",
    "only get access_token",
    "only get an access token",
)

ERRORS = (
    KnownError(
        id="smart-no-refresh-token",
        text=(NO_REFRESH, ("online_access", "offline_access", "scope", "fhir", "smart", "launch")),
        title="offline_access: no refresh token was returned, because the scope wasn't granted",
        why="A SMART server issues a refresh token only if offline_access or online_access was requested in the "
        "authorization URL, is registered for the app, and was granted.",
        causes=(
            Cause(
                "offline_access isn't in the scope of the authorization URL, or is sent only to the token endpoint.",
                "Look at scope in the authorization URL: it needs blanks between scopes.",
                "Add offline_access to the scope of the authorization URL, separated by a blank, and authorize again.",
            ),
            Cause(
                "It isn't registered for the app, or the server doesn't offer it to public clients.",
                "The granted scope in the token response lacks it.",
                "Register offline_access, or a confidential client, in the server's console.",
            ),
        ),
        source=SCOPES,
        confidence="documented",
    ),
    KnownError(
        id="smart-no-patient-context",
        text=(
            ("patient",),
            (
                "no patient context",
                "without patient context",
                "patient context is missing",
                "missing patient context",
                "no patient id",
                "patient is undefined",
                "patient.id is null",
                "patient.id is undefined",
                "doesn't contain patient",
                "does not contain patient",
                "no patient in the token response",
                "patient parameter is missing",
                "patient is not returned",
                "client.patient.id",
            ),
            ("token", "launch", "smart", "fhir"),
        ),
        title="launch/patient: the token response has no patient, because no patient was in context",
        why="The server puts patient into the token response only after an EHR launch with a patient, or if launch/patient "
        "was requested and a patient was chosen.",
        causes=(
            Cause(
                "A standalone app doesn't request launch/patient.",
                "Look at scope in the authorization URL.",
                "Request launch/patient and patient/ scopes.",
            ),
            Cause(
                "An EHR-launched app doesn't request launch, or doesn't send the launch value.",
                "The authorization URL has no launch parameter.",
                "Request launch and send the launch value unchanged.",
            ),
            Cause(
                "The EHR launched the app without an open patient.",
                "Another launch from a chart works.",
                "Launch from a patient's chart, or let the user search for a patient.",
            ),
        ),
        source=LAUNCH,
        confidence="documented",
    ),
    KnownError(
        id="smart-granted-scope-smaller",
        text=(
            (
                "granted scope is",
                "scope is set to",
                "expected result: scope",
                "expected scope",
                "actual scope",
                "fewer scopes than",
                "only getting scope",
                "scopes i requested",
                "granted scopes are",
                "scope returned is",
                "scopes returned are",
                "scope in the token response",
                "scopes are missing from the token",
                "scope is not returned in the token",
                "token does not contain the scope",
                "token doesn't include the scope",
                "not all scopes",
                "scopes are not granted",
                "scope is dropped",
                "scopes are dropped",
                "only openid",
                "scope of the access token",
                "scope of the token",
                "scopes are trimmed",
                "trimmed down",
                "scope is not included",
            ),
            ("patient/", "user/", "system/", "launch", "fhiruser"),
        ),
        title="scope: the server granted fewer scopes than the app requested",
        why="A server may grant less than requested without an error. It drops scopes that aren't registered for the app, "
        "that it doesn't know, or that the user didn't allow.",
        causes=(
            Cause(
                "The dropped scopes aren't registered for the app.",
                "Compare the granted scope with the registration.",
                "Register each missing scope, for example patient/Patient.read, and authorize again.",
            ),
            Cause(
                "The syntax is of the other SMART version, or a wildcard isn't supported.",
                "Compare with scopes_supported in the smart-configuration.",
                "Request patient/Patient.rs on a v2 server, patient/Patient.read on a v1 server.",
            ),
            Cause(
                "The user unticked it, or the user's role doesn't allow it.",
                "Another user gets more.",
                "Let the user allow it.",
            ),
        ),
        source=SCOPES,
        confidence="documented",
    ),
    KnownError(
        id="smart-no-id-token",
        text=(
            ("id_token", "id token"),
            (
                "not being returned",
                "is not returned",
                "isn't returned",
                "no id_token",
                "missing id_token",
                "not returning id_token",
            ),
            ("scope", "openid"),
        ),
        title="openid: the token response has no id_token, because the scope openid wasn't granted",
        why="A server issues an id_token only if openid was requested, is registered for the app, and was granted.",
        causes=(
            Cause(
                "openid isn't registered for the app, or not in this environment.",
                "The scope in the token response doesn't list openid.",
                "Register openid and fhirUser (or profile) for the app, and request openid fhirUser.",
            ),
            Cause(
                "openid isn't in the scope of the authorization URL.",
                "Look at scope there.",
                "Add openid fhirUser to the scope.",
            ),
        ),
        source=SCOPES,
        confidence="documented",
    ),
    KnownError(
        id="smart-audience-invalid",
        text=(("invalid audience", "aud check", "invalid aud parameter", "aud parameter is", "bad audience", "missing aud"),),
        without=("invalid_token", "jwt", "access token", "id_token", "token validation"),
        title="aud: the authorization server doesn't accept the audience of the request",
        why="aud tells the server for which FHIR server the token is meant. It has to be the FHIR base URL, character by "
        "character.",
        causes=(
            Cause(
                "aud is missing, or isn't the FHIR base URL.",
                "Compare it with iss of the launch, or with the address of your FHIR requests.",
                "Send aud with exactly the FHIR base URL (iss).",
            ),
            Cause(
                "It differs by a slash, by the port, or by the version.",
                "Compare character by character.",
                "Copy the base URL from the smart-configuration's address.",
            ),
        ),
        source=LAUNCH,
        confidence="documented",
    ),
    KnownError(
        id="smart-issuer-document",
        text=(
            ("openid-configuration",),
            ("html", "404", "not found", "doesn't provide", "does not provide", "mismatch", "does not match"),
            ("iss", "issuer", "id_token"),
        ),
        title="issuer: the discovery document isn't at {iss}/.well-known/openid-configuration",
        why="A client finds the keys for an id_token by appending /.well-known/openid-configuration to its iss. Both have "
        "to fit, and the document's issuer has to be the same value.",
        causes=(
            Cause(
                "iss in the id_token isn't the address under which the document is served.",
                "Open {iss}/.well-known/openid-configuration.",
                "Configure the same issuer in the server's tokens and in the document, or read the document at the FHIR "
                "base URL.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig",
        confidence="documented",
    ),
    KnownError(
        id="redirect-uri-without-authority",
        text=(("expected authority at index",),),
        title="redirect_uri: it has a scheme but no host, so the server can't build the address",
        why="A custom scheme needs something after ://. Many servers parse it as a URI with an authority and fail.",
        causes=(
            Cause(
                "The redirect URI ends with ://.",
                "Look at the registered redirect URI.",
                "Register and send one with an authority, such as smartapp://callback.",
            ),
        ),
        source="https://github.com/smart-on-fhir/Swift-SMART/issues/13",
        confidence="observed",
    ),
    KnownError(
        id="token-request-timeout",
        text=(("408 request time",), ("token", "oauth2")),
        title="408: the token endpoint didn't receive the whole request in time",
        why="The server closes a connection on which the request isn't complete. Most often a kept-open connection was "
        "reused, or the network is slow.",
        causes=(
            Cause(
                "The client reused a connection that had gone stale.",
                "The next attempt works.",
                "Retry the request once on a new connection.",
            ),
            Cause(
                "The body wasn't sent, such as with a wrong Content-Length.",
                "Every attempt fails.",
                "Send the form body at once with its right Content-Length.",
            ),
            Cause(
                "The refresh token was spent by the failed attempt.",
                "The retry says invalid_grant.",
                "Authorize again.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc9110#section-15.5.9",
        confidence="inferred",
    ),
    KnownError(
        id="client-assertion-in-json",
        text=(('"client_assertion":"eyj', '"client_assertion": "eyj'),),
        title="client_assertion: the token request is JSON, but the endpoint reads only a form",
        why="RFC 6749 and RFC 7523 put all parameters of a token request into an application/x-www-form-urlencoded body.",
        causes=(
            Cause(
                "The body is a JSON object.",
                "It starts with { and has quotes around client_assertion.",
                "Send grant_type, client_assertion_type, client_assertion and scope as application/x-www-form-urlencoded.",
            ),
            Cause(
                "The key of the JWT isn't registered, or kid names another one.",
                "Decode the header of the JWT.",
                "Register the public key as a JWK Set and send its kid.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc7523#section-2.2",
        confidence="documented",
    ),
    KnownError(
        id="smart-scope-refused",
        text=(
            ("invalid scope", "invalid_scope", "unknown scope", "scope is invalid"),
            ("launch/", "patient/", "user/", "system/", "fhiruser", "launch openid"),
        ),
        title="scope: the server refused a SMART scope",
        why="A server refuses a scope that it doesn't know, that the client may not have, or that has another notation than "
        "its own.",
        causes=(
            Cause(
                "The scope isn't registered for the client.",
                "The description names it, or a request with openid alone works.",
                "Add the scope to the client's registration, and request only scopes that are in it.",
            ),
            Cause(
                "The notation is that of another SMART version.",
                "scopes_supported and permission-v1 or permission-v2 in .well-known/smart-configuration.",
                "Request .read and .write from a v1 server, .rs and .cruds from a v2 server.",
            ),
            Cause(
                "The context doesn't fit the flow.",
                "system/ in a user's login, launch without a launch value, or patient/ with client_credentials.",
                "Use patient/ or user/ in app launches, launch/patient in standalone ones, and system/ in backend services.",
            ),
            Cause(
                "The server doesn't know wildcards or parameters.",
                "The scope has * or ?.",
                "Request the types one by one, without parameters.",
            ),
        ),
        source=SCOPES,
        confidence="documented",
    ),
)
