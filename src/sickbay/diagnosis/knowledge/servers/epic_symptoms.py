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
                "The user chose a short time of access in MyChart.",
                "The consent page asks how long.",
                "Ask the user to choose a longer time.",
            ),
        ),
        where=APPS + " Is Confidential Client, Requires Persistent Access.",
        source=OAUTH,
        confidence="documented",
    ),
)
