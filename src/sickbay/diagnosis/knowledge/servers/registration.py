"""Dynamic client registration and clients of MCP servers, which depend on it."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.phrases import status_phrases

RFC7591 = "https://www.rfc-editor.org/rfc/rfc7591"

ERRORS = (
    KnownError(
        id="registration-not-supported",
        text=(
            (
                "does not support dynamic client registration",
                "doesn't support dynamic client registration",
                "dynamic client registration not supported",
                "dynamic registration is not supported",
                "dynamic client registration is disabled",
            ),
        ),
        title="The authorization server has no dynamic registration, so the client has to be registered by hand",
        why=("The client looks for registration_endpoint in the metadata. Many servers (Entra ID, Google, GitHub) have none."),
        causes=(
            Cause(
                "registration_endpoint is missing in the metadata.",
                "Open .well-known/oauth-authorization-server or openid-configuration.",
                "Register a client in the server's console, and give its client_id (and secret) to the app.",
            ),
            Cause(
                "The client reads the metadata of another address.",
                "The log shows which address.",
                "Publish the metadata at the issuer, and name the issuer in the protected resource metadata.",
            ),
        ),
        source=f"{RFC7591}#section-3",
        confidence="documented",
    ),
    KnownError(
        id="registration-refused",
        is_general=True,
        text=(
            ("/register", "client registration", "dynamic registration", "registration endpoint", "registration_endpoint"),
            (*status_phrases(401), *status_phrases(403), "initial access token", "registration failed", "registration error"),
        ),
        without=("resourcetype",),
        title=(
            "The registration endpoint refuses the request: it needs an initial access token, or doesn't allow these metadata"
        ),
        why="Servers protect registration by an initial access token, trusted hosts, or rules for redirect URIs.",
        causes=(
            Cause(
                "The initial access token is missing (401 or 403).",
                "The server's documentation or registration policy requires one.",
                "Create an initial access token, and send it as Authorization: Bearer with the registration.",
            ),
            Cause(
                "A policy refuses the host or the redirect URIs (Keycloak: Trusted Hosts).",
                "The answer or the server's log names the policy.",
                "Add the host and redirect URIs to the policy.",
            ),
            Cause(
                "Registration is meant to be done by hand.",
                "The console offers it.",
                "Register the client in the console, and configure its client_id.",
            ),
        ),
        source=f"{RFC7591}#section-3.1",
        confidence="documented",
    ),
    KnownError(
        id="mcp-client-information",
        text=(("existing oauth client information is required",),),
        title="The client that was registered for this login is no longer stored when the code is redeemed",
        why=(
            "The MCP library asks clientInformation() at the callback. It returns nothing, so there is no client_id "
            "for the code."
        ),
        causes=(
            Cause(
                "The registration wasn't saved, or is kept in another process or object.",
                "saveClientInformation isn't called, or writes elsewhere than clientInformation reads.",
                "Store client_id (and secret) of the registration together with state and code_verifier until "
                "the login is complete.",
            ),
            Cause(
                "The stored file belongs to another server URL.",
                "The key in the storage differs, such as by a slash.",
                "Delete the stored login, and start it again.",
            ),
        ),
        source="https://github.com/whoz-oss/coday/issues/1320",
        confidence="observed",
    ),
)
