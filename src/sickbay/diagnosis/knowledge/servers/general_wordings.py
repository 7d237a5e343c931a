"""Refusals in the words of servers and libraries that aren't known: a redirect URI, client, code, scope or token."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.phrases import wordings

RFC = "https://www.rfc-editor.org/rfc/rfc6749"
NOT_ALLOWED = (
    "is not accepted",
    "not accepted",
    "is not allowed",
    "not allowed",
    "are not allowed",
    "is not permitted",
    "not permitted",
    "is not whitelisted",
    "not whitelisted",
    "is not authorized",
    "is not valid",
    "isn't valid",
    "is invalid",
    "is unknown",
    "is not registered",
    "not registered",
    "isn't registered",
    "has not been registered",
    "is not configured",
    "is not supported",
    "is wrong",
)
NOT_MATCHING = (
    "mismatch",
    "mismatched",
    "does not match",
    "doesn't match",
    "did not match",
    "didn't match",
    "do not match",
    "don't match",
    "not match",
    "not matching",
    "not matched",
    "is not in the list",
    "is not listed",
    "not found in",
    "is different",
    "differs",
    "provided is not",
    "provided in the request",
    "provided does not",
    "specified in the request does",
    "used in the request",
    "error",
)
WRONG = (
    "invalid",
    "unknown",
    "unregistered",
    "bad",
    "mismatching",
    "mismatched",
    "unauthorized",
    "wrong",
    "illegal",
    "incorrect",
)

ERRORS = (
    KnownError(
        id="general-redirect-uri",
        is_general=True,
        text=(
            ("redirect", "callback", "return ", "reply url"),
            wordings(
                (
                    "redirect uri",
                    "redirect_uri",
                    "redirect url",
                    "redirect_url",
                    "redirecturi",
                    "redirecturl",
                    "redirect-uri",
                    "redirection uri",
                    "redirection url",
                    "callback url",
                    "callback uri",
                    "callback_url",
                    "return url",
                    "return link",
                    "reply url",
                    "redirect address",
                    "redirect uris",
                    "redirect urls",
                ),
                (*NOT_ALLOWED, *NOT_MATCHING),
                WRONG,
            ),
        ),
        without=("post_logout", "post logout", "authentication required"),
        captures=(r"redirect_uri[\"']?\s*[=:]\s*[\"']?(?P<redirect_uri>https?[^\s&\"',]+)",),
        title="`redirect_uri` isn't registered in exactly this form: {redirect_uri}",
        why=(
            "The server compares redirect_uri with the registered URIs, usually character by character: scheme, "
            "host, port, path "
            "and trailing slash."
        ),
        causes=(
            Cause(
                "The app sends another URI than the one that is registered, for example without the port or with another path.",
                "Compare redirect_uri in the browser's address bar or the server's log with the registration.",
                "Register exactly {redirect_uri}, or let the app send the registered one.",
            ),
            Cause(
                "Behind a proxy the app sends http:// or an internal host name.",
                "The value begins with http://, although users open the app over https.",
                "Set the app's public base URL, and let it trust X-Forwarded-Proto and X-Forwarded-Host.",
            ),
            Cause(
                "client_id belongs to another app or environment.",
                "Look up client_id in the server's console.",
                "Use the client in which the URI is registered.",
            ),
        ),
        source=f"{RFC}#section-3.1.2.3",
        confidence="documented",
    ),
    KnownError(
        id="general-client-unknown",
        is_general=True,
        text=(
            ("client", "application id"),
            wordings(
                ("client", "client id", "client_id", "clientid", "oauth client", "application id", "client identifier"),
                (
                    "not found",
                    "was not found",
                    "is not found",
                    "could not be found",
                    "does not exist",
                    "doesn't exist",
                    "is unknown",
                    "is invalid",
                    "is not valid",
                    "is not registered",
                    "not registered",
                    "is disabled",
                    "is not active",
                    "is not enabled",
                    "not recognized",
                    "is not recognized",
                ),
                ("invalid", "unknown", "unregistered", "missing", "no such", "unrecognized", "could not find", "can't find"),
            ),
        ),
        without=(
            "http client",
            "rest client",
            "invalid_client",
            "client secret",
            "client credentials",
            "client authentication",
            "invalid client-side",
        ),
        title="`client_id`: the server doesn't know this client, or it isn't active",
        why="A client is registered at one server, tenant or environment, and only there its id is known.",
        causes=(
            Cause(
                "client_id is misspelled, empty, or has quotes or spaces from a configuration file.",
                "Look at the value in the request that is sent.",
                "Copy client_id from the server's console again.",
            ),
            Cause(
                "The client is registered in another environment, tenant or realm.",
                "Compare the host and path of the request with the console.",
                "Register the client there, or use the address at which it is registered.",
            ),
            Cause(
                "The client is new or disabled.",
                "The console shows its state; some servers need up to an hour.",
                "Enable the client, and wait until the registration is active.",
            ),
        ),
        source=f"{RFC}#section-2.2",
        confidence="inferred",
    ),
    KnownError(
        id="general-code-refused",
        is_general=True,
        text=(
            ("code",),
            wordings(
                ("authorization code", "authorisation code", "auth code", "authcode", "authentication code", "oauth code"),
                (
                    "expired",
                    "has expired",
                    "is expired",
                    "is invalid",
                    "invalid",
                    "is not valid",
                    "not valid",
                    "not found",
                    "was not found",
                    "already used",
                    "already redeemed",
                    "was already",
                    "has already been",
                    "has been used",
                    "is incorrect",
                    "not recognized",
                    "malformed",
                ),
                ("invalid", "expired", "unknown", "wrong"),
            ),
        ),
        title="`code`: the authorization code was used already, has expired, or doesn't reach the server unchanged",
        why=("A code can be redeemed once, within a short time (often 1 to 10 minutes), by the client to which it was issued."),
        causes=(
            Cause(
                "The code was sent twice: the callback page was reloaded or called twice.",
                "The log shows two token requests; the first succeeded.",
                "Redeem each code once, at once, and start a new login to get a new code.",
            ),
            Cause(
                "The code was changed on its way: percent-encoded twice, not decoded, or cut.",
                "Compare it with the code in the redirect.",
                "Decode the code once, and let the HTTP library encode the form.",
            ),
            Cause(
                "The server keeps codes in the memory of one instance or lost them in a restart.",
                "It runs with several replicas and fails sometimes.",
                "Use a shared storage for the server, or a single instance.",
            ),
            Cause(
                "redirect_uri or client differs from the authorization request.",
                "Compare both.",
                "Send the same redirect_uri and client.",
            ),
        ),
        source=f"{RFC}#section-4.1.2",
        confidence="inferred",
    ),
    KnownError(
        id="general-scope-refused",
        is_general=True,
        text=(
            ("scope",),
            wordings(
                ("scope", "scopes", "requested scope", "requested scopes"),
                NOT_ALLOWED,
                ("invalid", "unknown", "unsupported", "disallowed", "illegal", "malformed", "unauthorized"),
            ),
        ),
        without=("insufficient", "microscope", "out of scope"),
        title="`scope`: the server doesn't know a requested scope, or this client isn't allowed to request it",
        why=(
            "The server checks each requested scope against those that it supports and those that are registered for "
            "the client."
        ),
        causes=(
            Cause(
                "A scope isn't registered or selected for the client.",
                "Compare the request's scope with the client's registration.",
                "Register the scope for the client, or leave it out of the request.",
            ),
            Cause(
                "A scope is misspelled, separated by commas, or in the notation of another version (.read and .rs).",
                "Compare with scopes_supported in the discovery document.",
                "Request scopes from scopes_supported, separated by one blank.",
            ),
            Cause(
                "The scope belongs to another flow, such as system/ or offline_access with the wrong grant.",
                "Leave out one scope after the other until the request works.",
                "Request only scopes that fit the grant.",
            ),
        ),
        source=f"{RFC}#section-3.3",
        confidence="inferred",
    ),
)
