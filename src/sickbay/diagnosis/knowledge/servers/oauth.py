"""Error codes of RFC 6749, 6750 and OpenID Connect from a server that isn't known: checklists, the most likely first."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="oauth-invalid-client",
        codes=("invalid_client",),
        title="invalid_client: the token endpoint could not authenticate the client",
        why="The server doesn't know this client_id, or the proof that came with it isn't the one it expects.",
        causes=(
            Cause(
                "The client_id belongs to another environment, or the registration isn't active yet.",
                "Compare it character by character with the one in the server's console, sandbox and production apart.",
                "Send the client_id of the environment that the token endpoint belongs to.",
            ),
            Cause(
                "The client secret is wrong, expired or carries a blank or a line break from copying.",
                "A new secret works.",
                "Create a new client secret and copy its value, not its id.",
            ),
            Cause(
                "The app authenticates in another way than it is registered for.",
                "The registration says client_secret_post, but the request has an Authorization header, or the reverse.",
                "Use the registered method: the header Basic base64(client_id:client_secret), or client_secret in the body.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-5.2",
        confidence="documented",
    ),
)
