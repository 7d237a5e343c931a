"""The settings of OAuth libraries are found, with the names of OAuth parameters."""

from __future__ import annotations

from tests.laws import for_each

from sickbay.doctor.code.find import settings_in
from sickbay.doctor.code.models import AppSettings

APP_AUTH = """My auth_config.json:
{
  "client_id": "xxxx.apps.example.org",
  "redirect_uri": "https://com.example.myapplication",
  "end_session_redirect_uri": "https://com.example.myapplication",
  "authorization_scope": "openid email profile",
  "discovery_uri": "https://accounts.example.org/.well-known/openid-configuration",

  "authorization_endpoint_uri": "",
  "https_required": true
}
"""
FHIRCLIENT = """
    FHIR.oauth2.authorize({
      clientId: client_id,
      scope: "launch/patient openid fhirUser",
      iss: server.url,
      redirectUri: window.location.origin,
      pkceMode: "required"
    });
"""
OIDC_CLIENT = """const config: UserManagerSettings = {
  authority: 'https://auth.example.org',
  client_id: this.config.clientid,
  redirect_uri: 'http://localhost:4200/callback',
  response_type: 'code',
  scope: 'openid profile',
  metadata: {
    jwks_uri: 'https://auth.example.org/oidc/certs',
  },
};
this.userManger = new UserManager(config);
"""
SPRING_YAML = """spring:
  thymeleaf:
    cache: false
  security:
    oauth2:
      client:
        registration:
          login-client:
            provider: keycloak
            client-id: login-client  # as registered
            client-secret: 86ec2559
            authorization-grant-type: authorization_code
            redirect-uri: "{baseUrl}/login"
            scope: openid,profile,email
        provider:
          keycloak:
            token-uri: http://localhost:8090/auth/realms/demo/protocol/openid-connect/token
"""
SPRING_PROPERTIES = """spring.security.oauth2.client.registration.ehr.client-id=my-app
spring.security.oauth2.client.registration.ehr.redirect-uri=http://localhost:8080/login/oauth2/code/ehr
spring.security.oauth2.client.registration.ehr.scope=launch openid
"""
MSAL = """const msalConfig = {
  auth: { clientId: "11111111-aaaa", authority: "https://login.example.org/common", redirectUri: "http://localhost:3000" },
  cache: { cacheLocation: "sessionStorage" },
};
const pca = new PublicClientApplication(msalConfig);
"""
PASSPORT = """passport.use(new OAuth2Strategy({
    authorizationURL: 'https://auth.example.org/oauth2/authorize',
    tokenURL: 'https://auth.example.org/oauth2/token',
    clientID: CLIENT_ID,
    callbackURL: "http://localhost:3000/auth/example/callback"
  },
  function(accessToken, refreshToken, profile, cb) {}
));
"""
PYTHON = """settings = {
    'app_id': 'my_web_app',
    'api_base': 'https://ehr.example.org/fhir/r4',
    'redirect_uri': 'http://localhost:8000/cb'
}
smart = client.FHIRClient(settings=settings)
"""
SWIFT = """let oauth2 = OAuth2CodeGrant(settings: [
    "client_id": "id-team",
    "authorize_uri": "https://auth.example.org/auth",
    "redirect_uris": ["com.example.team:/callback"]
] as OAuth2JSON)
"""
ENVIRONMENT = "DEBUG=1\nREACT_APP_CLIENT_ID=my-app\nREACT_APP_REDIRECT_URI='http://localhost:3000/callback'\n"
DOTNET = """services.AddOpenIdConnect(options => {
    options.Authority = "https://auth.example.org";
    options.ClientId = "my-app";
    options.ResponseType = "code";
    options.ClientSecret = Configuration["Secret"];
});
"""
REGISTRATION = """return
    ClientRegistration.withRegistrationId("ehr").clientId("my-app")
        .redirectUri("http://localhost:8080/login")
        .scope("openid")
        .tokenUri("https://auth.example.org/token")
        .build();
"""
JAVA = """val request = AuthorizationRequest.Builder(
    serviceConfig, clientId = "my-app", redirectUri = "com.example.app:/oauth2redirect")
"""


@for_each(
    "text, library, lines, values",
    [
        (
            APP_AUTH,
            "AppAuth",
            (2, 11),
            {
                "client_id": "xxxx.apps.example.org",
                "redirect_uri": "https://com.example.myapplication",
                "post_logout_redirect_uri": "https://com.example.myapplication",
                "scope": "openid email profile",
                "issuer": "https://accounts.example.org/.well-known/openid-configuration",
            },
        ),
        (
            FHIRCLIENT,
            "fhirclient",
            (2, 8),
            {
                "client_id": "{client_id}",
                "scope": "launch/patient openid fhirUser",
                "iss": "{server.url}",
                "redirect_uri": "{window.location.origin}",
                "pkce": "required",
            },
        ),
        (
            OIDC_CLIENT,
            "oidc-client",
            (1, 10),
            {
                "issuer": "https://auth.example.org",
                "client_id": "{this.config.clientid}",
                "redirect_uri": "http://localhost:4200/callback",
                "response_type": "code",
                "scope": "openid profile",
                "jwks_uri": "https://auth.example.org/oidc/certs",
            },
        ),
        (
            SPRING_YAML,
            "Spring",
            (10, 17),
            {
                "client_id": "login-client",
                "client_secret": "86ec2559",
                "grant_type": "authorization_code",
                "redirect_uri": "{baseUrl}/login",
                "scope": "openid profile email",
                "token_endpoint": "http://localhost:8090/auth/realms/demo/protocol/openid-connect/token",
            },
        ),
        (
            SPRING_PROPERTIES,
            "Spring",
            (1, 3),
            {"client_id": "my-app", "redirect_uri": "http://localhost:8080/login/oauth2/code/ehr", "scope": "launch openid"},
        ),
        (
            MSAL,
            "MSAL",
            (1, 4),
            {
                "client_id": "11111111-aaaa",
                "issuer": "https://login.example.org/common",
                "redirect_uri": "http://localhost:3000",
            },
        ),
        (
            PASSPORT,
            "Passport",
            (1, 8),
            {
                "authorization_endpoint": "https://auth.example.org/oauth2/authorize",
                "token_endpoint": "https://auth.example.org/oauth2/token",
                "client_id": "{CLIENT_ID}",
                "redirect_uri": "http://localhost:3000/auth/example/callback",
            },
        ),
        (
            PYTHON,
            "fhirclient",
            (1, 5),
            {"client_id": "my_web_app", "iss": "https://ehr.example.org/fhir/r4", "redirect_uri": "http://localhost:8000/cb"},
        ),
        (
            SWIFT,
            "",
            (1, 5),
            {
                "client_id": "id-team",
                "authorization_endpoint": "https://auth.example.org/auth",
                "redirect_uri": "com.example.team:/callback",
            },
        ),
        (ENVIRONMENT, "", (2, 3), {"client_id": "my-app", "redirect_uri": "http://localhost:3000/callback"}),
        (
            DOTNET,
            "",
            (2, 5),
            {"issuer": "https://auth.example.org", "client_id": "my-app", "response_type": "code", "client_secret": "{Secret}"},
        ),
        (
            REGISTRATION,
            "Spring",
            (2, 5),
            {
                "client_id": "my-app",
                "redirect_uri": "http://localhost:8080/login",
                "scope": "openid",
                "token_endpoint": "https://auth.example.org/token",
            },
        ),
        (JAVA, "AppAuth", (1, 2), {"client_id": "my-app", "redirect_uri": "com.example.app:/oauth2redirect"}),
    ],
)
def test_settings_are_found_with_their_library_lines_and_values(
    text: str, library: str, lines: tuple[int, int], values: dict[str, str]
) -> None:
    assert settings_in(text) == (AppSettings(library, values, *lines),)


@for_each(
    "text",
    [
        '{"error": "invalid_client", "error_description": "unknown client_id", "state": "x"}',
        "grant_type: authorization_code\nclient_id: my-app\nredirect_uri: http://localhost",
        '{"client_id": "my-app", "redirect_uris": ["http://localhost/"], "scope": "launch"}',
        "The client_id is my-app.\nThe redirect_uri: must match.",
        "https://auth.example.org/authorize?client_id=my-app&redirect_uri=http://localhost",
    ],
)
def test_requests_responses_registrations_and_prose_are_not_settings(text: str) -> None:
    assert settings_in(text) == ()


def test_two_settings_in_one_text_are_both_found() -> None:
    found = settings_in(FHIRCLIENT + "\nand on the server\n\n\n\n\n" + SPRING_PROPERTIES)
    assert [settings.library for settings in found] == ["fhirclient", "Spring"]
