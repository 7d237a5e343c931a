"""Spring applications that can't check tokens, and references and searches that HAPI refuses."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

SPRING = "https://docs.spring.io/spring-security/reference/servlet/oauth2/resource-server/jwt.html"

ERRORS = (
    KnownError(
        id="spring-no-jwt-decoder",
        text=(
            ("security.oauth2.jwt.jwtdecoder", "reactivejwtdecoder", "jwtdecoderfactory", "no jwtdecoder", "jwtdecoder bean"),
        ),
        title="JwtDecoder: Spring doesn't know where the keys of the tokens are, because no issuer-uri or jwk-set-uri is set",
        why="Spring Boot creates the JwtDecoder only if spring.security.oauth2.resourceserver.jwt has one of these properties.",
        causes=(
            Cause(
                "The property is missing, misspelled, or in a profile that isn't active.",
                "Start with --debug and look for OAuth2ResourceServerJwtConfiguration.",
                "Set `spring.security.oauth2.resourceserver.jwt.issuer-uri` (or jwk-set-uri) in application.yml.",
            ),
            Cause(
                "The property is that of the old project (security.oauth2.resource.jwt).",
                "The key begins with security.oauth2.resource.",
                "Use the new property, or define a JwtDecoder bean with the key.",
            ),
            Cause(
                "The dependency is spring-security-oauth2-resource-server without Spring Boot's starter.",
                "Look at the dependencies.",
                "Add spring-boot-starter-oauth2-resource-server.",
            ),
        ),
        source=SPRING,
        confidence="documented",
    ),
    KnownError(
        id="spring-jwt-was-invalid",
        text=(("since the jwt was invalid", "failed to authenticate since the jwt"),),
        title="Spring refuses the access token: its signature, issuer or time doesn't fit the server's settings",
        why="The debug log hides the reason. It is in the header WWW-Authenticate of the 401 response.",
        causes=(
            Cause(
                "The token is signed by HS256 or another key than those at jwk-set-uri.",
                "Decode the header: alg and kid.",
                "Sign with RS256, or configure a JwtDecoder with the secret and its algorithm.",
            ),
            Cause(
                "iss isn't exactly the issuer-uri.",
                "Compare both, with the trailing slash.",
                "Set issuer-uri to the iss of the token.",
            ),
            Cause(
                "The token has expired, or the clocks differ.",
                "Read exp.",
                "Request a new token, and synchronise the clocks with NTP.",
            ),
        ),
        source=SPRING,
        confidence="documented",
    ),
    KnownError(
        id="hapi-search-database-error",
        text=(
            ("could not extract resultset", "sqlgrammarexception", "hapi-1262"),
            ("hapi", "fhir", "search", "operationoutcome"),
        ),
        without=("does not exist position", 'relation "hfj', "select next value", "seq_resource_id"),
        title="The search fails in HAPI's database: most often a parameter in _has or a chain doesn't exist",
        why="HAPI doesn't check every name in _has and chained parameters before it builds the SQL statement.",
        causes=(
            Cause(
                "The reference parameter in _has or in the chain isn't a search parameter of that type.",
                "Compare it with searchParam in /metadata.",
                "Use a search parameter of the type, such as _has:Observation:patient:code=….",
            ),
            Cause(
                "The database schema is older than the server.",
                "The log names a missing column or table.",
                "Run the migration of the HAPI version (hapi-fhir-cli migrate-database).",
            ),
        ),
        source="https://github.com/hapifhir/hapi-fhir/issues/4675",
        confidence="observed",
    ),
    KnownError(
        id="fhir-reference-unknown",
        text=(
            (
                "not know such resource",
                "not know the resource",
                "doesn't know the resource",
                "resource is not known",
                "no such resource",
            ),
            ("reference", "subject", "create", "post"),
        ),
        title="reference: the resource to which it points doesn't exist on this server, or the element doesn't allow this type",
        why="Servers check references when a resource is created: the target must exist, with this type and id.",
        causes=(
            Cause(
                "The id differs: the server assigned another one when the target was created.",
                "GET the reference on the same base URL.",
                "Create the target first, and use the id from the Location header.",
            ),
            Cause(
                "The element doesn't allow this type.",
                "Look at the element's allowed types.",
                "Put the reference into the element for it, for example questionnaire instead of subject.",
            ),
            Cause(
                "The target is on another server.",
                "The reference is absolute.",
                "Allow external references, or switch referential integrity off.",
            ),
        ),
        source="https://hl7.org/fhir/R4/references.html",
        confidence="documented",
        is_general=True,
    ),
)
