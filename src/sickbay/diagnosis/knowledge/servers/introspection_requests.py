"""Introspection endpoints that don't exist, and introspection requests that are refused."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

RFC7662 = "https://www.rfc-editor.org/rfc/rfc7662#section-2"
OPENIDDICT = "https://documentation.openiddict.com/configuration/token-formats"

ERRORS = (
    KnownError(
        id="entra-no-introspection",
        servers=("entra",),
        text=(
            ("introspect",),
            ("does azure ad", "aad", "azure ad", "entra"),
            ("how ", "does ", "provide", "is there", "support"),
        ),
        without=('introspection_endpoint"',),
        title="introspection: Entra ID (Azure AD) has no introspection endpoint",
        why="Entra ID's access tokens are JWTs that the API checks itself. Its discovery document has no"
        " `introspection_endpoint`.",
        causes=(
            Cause(
                "Entra ID doesn't implement RFC 7662.",
                "The openid-configuration has no `introspection_endpoint`.",
                "Verify the JWT with the keys at `jwks_uri`; if introspection is required (Inferno g10), offer an endpoint of"
                " your own that does so and answers with active.",
            ),
        ),
        source="https://learn.microsoft.com/entra/identity-platform/access-tokens",
        confidence="documented",
    ),
    KnownError(
        id="openiddict-introspection-client",
        text=(("the introspection request was rejected because the client application was not found",),),
        captures=(r"not found:? '(?P<value>[^']{1,80})'",),
        title="introspection: the API's client isn't registered at the OpenIddict server: {value}",
        why="The API authenticates at the introspection endpoint with `client_id` and secret of its own, like any client.",
        causes=(
            Cause(
                "No application with this `client_id` exists in OpenIddictApplications.",
                "Look it up in the table.",
                "Create an application with this client_id, a secret and Permissions.Endpoints.Introspection.",
            ),
            Cause(
                "SetClientId in the API's AddValidation has another value.",
                "Compare both.",
                "Set the same client_id and secret with UseIntrospection, SetClientId and SetClientSecret.",
            ),
        ),
        source="https://github.com/openiddict/openiddict-core/issues/1227",
        confidence="observed",
    ),
    KnownError(
        id="openiddict-introspection-audience",
        text=(
            (
                "was issued to a different client or for another resource server",
                "introspection request was rejected because the access token",
                "the client is not allowed to introspect the specified token",
                "is not allowed to introspect",
            ),
        ),
        title="introspection: the API isn't among the audiences of the access token, so it may not introspect it",
        why="OpenIddict answers only a client that is an audience or the presenter of the token.",
        causes=(
            Cause(
                "The token's audiences don't contain the `client_id` of the API.",
                "The token has no aud, or another one.",
                'Call principal.SetResources("API-CLIENT-ID") when the token is issued, or list it as resource of the scope.',
            ),
            Cause(
                "aud was set with SetClaim instead of SetResources.",
                "The code sets Claims.Audience.",
                "Use SetResources, and get a new token.",
            ),
        ),
        source="https://github.com/openiddict/openiddict-core/issues/1497",
        confidence="documented",
    ),
    KnownError(
        id="introspection-token-type",
        text=(("cannot be introspected", "can't be introspected", "the specified token cannot be introspected"),),
        title="introspection: this kind of token can't be introspected, such as an ID token or an authorization code",
        why="Only access tokens and refresh tokens are introspected. An ID token is checked by its signature.",
        causes=(
            Cause(
                "The ID token was sent instead of the access token.",
                "Decode it: its aud is the `client_id` of the app.",
                "Send the value of `access_token` to the introspection endpoint and to the API.",
            ),
            Cause(
                "The API sends whatever it gets in Authorization, such as a code or a device code.",
                "Log the beginning of the token.",
                "Send `Authorization: Bearer` with the access token.",
            ),
        ),
        source=RFC7662,
        confidence="inferred",
    ),
)
