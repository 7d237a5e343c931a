"""Symptoms of servers with several nodes, of apps launched without context, and of blocked or public clients."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="keycloak-nodes-without-shared-sessions",
        servers=("keycloak",),
        text=(
            (
                "cluster",
                "replica",
                "two nodes",
                "three nodes",
                "multiple nodes",
                "second node",
                "stopping one node",
                "single node",
                "one node",
                "2 pods",
                "two pods",
                "multiple pods",
                "scale to",
                "scaled to",
                "scaling",
                "load balancer",
                "infinispan",
                "jgroups",
            ),
            (
                "401",
                "invalid_token",
                "invalidtoken",
                "invalid_grant",
                "session not active",
                "code not valid",
                "logged out",
                "sporadic",
                "sometimes",
                "randomly",
                "intermittent",
                "occasionally",
                "cookie not found",
                "restart login",
            ),
        ),
        title="The Keycloak nodes most often don't share sessions: what one node issued, the other doesn't know",
        why="Keycloak keeps sessions and codes in the Infinispan caches. If the nodes don't form a cluster, each has its own.",
        causes=(
            Cause(
                "The nodes don't find each other.",
                "With one node the error disappears; the log has ISPN000094 with 1 member only.",
                "Configure the cluster: `--cache=ispn` and a fitting `--cache-stack`, and open its port.",
            ),
            Cause(
                "The load balancer changes the node between two requests.",
                "The failed request is answered by another node than the login.",
                "Turn on sticky sessions by the cookie AUTH_SESSION_ID.",
            ),
            Cause(
                "The nodes run different versions or were restarted without persistent sessions.",
                "It began with an upgrade.",
                "Use the same version on all nodes, and log in again.",
            ),
        ),
        source="https://www.keycloak.org/server/caching",
        confidence="documented",
        is_general=True,
    ),
    KnownError(
        id="google-app-blocked",
        text=(
            (
                "this app tried to access sensitive info",
                "google blocked this access",
                "this app is blocked",
                "app is blocked by your admin",
                "access blocked: authorization error",
                "app_not_configured_for_user",
                "admin_policy_enforced",
            ),
        ),
        without=("code challenge", "redirect_uri_mismatch", "invalid_request"),
        title="Google blocks the app: it requests sensitive or restricted scopes without being verified, or an admin blocks it",
        why=(
            "Google shows this page instead of the consent page if an unverified app requests restricted scopes such "
            "as Gmail or Drive, or if the Workspace doesn't trust the app."
        ),
        causes=(
            Cause(
                "The consent screen isn't verified for these scopes.",
                "Verification status is not verified.",
                "Request only scopes that aren't restricted, or submit the app for verification; meanwhile add test users.",
            ),
            Cause(
                "The administrator of the Workspace doesn't allow the app.",
                "Personal accounts can log in, accounts of the organisation can't.",
                "Ask the administrator to trust the client ID under Security > API controls > App access control.",
            ),
            Cause(
                "The account has Advanced Protection.",
                "Only this user is blocked.",
                "Use another account.",
            ),
        ),
        where="Google Cloud console > Google Auth Platform > Verification centre",
        source="https://support.google.com/cloud/answer/13463073",
        confidence="documented",
    ),
    KnownError(
        id="launched-without-context",
        text=(
            (
                "sample patient",
                "patient picker",
                "patient selection",
                "select a patient",
                "select patient",
                "choose a patient",
                "patient dialog",
                "patient selector",
                "pick a patient",
            ),
            (
                "instead of the patient",
                "instead of the selected",
                "although i selected",
                "even though i selected",
                "again",
                "already selected",
                "every time",
                "still shows",
                "still asks",
                "wrong patient",
                "not the patient",
            ),
            ("launch", "smart", "ehr"),
        ),
        title="The app doesn't use the launch context, so it asks for a patient or shows a sample instead of the chosen one",
        why="The EHR passes iss and launch to the launch page; only then does the token response name the patient.",
        causes=(
            Cause(
                "The EHR opens the app's index page instead of its launch page.",
                "The address that is opened first has no iss and launch.",
                "Register the launch page as the launch URL, for example /launch.html.",
            ),
            Cause(
                "The scope `launch` isn't requested, or launch isn't passed on.",
                "The authorization request lacks launch= or the scope.",
                "Request the scope launch, and pass the launch value to authorize.",
            ),
            Cause(
                "The app doesn't read patient from the token response.",
                "The token response has patient.",
                "Use patient of the token response.",
            ),
        ),
        source="https://hl7.org/fhir/smart-app-launch/app-launch.html",
        confidence="inferred",
        is_general=True,
    ),
    KnownError(
        id="spring-public-client-pkce",
        text=(
            ("requireproofkey", "require-proof-key", "isrequireproofkey", "public client", "public-client"),
            ("spring authorization server", "spring-authorization-server", "oauth2authorizationserver", "springframework"),
            ("401", "invalid_client", "invalid_request", "invalid_grant", "unauthorized"),
        ),
        title="Spring authenticates a public client only by PKCE: client_id and code_verifier must be in the token request",
        why=(
            "Without a secret the server takes client_id and code_verifier as the client's authentication, even if "
            "requireProofKey is false. Refresh and revocation requests of a public client have none."
        ),
        causes=(
            Cause(
                "The authorization request has no code_challenge.",
                "The address lacks code_challenge and code_challenge_method=S256.",
                "Send code_challenge at authorize and code_verifier in the token request.",
            ),
            Cause(
                "client_id isn't in the body of the token request.",
                "The body has code and code_verifier only.",
                "Add client_id to the body.",
            ),
            Cause(
                "The client is registered with client_secret_basic.",
                "Read clientAuthenticationMethod.",
                "Register ClientAuthenticationMethod.NONE for a public client.",
            ),
        ),
        source="https://docs.spring.io/spring-authorization-server/reference/guides/how-to-pkce.html",
        confidence="documented",
    ),
    KnownError(
        id="athena-insert-failed",
        servers=("athena",),
        text=(("error occured while inserting", "error occurred while inserting", "while inserting details"),),
        title="The server accepted the request but couldn't store it: usually the content or a missing field",
        why="This message comes from the database layer behind the FHIR server, after validation, and doesn't name the cause.",
        causes=(
            Cause(
                "The inline attachment can't be stored: its format, encoding or size.",
                "The same request with content.attachment.url instead of data succeeds.",
                "Send the document as attachment.url, or as base64 of plain text or PDF in attachment.data.",
            ),
            Cause(
                "A field that the chart needs is missing or unknown, such as author, type, encounter or location.",
                "Compare with a document that the practice created itself.",
                "Add the field with an ID that exists in this practice.",
            ),
            Cause(
                "The server itself is at fault.",
                "Its log has the exception at this time.",
                "Send the time and x-request-id to athenahealth support.",
            ),
        ),
        source="https://github.com/athenahealth/apiserver-athenaFlex/issues/401",
        confidence="observed",
    ),
)
