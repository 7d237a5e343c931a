"""Django OAuth Toolkit."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="dot-hashed-secret",
        text=(
            ("pbkdf2_sha256$", "/o/token", "django-oauth-toolkit", "oauth2_provider", "drf-social-oauth2", "drf_social"),
            ("invalid_client", "invalid client"),
        ),
        title=(
            "Django OAuth Toolkit hashes the client secret when it is saved: the hashed value, copied from the admin page, "
            "doesn't work"
        ),
        why="Since version 2.0 the admin page shows pbkdf2_sha256$… after saving; the plain secret is visible only before.",
        causes=(
            Cause(
                "The hashed secret was sent.",
                "It begins with pbkdf2_sha256$.",
                "Create a new secret, copy the plain value before saving, and send that one.",
            ),
            Cause(
                "PKCE is required since version 2.0, and the app sends none.",
                "The authorization request has no code_challenge.",
                "Send code_challenge and code_verifier, or set PKCE_REQUIRED = False.",
            ),
            Cause(
                "The header isn't named Authorization, or its value isn't Basic base64(client_id:client_secret).",
                "Look at the header's name.",
                "Send Authorization: Basic with the plain secret.",
            ),
        ),
        source="https://github.com/django-oauth/django-oauth-toolkit/issues/1193",
        confidence="documented",
    ),
    KnownError(
        id="dot-grant-type",
        text=(("/o/token", "django-oauth-toolkit", "oauth2_provider", "oauthlib.oauth2"), ("unauthorized_client",)),
        title="unauthorized_client: the application's Authorization grant type isn't the one of the request",
        why="In Django OAuth Toolkit each application has exactly one grant type (refresh_token is allowed with it).",
        causes=(
            Cause(
                "The grant type of the application differs from grant_type.",
                "Look at Authorization grant type in the admin.",
                "Set the application's grant type to the one that the app sends, or register a second application.",
            ),
        ),
        where="Django admin > Django OAuth Toolkit > Applications",
        source="https://django-oauth-toolkit.readthedocs.io/",
        confidence="documented",
    ),
    KnownError(
        id="dot-unsupported-grant",
        text=(
            ("/o/token", "/auth/token", "oauth2_provider", "django-oauth-toolkit", "django", "drf"),
            ("unsupported_grant_type",),
        ),
        title="unsupported_grant_type: the body isn't a form, so that the server doesn't see grant_type",
        why=(
            "Django reads parameters only from application/x-www-form-urlencoded. JSON, or a form whose Content-Type was "
            "lost, counts as empty."
        ),
        causes=(
            Cause(
                "The body is JSON.",
                "Look at Content-Type and the body.",
                "Send the body as application/x-www-form-urlencoded (axios: URLSearchParams or qs).",
            ),
            Cause(
                "JSON is wanted.",
                "It is your own server.",
                "Set OAUTH2_BACKEND_CLASS to oauth2_provider.oauth2_backends.JSONOAuthLibCore.",
            ),
            Cause("The application has another grant type.", "The body is a form.", "Set the application's grant type."),
        ),
        source="https://github.com/django-oauth/django-oauth-toolkit/issues/1624",
        confidence="documented",
    ),
)
