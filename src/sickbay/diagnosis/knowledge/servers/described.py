"""Symptoms of tokens and searches as people describe them, without an error message, for which no server is known."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.servers.phrases import PROSE

LAUNCH = "https://hl7.org/fhir/smart-app-launch/app-launch.html"

ERRORS = (
    KnownError(
        id="described-refresh-token-missing",
        text=(
            ("refresh token", "refresh_token", "refreshtoken"),
            (
                "doesn't contain",
                "does not contain",
                "didn't contain",
                "isn't in the",
                "is not in the",
                "not part of",
                "doesn't have",
                "doesn't include",
                "doesn't come",
                "is absent",
                "only an access token",
                "only access token",
                "only the access token",
            ),
            PROSE,
        ),
        without=("invalid_grant", "expired"),
        title="No refresh token: offline_access wasn't requested or granted, or the client may not use refresh tokens",
        why="Servers issue a refresh token only if the app requests it at authorize and is registered for it.",
        causes=(
            Cause(
                "offline_access (SMART also: online_access) isn't in the authorization request or wasn't granted.",
                "Compare scope in the request with scope in the token response.",
                "Request offline_access in the authorization request, and register it for the client.",
            ),
            Cause(
                "The grant type refresh_token isn't enabled for the client.",
                "Read the client's settings.",
                "Enable the refresh token grant for the client.",
            ),
            Cause(
                "The flow never has one: client_credentials or implicit.",
                "Look at grant_type and response_type.",
                "Request a new token instead when the old one expires.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess",
        confidence="documented",
        is_general=True,
    ),
    KnownError(
        id="described-no-patient-selected",
        text=(
            (
                "no patient is selected",
                "patient is not selected",
                "patient is not available",
                "no active patient",
                "patient context is missing",
                "without patient context",
                "no patient in context",
                "no patient context",
                "patient.read() fails",
                "patient.read is not",
                "patient id is undefined",
                "patient id is null",
                "patientid is null",
                "patientid is undefined",
            ),
        ),
        title="launch/patient: the token response has no patient, because none was in context when the app was authorized",
        why="The server adds patient to the token response only after a launch with a patient or after the user picked one.",
        causes=(
            Cause(
                "A standalone launch without the scope launch/patient.",
                "Look at scope in the authorization request.",
                "Request the scope launch/patient, so that the server asks for a patient.",
            ),
            Cause(
                "An EHR launch outside of a chart, or without the launch value.",
                "The authorization request has no launch=.",
                "Launch from an open chart, request the scope launch, and pass launch on.",
            ),
            Cause(
                "A backend token (client_credentials) has no patient.",
                "Look at grant_type.",
                "Name the patient in each request instead.",
            ),
        ),
        source=LAUNCH,
        confidence="documented",
        is_general=True,
    ),
    KnownError(
        id="described-html-instead-of-json",
        text=(
            (
                "login page instead of json",
                "html instead of json",
                "html page instead",
                "html login page",
                "returns html",
                "return html",
                "returning html",
                "get html",
                "getting html",
                "receive html",
                "html response instead",
                "login page instead of",
                "html of the login page",
                "login html",
                "redirects to the login page instead",
            ),
            ("api", "fhir", "token", "json", "bearer", "resource"),
        ),
        title="The answer is HTML, often a login page: the request reached a web page, not the API, or has no token",
        why="A web app redirects requests without a session to its login. It doesn't look at bearer tokens, unlike an API.",
        causes=(
            Cause(
                "The address is that of the web application, not the API's base URL.",
                "Compare it with the documentation or the discovery document.",
                "Call the base URL of the FHIR server or API.",
            ),
            Cause(
                "The Authorization header is missing or was dropped by a redirect or proxy.",
                "curl -v shows the header and any 302.",
                "Send `Authorization: Bearer …` to the final address.",
            ),
            Cause(
                "The Accept header asks for HTML.",
                "A browser or default client sends text/html.",
                "Send `Accept: application/fhir+json` (or application/json).",
            ),
        ),
        source="https://hl7.org/fhir/R4/http.html#general",
        confidence="inferred",
        is_general=True,
    ),
    KnownError(
        id="athena-practice-not-authorized",
        text=(("not authorized at practice level", "not authorized at the practice level", "authorized at practice"),),
        title="The practice hasn't authorized this app on its server",
        why="athenaPractice and athenaFlow need an administrator of each practice to add the app before users can log in.",
        causes=(
            Cause(
                "The app's client ID isn't added in the practice's FHIR or API administration.",
                "The sandbox works with the same app.",
                "Ask the practice's administrator to authorize the app with its production client ID and scopes.",
            ),
            Cause(
                "The practice added the sandbox client ID or an older version.",
                "Compare the client IDs.",
                "Send the practice the client ID of the released version.",
            ),
        ),
        where="athenaPractice > Administration > API application",
        source="https://github.com/athenahealth/apiserver-athenaFlex/issues/305",
        confidence="observed",
    ),
    KnownError(
        id="fhir-search-limited-by-token",
        text=(
            ("0 results", "no results", "empty bundle", "zero results", "nothing is found", "finds nothing", "empty result"),
            ("scope", "token", "claim"),
            ("user/", "patient/", "system/"),
        ),
        title="The search returns nothing because the server limits it to the patient of the token",
        why=(
            "Servers restrict searches to the patient compartment if the token has patient scopes or a patient claim, and some "
            "need the claim patient_id even with user/ scopes."
        ),
        causes=(
            Cause(
                "The token has no patient claim, or it names another patient.",
                "Decode the token: patient or patient_id.",
                "Request launch/patient, or map the claim patient_id in the authorization server.",
            ),
            Cause(
                "The scope doesn't cover the resource type.",
                "Read scope in the token response.",
                "Request the scope for this resource type.",
            ),
            Cause(
                "The resources don't refer to the patient.",
                "Read one by its id.",
                "Set subject or patient in the resource, and reindex.",
            ),
        ),
        source="https://linuxforhealth.github.io/FHIR/guides/FHIRServerUsersGuide",
        confidence="observed",
        is_general=True,
    ),
)
