"""Recipients of tokens that are configured with a wrong audience, or can't load the keys."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="audience-with-blank",
        is_evident=True,
        text=(
            (
                "validaudience: ' ",
                "validaudiences: ' ",
                "validissuer: ' ",
                "expected audience ' ",
                "audience invalid. expected: ' ",
                "allowed audiences map[ ",
            ),
        ),
        title="aud: the configured audience begins with a blank",
        why="The two values are compared character by character. The blank came into the settings by copying.",
        causes=(
            Cause(
                "The client ID or audience in the settings has a blank at its beginning or end.",
                "The message shows a blank after the quotation mark.",
                "Remove the blank in the settings (appsettings.json, Web.config or the environment), and start the app again.",
            ),
        ),
        source="https://github.com/OfficeDev/hands-on-labs/issues/91",
        confidence="observed",
    ),
    KnownError(
        id="audience-not-configured",
        is_evident=True,
        text=(
            (
                "audience invalid. expected: undefined",
                "audience invalid. expected: null",
                "audience invalid. expected: none",
                "expected audience undefined",
                "validaudience: 'null' or validationparameters.validaudiences: 'null'",
                "validationparameters.validaudience is null or whitespace and validationparameters.validaudiences is null",
            ),
        ),
        title="aud: the API doesn't know which audience to expect, because none is configured",
        why="The expected value is undefined, most often because an environment variable isn't set where the API runs.",
        causes=(
            Cause(
                "The environment variable or setting for the audience is missing or misspelt.",
                "Print it at the start of the API.",
                "Set the audience of the API (such as AUTH0_AUDIENCE) to the identifier that clients request as audience.",
            ),
            Cause(
                "The file with the variables is loaded after the middleware is created.",
                "The variable is set later.",
                "Load .env before the middleware is created.",
            ),
        ),
        source="https://github.com/auth0-blog/nodejs-jwt-authentication-sample/issues/30",
        confidence="observed",
    ),
    KnownError(
        id="oauth2-proxy-audience-claims",
        is_evident=True,
        text=(("audience claims [] do not exist", "audience claims [] do not exist in claims"),),
        title="oauth2-proxy: `audienceClaims` is empty in the alpha configuration, so no audience is found",
        why="The legacy options have aud as the default. The alpha configuration has no default for this list.",
        causes=(
            Cause(
                "oidcConfig in the alpha configuration lacks audienceClaims.",
                "The message has empty brackets.",
                "Add audienceClaims: [aud] (and emailClaim: email, groupsClaim: groups) below oidcConfig.",
            ),
        ),
        source="https://github.com/oauth2-proxy/oauth2-proxy/issues/3280",
        confidence="observed",
    ),
    KnownError(
        id="salesforce-id-token-audience",
        servers=("salesforce",),
        text=(("audience mismatch", "audience"), ("openid", "id token", "id_token")),
        without=("audience is invalid", "assertion", "jwt bearer"),
        title="aud: the ID token of Salesforce has other audiences than the `client_id`",
        why="A connected app can list audiences for its ID tokens. A library expects its own consumer key there, and no"
        " others.",
        causes=(
            Cause(
                "ID Token Audiences is filled in the connected app.",
                "Decode the ID token: aud is a list.",
                "Remove the entries under ID Token Audiences in the connected app's OAuth settings, or accept the list.",
            ),
            Cause(
                "The library is configured with the `client_id` of another connected app.",
                "Compare aud with the consumer key.",
                "Set `client_id` to the consumer key of this app.",
            ),
        ),
        source="https://github.com/FormidableLabs/react-native-app-auth/issues/760",
        confidence="observed",
    ),
    KnownError(
        id="aspnet-no-keys-loaded",
        is_evident=True,
        text=(("number of keys in configuration: '0'", "number of keys in configuration: 0"),),
        title="The API has loaded no signing keys at all: most often the Microsoft.IdentityModel packages have different"
        " versions",
        why="The keys come from the discovery document. With packages of different versions the document is read without keys.",
        causes=(
            Cause(
                "Packages of Microsoft.IdentityModel.* and System.IdentityModel.Tokens.Jwt have different versions.",
                "dotnet list package --include-transitive shows several versions.",
                "Reference one version of all Microsoft.IdentityModel.* packages, Protocols.OpenIdConnect included.",
            ),
            Cause(
                "The API can't reach the discovery document or `jwks_uri`.",
                "Open Authority + /.well-known/openid-configuration from the API's machine.",
                "Correct Authority, and allow the outgoing connection.",
            ),
        ),
        source="https://github.com/AzureAD/azure-activedirectory-identitymodel-extensions-for-dotnet/wiki",
        confidence="observed",
    ),
    KnownError(
        id="token-response-context-in-claims",
        is_evident=True,
        text=(
            ("patient", "fhiruser", "launch context"),
            (
                "claims inside the access token",
                "inside the access token",
                "inside the jwt",
                "inside of the jwt",
                "in the jwt instead",
                "as a claim",
                "as claims",
                "custom claim",
                "claims in the access token",
            ),
            ("token response", "token_response", "response json", "inferno"),
        ),
        title="patient is only a claim of the access token. SMART wants it as a member of the token response, next to"
        " `access_token`",
        why="Apps don't read access tokens. SMART App Launch defines patient, encounter and others as members of the token"
        " response; only fhirUser is a claim, of the ID token.",
        causes=(
            Cause(
                "The authorization server can only add claims to tokens, and no members to the token response.",
                "patient appears when the access token is decoded.",
                "Use a server or extension that writes members of the token response, or put a proxy in front of the token"
                " endpoint that copies the claim.",
            ),
            Cause(
                "The server has the option, and it isn't enabled.",
                "Keycloak: the mapper has Add to token response.",
                "Enable it, such as Add to access token response in Keycloak's mapper.",
            ),
        ),
        source="https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html",
        confidence="documented",
    ),
)
