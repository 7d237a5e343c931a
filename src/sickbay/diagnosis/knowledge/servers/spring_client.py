"""Spring Security as an OAuth client: user info, registrations, CSRF and authorized clients."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

LOGIN = "https://docs.spring.io/spring-security/reference/servlet/oauth2/login/core.html"

ERRORS = (
    KnownError(
        id="spring-user-info",
        text=(
            (
                "invalid_user_info_response",
                "attempting to retrieve the userinfo resource",
                "missing_user_info_uri",
                "could not obtain user details from token",
            ),
        ),
        title="The user info request failed: its address is wrong, or the server refuses the access token there",
        why=(
            "After the login Spring calls user-info-uri with the access token; the status after the colon is the server's "
            "answer."
        ),
        causes=(
            Cause(
                "user-info-uri is wrong or missing.",
                "Compare it with userinfo_endpoint in the discovery document.",
                "Set user-info-uri to userinfo_endpoint, or configure only issuer-uri.",
            ),
            Cause(
                "The server needs the scope openid, or another method.",
                "The status is 401 or 403.",
                "Request the scope openid, and set user-info-authentication-method to header.",
            ),
            Cause(
                "The endpoint isn't protected as a resource server in your own authorization server.",
                "It redirects to a login page.",
                "Configure oauth2ResourceServer for it.",
            ),
        ),
        source="https://github.com/jobmission/oauth2-client/issues/1",
        confidence="observed",
    ),
    KnownError(
        id="spring-user-name-attribute",
        text=(
            (
                "missing_user_name_attribute",
                'missing required "user name" attribute',
                "missing attribute '",
                "attribute value for",
            ),
            ("attribute",),
            ("user name", "user-name", "in attributes", "cannot be null", "missing_user_name"),
        ),
        title="user-name-attribute names a claim that the user info doesn't have",
        why="Spring needs one attribute as the user's name, for example sub or preferred_username.",
        causes=(
            Cause(
                "The configured attribute isn't in the response.",
                "Look at the user info response.",
                (
                    "Set spring.security.oauth2.client.provider.NAME.user-name-attribute to an attribute that is "
                    "there, for "
                    "example sub."
                ),
            ),
            Cause("The scope profile isn't requested.", "The response has only sub.", "Request the scope profile."),
        ),
        source=LOGIN,
        confidence="documented",
    ),
    KnownError(
        id="spring-registration-unknown",
        text=(
            (
                "invalid client registration with id",
                "client registration with id",
                "clientregistration must",
                "unable to find clientregistration",
                "client_authorization_required",
                "could not find clientregistration",
            ),
        ),
        title="There is a problem with the ClientRegistration: its ID is unknown, or the user isn't authorized for it yet",
        why=("The ID in /oauth2/authorization/ID has to be a registration; an authorized client exists only after its login."),
        causes=(
            Cause(
                "The registration ID is misspelled.",
                "Compare the path with spring.security.oauth2.client.registration.",
                "Use the configured registration ID.",
            ),
            Cause(
                "client_authorization_required: no access token exists for this user or service.",
                "It happens in background tasks.",
                "Use AuthorizedClientServiceOAuth2AuthorizedClientManager there, or log in again.",
            ),
        ),
        source=LOGIN,
        confidence="documented",
    ),
    KnownError(
        id="spring-csrf",
        text=(
            (
                "invalid csrf token",
                "could not verify the provided csrf token",
                "csrf token was not found",
                "expected csrf token not found",
            ),
        ),
        title="403: Spring's CSRF protection refused the POST, before any token was checked",
        why="With sessions and cookies, Spring requires a CSRF token for POST, PUT and DELETE.",
        causes=(
            Cause(
                "It is an API for bearer tokens.",
                "The client sends no cookies.",
                (
                    "Disable CSRF for these paths, or configure oauth2ResourceServer, which does so for requests with a "
                    "bearer token."
                ),
            ),
            Cause(
                "The browser app doesn't send the token.",
                "There is no X-XSRF-TOKEN header.",
                "Send the value of the cookie XSRF-TOKEN as X-XSRF-TOKEN.",
            ),
        ),
        source="https://docs.spring.io/spring-security/reference/servlet/exploits/csrf.html",
        confidence="documented",
    ),
    KnownError(
        id="spring-signature-verifier",
        text=(("missing_signature_verifier", "failed to find a signature verifier"),),
        title="Spring can't check the ID token, because jwk-set-uri isn't configured",
        why="Without issuer-uri the provider's endpoints have to be configured one by one, the keys included.",
        causes=(
            Cause(
                "jwk-set-uri is missing.",
                "Look at the provider's configuration.",
                "Set issuer-uri, or jwk-set-uri to the discovery document's jwks_uri.",
            ),
        ),
        source=LOGIN,
        confidence="documented",
    ),
)
