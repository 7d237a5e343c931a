"""league/oauth2-server, the PHP library in OpenEMR and Laravel Passport: the hints of its errors."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

SOURCE = "https://github.com/thephpleague/oauth2-server/blob/master/src/Exception/OAuthServerException.php"

ERRORS = (
    KnownError(
        id="league-code-decrypt",
        text=(("cannot decrypt the authorization code", "authorization code malformed"),),
        title="code: the server can't decrypt it, so it isn't a code of this server, or it isn't complete",
        why="league/oauth2-server (OpenEMR, Laravel Passport) encrypts the code with the server's key. A cut or changed "
        "code fails.",
        causes=(
            Cause(
                "The code was decoded twice, cut, or taken from another server.",
                "Compare it with the redirect: it is several hundred characters long.",
                "Take code from the query of the redirect, decode it once, and send all of it form-encoded.",
            ),
            Cause(
                "The encryption key of the server changed, or its instances have different ones.",
                "All codes fail, or only some.",
                "Use the same encryption key on all instances, and start the login again.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="league-code-expired",
        text=(
            (
                "authorization code has expired",
                '"hint":"authorization code has been revoked',
                '"hint": "authorization code has been revoked',
                "authorization code was not issued to this client",
            ),
        ),
        title="code: it has expired, was used before, or belongs to another client",
        why="The server issues short-lived codes, in OpenEMR for one minute, each for one exchange by one client.",
        causes=(
            Cause(
                "The code was exchanged a second time: a reload, a retry, or two handlers.",
                "The log has two token requests with the same code.",
                "Exchange each code once, immediately, and start the login again.",
            ),
            Cause(
                "Another client_id is in the token request.",
                "The hint speaks of this client.",
                "Send the client_id of the authorization request.",
            ),
            Cause(
                "The clocks of the servers differ, or a person needed too long.",
                "A fresh code fails too.",
                "Synchronize the clocks.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="league-code-verifier",
        text=(
            (
                "failed to verify `code_verifier`",
                "code verifier must follow the specifications of rfc-7636",
                "code challenge must follow the specifications of rfc-7636",
                "code challenge must be provided for public clients",
                "code_verifier received when no code_challenge",
            ),
        ),
        title="PKCE: code_verifier or code_challenge is missing, has the wrong form, or doesn't match",
        why="Both need 43 to 128 characters of A-Z a-z 0-9 - . _ ~. With S256 the challenge is the base64url of the SHA-256 "
        "without =.",
        causes=(
            Cause(
                "The verifier is that of another login, because it wasn't stored until the redirect.",
                "Repeat the login in one tab.",
                "Store code_verifier with state, and send it with the code of this state.",
            ),
            Cause(
                "The challenge has + / =, or is the hexadecimal hash.",
                "Its length isn't 43.",
                "Encode the 32 bytes of the hash in base64url without padding.",
            ),
            Cause(
                "A public client sends no code_challenge.",
                "The authorization URL lacks it.",
                "Enable PKCE with S256.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="league-challenge-method",
        text=(("code challenge method must be one of", "code challenge method must be `plain`"),),
        title="code_challenge_method: this server accepts only the methods that the message names",
        why="OpenEMR accepts only S256, as SMART requires. Without the parameter plain is assumed.",
        causes=(
            Cause(
                "code_challenge_method is missing or plain.",
                "Look at the authorization URL.",
                "Send code_challenge_method=S256 and compute the challenge with SHA-256.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="league-parameter",
        text=(("check the `",), ("` parameter",), ("missing a required parameter",)),
        title="A parameter is missing or invalid: the one in backquotes in the hint",
        why="league/oauth2-server (OpenEMR, Laravel Passport) names the parameter in hint.",
        causes=(
            Cause(
                "The parameter isn't in the body of the token request, or in the query of the authorization URL.",
                "Log the request as it is sent.",
                "Send the parameter of the hint, form-encoded with POST at the token endpoint.",
            ),
            Cause(
                "The body is JSON or multipart, so no parameter was read.",
                "The Content-Type header.",
                "Send Content-Type: application/x-www-form-urlencoded.",
            ),
            Cause(
                "redirect_uri in the token request is another one.",
                "The hint names redirect_uri.",
                "Send the same redirect_uri as in the authorization request.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="league-scope",
        text=(("check the `",), ("` scope",)),
        title="scope: the server doesn't know the scope in backquotes, or the client may not have it",
        why="league/oauth2-server checks scopes one after the other and names the first that fails.",
        causes=(
            Cause(
                "The scope isn't defined on the server.",
                "scopes_supported doesn't list it.",
                "Request only scopes that the server lists, in its notation.",
            ),
            Cause(
                "The scope isn't registered for the client.",
                "OpenEMR's API Clients page lists the client's scopes.",
                "Register the client with this scope, or add it to the client.",
            ),
            Cause(
                "Scopes are separated by commas or +.",
                "The hint shows several scopes at once.",
                "Separate scopes with spaces, in a URL with %20.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="league-refresh-token",
        text=(("cannot decrypt the refresh token", "token is not linked to client"),),
        title="refresh_token: it isn't one of this server and client, or it isn't complete",
        why="The refresh token is encrypted with the server's key and contains the client ID.",
        causes=(
            Cause(
                "The token was cut, or an access token or code was sent.",
                "Compare it with the token response.",
                "Send the complete value of refresh_token of the last response.",
            ),
            Cause(
                "Another client_id is sent.",
                "The hint says not linked to client.",
                "Send the client_id for which it was issued.",
            ),
            Cause(
                "The server's encryption key changed.",
                "All old refresh tokens fail.",
                "Let the user log in again.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="league-refresh-revoked",
        text=(("the refresh token is invalid",), ("token has been revoked", "token has expired")),
        title="refresh_token: it has expired, or it was replaced by a newer one",
        why="Each refresh gives a new refresh token and revokes the old one. OpenEMR's expire after three months.",
        causes=(
            Cause(
                "The old refresh token was sent again.",
                "A refresh had succeeded before.",
                "Store the new refresh_token of every response, and refresh in one place at a time.",
            ),
            Cause(
                "It has expired, or an administrator revoked it.",
                "It is old, or the client was disabled.",
                "Let the user log in again.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="league-access-token",
        text=(
            ("the resource owner or authorization server denied the request",),
            (
                'missing "authorization" header',
                "could not be verified",
                "access token has been revoked",
                "jwt string",
                "two dots",
                "access token is invalid",
                "error while decoding",
            ),
        ),
        title="401: the API didn't accept the access token; hint says why",
        why="The text sounds like a refused login, but this library sends it for every token that fails at the API too.",
        causes=(
            Cause(
                "The Authorization header didn't arrive.",
                'hint: Missing "Authorization" header.',
                "Send Authorization: Bearer with the token, and let the web server pass the header to PHP.",
            ),
            Cause(
                "The signature doesn't match, or the token has expired.",
                "hint: could not be verified.",
                "Use a token of this server and site, and refresh it after one hour.",
            ),
            Cause(
                "The token was revoked.",
                "hint: has been revoked.",
                "Let the user log in again.",
            ),
            Cause(
                "It isn't a JWT, such as a code.",
                "hint: The JWT string must have two dots.",
                "Send access_token of the token response.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="league-user-denied",
        text=(("the user denied the request",),),
        title="access_denied: the person didn't approve the app",
        why="The consent page was left with Deny or Cancel.",
        causes=(
            Cause(
                "The person chose not to approve.",
                "hint: The user denied the request.",
                "Show a friendly page with a link that starts the login again.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="league-server-keys",
        text=(
            (
                "problem with authorization server keys",
                'key path "file://',
                'key file "file://',
                "invalid key supplied",
                "unable to read key from file",
            ),
        ),
        title="The authorization server can't use its own keys",
        why="The private key is missing, unreadable, or has another passphrase or encryption key than stored.",
        causes=(
            Cause(
                "The key files or their rights are wrong, often after a move or a restore.",
                "The server's log names the file.",
                "Restore the keys with the database that belongs to them, and let the web server's user read them (mode 600 "
                "or 660).",
            ),
            Cause(
                "In OpenEMR the database was restored without the sites directory.",
                "It began after a restore.",
                "Restore sites/default/documents/certificates together with the database, or delete the old keys so that "
                "new ones are made.",
            ),
        ),
        source=SOURCE,
        confidence="inferred",
    ),
)
