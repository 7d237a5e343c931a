"""Epic: symptoms that people describe in prose, and errors of client libraries at its servers."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

OAUTH = "https://fhir.epic.com/Documentation?docId=oauth2"
APPS = "fhir.epic.com: Build Apps, then your app."
NAMED = MARKS["epic"]
"""For phrases that other servers use too: the text has to name this one."""

ERRORS = (
    KnownError(
        id="epic-token-not-jwt",
        servers=("epic", "fhirclient"),
        text=(
            (
                "failed to execute 'atob' on 'window'",
                "cannot read property 'exp' of null at object.bbclient",
                "bbclient.ready",
            ),
        ),
        title="access token: the library decodes it as a JWT, but Epic's token is opaque",
        why="An access token is meant only for the FHIR server. Old versions of fhirclient decode it to find out when it "
        "expires.",
        causes=(
            Cause(
                "The fhirclient version is old.",
                "package.json or the file name shows a version before 2.3.",
                "Update fhirclient to the newest version; it uses expires_in and doesn't decode the token.",
            ),
            Cause(
                "Your own code decodes the access token.",
                "Search your code for atob or jwt_decode.",
                "Don't decode the access token: read expires_in, patient and scope from the token response.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/101",
        confidence="documented",
    ),
    KnownError(
        id="epic-refresh-scope-not-listed",
        servers=("epic", "fhirclient"),
        text=(
            NAMED,
            ("offline_access",),
            ("refresh",),
            ("not visibly", "no offline_access", "in scope", "scope received", "unable to refresh"),
        ),
        title="offline_access: Epic doesn't list it in the granted scope, so the library refuses to refresh",
        why="fhirclient refreshes only if the granted scope contains offline_access or online_access. Epic gives a refresh "
        "token without listing it.",
        causes=(
            Cause(
                "The granted scope doesn't contain offline_access although there is a refresh token.",
                "Look at the token response: it has refresh_token.",
                "Post grant_type=refresh_token with the refresh_token to the token endpoint yourself, or update fhirclient.",
            ),
            Cause(
                "The app isn't registered for persistent access, so there is no refresh token.",
                "The token response has no refresh_token.",
                "Register a confidential client with persistent access and request offline_access.",
            ),
        ),
        where=APPS + " Is Confidential Client, Requires Persistent Access.",
        source="https://github.com/smart-on-fhir/client-js/issues/138",
        confidence="observed",
    ),
    KnownError(
        id="epic-no-refresh-token",
        servers=("epic",),
        text=(
            NAMED,
            ("refresh token", "refresh_token"),
            (
                "no refresh",
                "not return",
                "missing",
                "doesn't return",
                "does not return",
                "not receiving",
                "not getting",
                "didn't get",
            ),
        ),
        title="offline_access: Epic returned no refresh token",
        why="Only confidential apps that are registered for persistent access get one. Public standalone apps use a dynamic "
        "client.",
        causes=(
            Cause(
                "The app isn't registered as a confidential client with persistent access.",
                "Look at the app's page.",
                "Check Is Confidential Client and Requires Persistent Access, and request offline_access.",
            ),
            Cause(
                "The user chose a short access period in MyChart.",
                "The consent page asks how long.",
                "Ask the user to choose a longer time.",
            ),
        ),
        where=APPS + " Is Confidential Client, Requires Persistent Access.",
        source=OAUTH,
        confidence="documented",
    ),
    KnownError(
        id="epic-mychart-error-number",
        servers=("epic",),
        text=(("authentication/oauth/start?error", "oauth/start?error=", "an error has occurred. the request is invalid"),),
        title="redirect_uri or client_id: MyChart refused the authorization request and shows only a number",
        why="error=4 in the address means an invalid request. MyChart then repeats the parameters that it received, so they "
        "can be compared.",
        causes=(
            Cause(
                "redirect_uri is relative or isn't registered.",
                "Look at redirect_uri in the address: it has to begin with https:// and a host.",
                "Set the public URL of your app, and send the absolute redirect URI exactly as it is registered.",
            ),
            Cause(
                "The client ID isn't synced to this organization, or is that of the other environment.",
                "The app was changed in the last hours.",
                "Use the Non-Production Client ID in the sandbox and wait for the sync.",
            ),
            Cause(
                "aud or response_type isn't accepted.",
                "aud has to be the FHIR base URL.",
                "Send response_type=code and aud with the FHIR base URL.",
            ),
        ),
        where=APPS + " Redirect URIs.",
        source="https://github.com/cfu288/mere-medical/issues/256",
        confidence="inferred",
    ),
    KnownError(
        id="epic-observation-required",
        servers=("epic",),
        text=(
            NAMED,
            ("observation",),
            ('"code":"required"', '"code": "required"', "code: required", "400", "labs or vital", "no labs"),
        ),
        title="category: Epic refuses a search of Observation by patient only",
        why="Epic answers 400 with the code required, because it serves each category by another API.",
        causes=(
            Cause(
                "The search has neither category nor code.",
                "The URL has only patient and _count.",
                "Add category=laboratory or category=vital-signs, and send one search for each category.",
            ),
        ),
        source="https://github.com/jwilleke/yourphr/issues/754",
        confidence="observed",
    ),
    KnownError(
        id="epic-token-not-authorized-for-service",
        servers=("epic",),
        text=(("access token provided is valid, but is not authorized for this service",),),
        title="403: the access token is valid, but the app isn't authorized for this API",
        why="Epic checks whether the API of the request is among those that the app was registered for, and synced to this "
        "organization.",
        causes=(
            Cause(
                "The API isn't selected for the app, or only for another FHIR version.",
                "The scope in the token response lacks it.",
                "Add the API (such as Patient.Read (R4)) under Incoming APIs, save, wait for the sync, and authorize again.",
            ),
            Cause(
                "The organization hasn't approved the new API.",
                "It works in the sandbox.",
                "Ask the organization to approve the changed app.",
            ),
            Cause(
                "The user may not see this data.",
                "Another user can.",
                "Ask for the security point.",
            ),
        ),
        where=APPS + " Incoming APIs.",
        source=OAUTH,
        confidence="observed",
    ),
    KnownError(
        id="epic-invalid-client-identifier",
        servers=("epic",),
        text=(("invalid client identifier",),),
        title="Epic-Client-ID or client_id: Epic doesn't know this client ID in this environment",
        why="The request has an unknown client ID. New apps are known after the sync.",
        causes=(
            Cause(
                "The client ID is that of the other environment, or not synced yet.",
                "The app's page shows both IDs.",
                "Use the Non-Production Client ID in the sandbox, and wait up to 1 hour after saving the app.",
            ),
        ),
        where=APPS + " Client IDs.",
        source=OAUTH,
        confidence="observed",
    ),
)
