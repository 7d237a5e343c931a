"""What users see at a login that doesn't end: loops, error pages, an app that stays logged out."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.phrases import status_phrases
from sickbay.diagnosis.knowledge.servers.phrases import LOGIN

RFC6749 = "https://www.rfc-editor.org/rfc/rfc6749"

ERRORS = (
    KnownError(
        id="general-back-to-login",
        is_general=True,
        text=(
            (
                "back to the login",
                "back to login",
                "back to the sign in",
                "back to the sign-in",
                "back to sign in",
                "redirected to the login page again",
                "redirected to login again",
                "redirects to the login page again",
                "returns to the login",
                "returned to the login",
                "return to the login",
                "login page again",
                "login screen again",
                "login form again",
                "log in page again",
                "log in again and again",
                "asks to log in again",
                "asked to log in again",
                "asks me to log in again",
                "asked to login again",
                "still not logged in",
                "not logged in after",
                "still logged out",
                "user is not logged in",
                "stays on the login",
                "stuck on the login",
                "stuck on login",
                "stuck at login",
                "remains on the login",
                "nothing happens after login",
                "nothing happens after i log in",
                "after login nothing happens",
                "never logged in",
                "keeps asking for login",
                "isauthenticated is false",
                "isauthenticated is always false",
                "isauthenticated false",
                "is_authenticated is false",
                "authenticated: false",
                "user is null after",
                "user is undefined after",
                "session is null",
                "session is undefined",
                "stuck on callback",
                "stuck on the callback",
                "stuck in callback",
                "blank page after",
                "white page after",
                "blank screen after",
                "white screen after",
                "page stays blank",
                "see a blank page",
                "shows a blank page",
                "showing a blank page",
                "just a blank page",
                "not save user",
                "n't save user",
                "not get logged in",
                "n't get logged in",
                "signinredirect() does nothing",
                "loginredirect() does nothing",
                "loginredirect() does not",
                "popup() immediately closes",
                "popup closes immediately",
                "popup immediately closes",
                "popup closes and nothing",
            ),
            LOGIN,
        ),
        title=(
            "The login succeeds at the server, but the app doesn't keep it: the callback isn't processed, or its "
            "session is lost"
        ),
        why=(
            "After the redirect the app has to read code and state, redeem the code, and store a session or "
            "token. If one of these "
            "doesn't happen, the app takes the user for logged out."
        ),
        causes=(
            Cause(
                "The app doesn't process the callback before it checks the login, or a route guard or router "
                "drops the parameters.",
                "No token request follows the redirect in the Network tab.",
                "Call the library's callback function first (handleRedirectPromise, signinRedirectCallback), and "
                "exclude the "
                "callback from the guard.",
            ),
            Cause(
                "The session cookie or storage is lost: another host, SameSite, Secure on http, or it is too large.",
                "The token request succeeds; the next request has no cookie.",
                "Use one https host and SameSite=Lax, and keep tokens on the server.",
            ),
            Cause(
                "The token request or user info fails, and the app starts a new login.",
                "The Network tab or the app's log shows 400 or 401 after the redirect.",
                "Show that error instead of a new login, and correct it.",
            ),
        ),
        source=f"{RFC6749}#section-4.1",
        confidence="inferred",
    ),
    KnownError(
        id="general-authorize-refused",
        is_general=True,
        text=(
            (
                "/authorize",
                "authorize endpoint",
                "authorization endpoint",
                "authorization url",
                "authorize url",
                "/oauth2/auth",
                "/openid-connect/auth",
                "authorize request",
                "authorization request",
            ),
            (
                *status_phrases(401),
                *status_phrases(403),
                *status_phrases(400),
                "bad request",
                "with a 401",
                "with 401",
                "a 401 status",
                "error page",
                "blank page",
                "white page",
                "empty page",
            ),
        ),
        without=("/token", "token endpoint", "access_token", "access token", "authorization_request_not_found"),
        title=(
            "The authorization endpoint refuses the request before the login page: how it is called, or a parameter, "
            "isn't accepted"
        ),
        why=(
            "This endpoint is made for a browser. If client_id or redirect_uri isn't accepted, it may not "
            "redirect and shows an "
            "error page or status instead."
        ),
        causes=(
            Cause(
                "It is called by code, so there is no login session, or the login page isn't configured (401).",
                "The request comes from fetch, Postman or a server; Accept isn't text/html.",
                "Open the address in the browser (window.location), and configure the login page as entry point of the server.",
            ),
            Cause(
                "client_id or redirect_uri isn't registered in this form.",
                "The page or the server's log names the parameter.",
                "Register exactly the redirect URI that is sent, and check client_id.",
            ),
            Cause(
                "Another parameter is missing or wrong, for example response_type, scope or aud.",
                "Remove optional parameters one after the other.",
                "Send response_type=code, registered scopes and, for SMART, aud with the FHIR base URL.",
            ),
        ),
        source=f"{RFC6749}#section-4.1.2.1",
        confidence="inferred",
    ),
    KnownError(
        id="spring-whitelabel",
        text=(("this application has no explicit mapping for /error", "there was an unexpected error (type="),),
        title="Spring's error page: the status in type=… is the answer of the app or authorization server itself",
        why=(
            "The page only shows the status. The reason is in the app's log, at level DEBUG for org.springframework.security."
        ),
        causes=(
            Cause(
                "404: the address isn't mapped, or the login was opened directly, so there is no page to return to.",
                "The log has no handler for the path.",
                "Start at the app or at /oauth2/authorize instead of /login, and add a default page (defaultSuccessUrl).",
            ),
            Cause(
                "401 or 403: the request isn't authenticated, or CSRF or a role is missing.",
                "The DEBUG log names the filter that refused it.",
                "Log in first, permit the path in the filter chain, or correct the role or CSRF token.",
            ),
            Cause(
                "999 or 500: an exception during the login.",
                "The log has a stack trace.",
                "Correct the cause at the end of the stack trace.",
            ),
        ),
        source="https://docs.spring.io/spring-boot/reference/web/servlet.html#web.servlet.spring-mvc.error-handling",
        confidence="documented",
    ),
    KnownError(
        id="introspection-patient-prefix",
        text=(('"patient": "patient/', '"patient":"patient/', "patient: 'patient/", '"patient" : "patient/'),),
        title="patient: the value has to be only the id, without Patient/",
        why=("SMART App Launch defines patient in the token response and in introspection as the id of the Patient resource."),
        causes=(
            Cause(
                "The server writes a reference, such as Patient/456.",
                "The response has a slash in patient.",
                "Return only the ID: 456. Only fhirUser has the form of a URL or reference.",
            ),
        ),
        source="https://hl7.org/fhir/smart-app-launch/token-introspection.html",
        confidence="documented",
    ),
    KnownError(
        id="athena-observation-sdid",
        text=(("sdid",), ("observation", "bundle")),
        title="Observations for a document (SDID): they are written as one Bundle, posted to the FHIR base URL",
        why=("The SDID is the id of the document. All observations of one document share it, so it has to be read only once."),
        causes=(
            Cause(
                "The Bundle or an entry isn't in the form that the server expects, or a code isn't known there.",
                "The OperationOutcome names the entry.",
                "POST a Bundle of type transaction to the FHIR base URL, with fullUrl and request in each entry "
                "and codes from "
                "ValueSet?name=CQMCODE.",
            ),
            Cause(
                "The scope allows only reading.",
                "The scope of the token response has no write.",
                "Request user/Observation.write.",
            ),
        ),
        source="https://github.com/athenahealth/apiserver-athenaFlex/issues/69",
        confidence="observed",
    ),
)
