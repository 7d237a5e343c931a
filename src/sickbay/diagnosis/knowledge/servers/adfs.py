"""Messages of Active Directory Federation Services (AD FS), which have codes that begin with MSIS."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

DOCS = "https://learn.microsoft.com/windows-server/identity/ad-fs/development/ad-fs-openid-connect-oauth-concepts"
WHERE = "AD FS Management → Application Groups → the group"

ERRORS = (
    KnownError(
        id="adfs-client",
        text=(("msis9223", "'client_id' is invalid as no registered client was found"),),
        captures=(r"client_id: '(?P<client_id>[^']+)'",),
        title="`client_id`: AD FS has no client with the identifier {client_id}",
        why="AD FS looks the value up among the client identifiers of its application groups, character by character.",
        causes=(
            Cause(
                "The app sends a URL or name instead of the client identifier.",
                "The message shows the received value.",
                "Set the client_id in the app to the Client Identifier that AD FS shows for the native or server application.",
            ),
            Cause(
                "The client isn't registered in this farm, or only as a relying party trust.",
                "It isn't listed under Application Groups.",
                "Add an application group with this client identifier and its redirect URI.",
            ),
        ),
        where=WHERE,
        source="https://github.com/microsoft/o365-moodle/issues/2408",
        confidence="observed",
    ),
    KnownError(
        id="adfs-redirect-uri",
        text=(("msis9224", "'redirect_uri' parameter is not a valid registered redirect uri"),),
        title="`redirect_uri` isn't registered for this client in AD FS",
        why="AD FS compares it with the client's redirect URIs exactly, trailing slash and case of the path included.",
        causes=(
            Cause(
                "The app sends another URI.",
                "The message shows the received value.",
                "Add exactly this redirect URI to the client in the application group.",
            ),
        ),
        where=WHERE,
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="adfs-resource",
        text=(
            (
                "msis9602",
                "msis9605",
                "msis9604",
                "not allowed to access the requested resource",
                "'resource' parameter is invalid",
            ),
        ),
        title="resource: AD FS doesn't know the requested resource, or this client has no permission for it",
        why=(
            "resource (or the scope's prefix) has to be the identifier of a Web API in AD FS, and the client needs a "
            "permission."
        ),
        causes=(
            Cause(
                "The client has no permission for the Web API (MSIS9605).",
                "Client Permissions of the Web API don't list it.",
                "Add the client under Client Permissions of the Web API, with the scopes (Grant-AdfsApplicationPermission).",
            ),
            Cause(
                "The identifier differs (MSIS9602).",
                "Compare resource with the identifiers of the Web API.",
                "Send exactly a registered identifier in resource.",
            ),
        ),
        where=WHERE,
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="adfs-client-authentication",
        text=(("msis9622", "msis9623", "please verify the credential provided for client authentication"),),
        title="`invalid_client`: AD FS couldn't authenticate the client: its secret or certificate isn't valid",
        why="AD FS checks the secret, key or Windows account that is registered for the server application.",
        causes=(
            Cause(
                "The secret is wrong, or was reset.",
                "A new secret works.",
                "Reset the shared secret of the server application, and set it in the app.",
            ),
            Cause(
                "A public client (native application) sends a secret, or a server application none.",
                "The application group shows the kind.",
                "Use the kind of application that fits the app.",
            ),
        ),
        where=WHERE,
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="adfs-user-info",
        text=(("msis9921", "identifier of the userinfo relying party trust"),),
        title="aud: the access token is for your API, but AD FS's user info needs one for urn:microsoft:userinfo",
        why="AD FS issues an access token for one resource. With resource or an API scope it can't be used for user info.",
        causes=(
            Cause(
                "The request has resource or a scope of an API.",
                "Decode the token: aud is the API.",
                "Read the claims from the ID token and switch off user info, or request a token without resource.",
            ),
        ),
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="adfs-password",
        text=(("msis9659", "invalid 'username' or 'password'"),),
        title="AD FS refuses the user name or password",
        why="The user name has to be the UPN or DOMAIN\\\\name, and the account must be allowed to sign in.",
        causes=(
            Cause(
                "The name has another form, or the password is wrong or expired.",
                "The user signs in at /adfs/ls/idpinitiatedsignon.",
                "Send the UPN (name@domain), and check the account.",
            ),
        ),
        source=DOCS,
        confidence="inferred",
    ),
)
