"""Epic: errors of the authorize and token endpoints, which rarely say more than one word."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

OAUTH = "https://fhir.epic.com/Documentation?docId=oauth2"
APPS = "fhir.epic.com: Build Apps, then your app."
NAMED = MARKS["epic"]
"""For phrases that other servers use too: the text has to name this one."""

ERRORS = (
    KnownError(
        id="epic-oauth2-error-page",
        servers=("epic",),
        text=(("something went wrong trying to authorize the client", "invalid oauth 2.0 request"),),
        title="redirect_uri or client_id: Epic's OAuth2 Error page means that the authorization URL doesn't match the app",
        why="Epic shows this page without a reason for several faults. Most often the redirect URI isn't registered "
        "exactly, or the client ID isn't synced to this organization yet.",
        causes=(
            Cause(
                "redirect_uri isn't registered, or differs in case, slash or port.",
                "Compare it character by character with the Redirect URIs of the app.",
                "Register the redirect URI exactly as you send it, and save the app again.",
            ),
            Cause(
                "The client ID isn't synced yet: up to 1 hour in the sandbox, 12 to 48 hours at organizations.",
                "The app was created or changed recently.",
                "Wait until the sync is done and try again.",
            ),
            Cause(
                "The production client ID is used in the sandbox, or vice versa.",
                "The app's page shows both IDs.",
                "Use the Non-Production Client ID with fhir.epic.com and the production ID elsewhere.",
            ),
            Cause(
                "aud or response_type=code is missing.",
                "Look for aud= in the URL.",
                "Send response_type=code and aud with the FHIR base URL.",
            ),
        ),
        where=APPS + " Redirect URIs and Client IDs; press Save & Ready for Sandbox.",
        source="https://github.com/cfu288/mere-medical/issues/53",
        confidence="observed",
    ),
    KnownError(
        id="epic-authorize-refused",
        servers=("epic",),
        text=(
            NAMED,
            ("oauth2 error", "oath2 error", "oauth 2 error", "invalid request", "error page", "something went wrong"),
            ("authorize", "oauth"),
        ),
        title="redirect_uri or client_id: Epic refused the authorization URL without saying why",
        why="Most often the redirect URI isn't registered exactly, or the client ID isn't synced to this organization yet.",
        causes=(
            Cause(
                "redirect_uri isn't registered, or differs in case, slash or port.",
                "Compare it character by character with the Redirect URIs of the app.",
                "Register the redirect URI exactly as you send it.",
            ),
            Cause(
                "The client ID isn't synced yet: up to 1 hour in the sandbox, 12 to 48 hours at organizations.",
                "The app was created or changed recently.",
                "Wait until the sync is done and try again.",
            ),
            Cause(
                "The production client ID is used in the sandbox, or vice versa.",
                "The app's page shows both IDs.",
                "Use the Non-Production Client ID with fhir.epic.com and the production ID elsewhere.",
            ),
        ),
        where=APPS + " Redirect URIs and Client IDs; press Save & Ready for Sandbox.",
        source="https://github.com/cfu288/mere-medical/issues/53",
        confidence="observed",
    ),
    KnownError(
        id="epic-invalid-client-null",
        servers=("epic",),
        codes=("invalid_client",),
        text=(
            ('"error_description": null', '"error_description":null', "error_description: null", "'error_description': none"),
        ),
        title="invalid_client without a description, as Epic answers if it can't authenticate the client",
        why="Epic gives the same answer for an unknown client ID, a key that it doesn't have yet, and a wrong claim in the "
        "JWT.",
        causes=(
            Cause(
                "The public key or the client ID isn't synced yet: up to 1 hour in the sandbox, 12 to 48 hours elsewhere.",
                "The app or its key was created or changed recently.",
                "Upload the public key or JWK Set URL, press Save & Ready for Sandbox, and wait.",
            ),
            Cause(
                "The production client ID is used in the sandbox.",
                "Compare iss and sub with the Non-Production Client ID.",
                "Use the Non-Production Client ID as iss and sub, or as client_id.",
            ),
            Cause(
                "A claim or header of the JWT is wrong.",
                "aud is the token URL, exp at most 5 minutes ahead, alg RS384, kid that of the JWK Set.",
                "Correct aud, exp, alg and kid, and send a new jti each time.",
            ),
            Cause(
                "The client secret was percent-encoded before Basic, or is wrong.",
                "Decode the header.",
                "Send Basic base64(client_id:client_secret) with the raw, unencoded secret.",
            ),
        ),
        where=APPS + " Public keys, JWK Set URL, Client IDs.",
        source="https://golangfix.com/epic-fhir-smart-backend-services-error-invalid_client-error_description-null/",
        confidence="observed",
    ),
    KnownError(
        id="epic-basic-url-encoded",
        servers=("epic",),
        text=(
            NAMED,
            ("url-encoded", "url encoded", "urlencode", "percent-encod", "encodeuricomponent"),
            ("basic",),
            ("secret",),
        ),
        title="client secret: Epic expects the raw client ID and secret in the Basic header, not percent-encoded ones",
        why="RFC 6749 says that both are form-encoded before base64, but Epic compares the decoded text as it is. A secret "
        "with special characters then fails with invalid_client.",
        causes=(
            Cause(
                "The client ID and secret are percent-encoded before base64.",
                "The decoded header contains % signs.",
                "Send Basic base64(client_id:client_secret) without encoding the values.",
            ),
            Cause(
                "The client ID isn't that of this environment.",
                "Compare it with the Non-Production Client ID.",
                "Use the Non-Production Client ID in the sandbox.",
            ),
        ),
        where=APPS + " Client secret.",
        source="http://community.fhir.org/t/invalid-client-error-from-epic/4312",
        confidence="observed",
    ),
    KnownError(
        id="epic-backend-assertion-code",
        servers=("epic",),
        text=(
            NAMED,
            ("client_assertion", "jwt.mapclaims", "jwt.encode(", "signwith", "signingmethod", "jwt.sign(", '"jti"'),
            ("privatekey", "private_key", "private key", "rs384", "rs256"),
        ),
        title="client_assertion: what Epic checks in the JWT of a backend app",
        why="Epic answers invalid_client without a description for each of these faults. If the claims are right, most "
        "often the key isn't synced yet.",
        causes=(
            Cause(
                "The public key isn't uploaded or not synced yet (up to 1 hour in the sandbox, longer elsewhere).",
                "The key was added recently.",
                "Upload the public key or register a JWK Set URL, and wait.",
            ),
            Cause(
                "The header has no kid, or one that isn't in the JWK Set.",
                "Decode the JWT's header.",
                "Send the kid of the registered key; it is required with a JWK Set URL.",
            ),
            Cause(
                "iss and sub aren't the Non-Production Client ID.",
                "The app's page shows two IDs.",
                "Use the Non-Production Client ID in the sandbox.",
            ),
            Cause(
                "The body isn't form-encoded, such as JSON.",
                "Look at the Content-Type of the request.",
                "Send grant_type, client_assertion_type and client_assertion as application/x-www-form-urlencoded.",
            ),
        ),
        where=APPS + " Public keys or JWK Set URL.",
        source=OAUTH + "&section=BackendOAuth2Guide",
        confidence="observed",
    ),
    KnownError(
        id="epic-invalid-client",
        servers=("epic",),
        codes=("invalid_client",),
        title="invalid_client: Epic's token endpoint could not authenticate the client",
        why="Epic doesn't say why. The client ID, the secret or the key isn't the one that this environment knows.",
        causes=(
            Cause(
                "The client ID is that of the other environment, or not synced yet.",
                "Compare it with the Non-Production Client ID; a new app takes up to 1 hour.",
                "Use the Non-Production Client ID in the sandbox and wait for the sync.",
            ),
            Cause(
                "The secret was percent-encoded before Basic, or is wrong.",
                "Decode the header: it has to be the raw client_id:client_secret.",
                "Send the raw secret, not percent-encoded, or create a new one.",
            ),
            Cause(
                "The public key isn't registered, or kid names another one.",
                "Compare kid with the JWK Set.",
                "Upload the key and send its kid.",
            ),
            Cause(
                "The app is public, but sends a secret, or vice versa.",
                "The app's page shows whether it is a confidential client.",
                "Send client_id in the body for a public app.",
            ),
        ),
        where=APPS + " Client IDs, Client secret, Public keys.",
        source=OAUTH,
        confidence="observed",
    ),
    KnownError(
        id="epic-invalid-grant-null",
        servers=("epic",),
        codes=("invalid_grant",),
        text=(
            ('"error_description": null', '"error_description":null', "error_description: null", "'error_description': none"),
        ),
        title="invalid_grant without a description, as Epic answers if it doesn't accept the code or refresh token",
        why="Epic gives no reason. Most often the code was used already or has expired, or the second request differs from "
        "the first.",
        causes=(
            Cause(
                "The code was used already, for example by a double render or a reload, or has expired.",
                "The log shows two token requests with the same code.",
                "Redeem each code once and at once; start again for a new code.",
            ),
            Cause(
                "redirect_uri or client_id differs from the authorization URL.",
                "Compare both requests.",
                "Send the same redirect_uri and client_id in both requests.",
            ),
            Cause(
                "code_verifier doesn't belong to the code_challenge, or is missing.",
                "The authorization URL has a code_challenge.",
                "Store the verifier until the token request and send it unchanged.",
            ),
            Cause(
                "A dynamic client's assertion isn't accepted.",
                "The body has grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer.",
                "Register the dynamic client again and sign the assertion with its key.",
            ),
        ),
        source=OAUTH,
        confidence="observed",
    ),
    KnownError(
        id="epic-dynamic-client",
        text=(("dynamic client",), ("error_description", "access token", "registration"), ("epic", "register", "registration")),
        title="dynamic client: the token request with the key of a dynamically registered client was refused",
        why="Epic lets public apps register a key for each user and then ask for tokens with a signed assertion. The "
        "organization has to allow it, and the key needs a moment to be known.",
        causes=(
            Cause(
                "The assertion isn't accepted: wrong key, aud or client ID, or sent too early.",
                "Decode it: iss and sub are the ID from the registration response, aud is the token URL.",
                "Sign the assertion with the registered key, use the new client ID, and retry after some seconds.",
            ),
            Cause(
                "The registration at this organization isn't enabled for the app.",
                "The same code works at another organization.",
                "Ask the organization, or use a confidential app with a refresh token.",
            ),
            Cause(
                "The code was redeemed already.",
                "Two requests have the same code.",
                "Authorize again for a new code.",
            ),
        ),
        source="https://github.com/fastenhealth/fasten-onprem/issues/555",
        confidence="inferred",
    ),
    KnownError(
        id="epic-invalid-launch-token",
        servers=("epic",),
        text=(("invalid_launch_token", "invalid launch token"),),
        title="launch: the launch token has expired or was used already",
        why="Epic's launch token is valid once and for a few minutes.",
        causes=(
            Cause(
                "The page was reloaded, or the launch took too long.",
                "A new launch from Hyperspace or the Launchpad works.",
                "Launch again and send the launch value at once, and only once.",
            ),
        ),
        where="fhir.epic.com: Launchpad.",
        source=OAUTH,
        confidence="documented",
    ),
    KnownError(
        id="epic-invalid-request",
        servers=("epic",),
        codes=("invalid_request", "unsupported_grant_type"),
        title="Epic considers the token request malformed",
        why="Most often the body isn't form-encoded, or a parameter is missing or sent twice.",
        causes=(
            Cause(
                "The body is JSON or multipart.",
                "Look at the Content-Type of the request.",
                "Send application/x-www-form-urlencoded.",
            ),
            Cause(
                "redirect_uri, code or grant_type is missing.",
                "Read the body that was really sent.",
                "Send grant_type=authorization_code with code and redirect_uri.",
            ),
            Cause(
                "The client authenticates twice, in the header and in the body.",
                "The request has Basic and client_secret.",
                "Use only the one that is registered.",
            ),
        ),
        source=OAUTH,
        confidence="inferred",
    ),
    KnownError(
        id="epic-unauthorized-client",
        servers=("epic",),
        codes=("unauthorized_client", "invalid_scope", "access_denied"),
        title="The app isn't allowed to do this at this Epic organization",
        why="The registration decides which grants and APIs an app may use, and each organization has to download or "
        "approve it.",
        causes=(
            Cause(
                "The organization hasn't downloaded or approved the app.",
                "The same client works in the sandbox.",
                "Ask the organization to approve the app (Review & Manage Downloads).",
            ),
            Cause(
                "The app's audience or type doesn't fit the grant, such as client_credentials for an app that isn't Backend "
                "Systems.",
                "Look at the Application Audience.",
                "Register a Backend Systems app for client_credentials.",
            ),
            Cause(
                "The user declined, or has no MyChart access to this patient.",
                "Another user works.",
                "Authorize again with a user who has access.",
            ),
        ),
        where=APPS + " Application Audience, Incoming APIs.",
        source=OAUTH,
        confidence="observed",
    ),
)
