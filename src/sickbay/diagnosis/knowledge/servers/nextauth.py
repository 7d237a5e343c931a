"""NextAuth and Auth.js: secrets, hosts, and errors at sign-in and callback."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="nextauth-secret",
        text=(
            (
                "no_secret",
                "missingsecret",
                "please define a `secret`",
                "must define a `secret`",
                "jwt_session_error",
                "jwedecryptionfailed",
                "decryption operation failed",
                "jwtsessionerror",
                "no matching decryption secret",
            ),
        ),
        title="The secret of NextAuth is missing or has changed, so cookies can't be decrypted",
        why="NEXTAUTH_SECRET (AUTH_SECRET) encrypts the session and login cookies. Cookies of another secret can't be read.",
        causes=(
            Cause(
                "NEXTAUTH_SECRET isn't set in this environment.",
                "The log has NO_SECRET or MissingSecret.",
                "Set NEXTAUTH_SECRET (AUTH_SECRET) to a fixed random value, for example from openssl rand -base64 32.",
            ),
            Cause(
                "The browser still has a cookie of another secret or of another app on localhost.",
                "It works in a private window.",
                "Delete the app's cookies, and use the same secret in all instances.",
            ),
        ),
        source="https://next-auth.js.org/errors",
        confidence="documented",
    ),
    KnownError(
        id="nextauth-untrusted-host",
        text=(("untrustedhost", "host must be trusted"),),
        title="Auth.js doesn't trust the host name of the request",
        why="Behind a proxy or outside Vercel, Auth.js takes the host from headers only if AUTH_TRUST_HOST is set.",
        causes=(
            Cause(
                "AUTH_TRUST_HOST isn't set.",
                "The log has UntrustedHost with the URL.",
                "Set AUTH_TRUST_HOST=true (or trustHost: true), and AUTH_URL to the public address.",
            ),
        ),
        source="https://errors.authjs.dev#untrustedhost",
        confidence="documented",
    ),
    KnownError(
        id="nextauth-sign-in-error",
        text=(("signin_oauth_error", "error=oauthsignin", "signinoautherror"),),
        title="NextAuth couldn't build the authorize URL: the provider's metadata can't be read",
        why="At sign-in, NextAuth fetches wellKnown of the provider. The error text after SIGNIN_OAUTH_ERROR has the reason.",
        causes=(
            Cause(
                "The wellKnown or issuer address is wrong: 404 or a page.",
                "The message says 'expected 200 OK, got: 404' or 'Unexpected token <'.",
                "Correct wellKnown so that it returns JSON in the browser.",
            ),
            Cause(
                "The server can't reach it: timeout, ECONNREFUSED in a container, or an untrusted certificate.",
                "The message says so; curl from the container fails.",
                "Use an address that the container reaches; raise httpOptions.timeout to 10000.",
            ),
            Cause(
                "An environment variable of the provider is missing.",
                "client_id is required or undefined in the message.",
                "Set clientId, clientSecret and issuer.",
            ),
        ),
        source="https://next-auth.js.org/errors",
        confidence="documented",
    ),
    KnownError(
        id="nextauth-callback-error",
        text=(("oauth_callback_error", "error=oauthcallback", "error=callback", "callbackrouteerror", "oauthcallbackerror"),),
        title="NextAuth got an error at the callback: the token request failed or the ID token was refused",
        why="The text after OAUTH_CALLBACK_ERROR has the reason. Without it, the provider most often refused the code or the"
        " client.",
        causes=(
            Cause(
                "invalid_client: the clientSecret is wrong, or the server wants another authentication method.",
                "The message has invalid_client or 401.",
                "Compare clientSecret, and set client: { token_endpoint_auth_method: 'client_secret_post' } if it is"
                " registered so.",
            ),
            Cause(
                "The ID token is signed with another algorithm or has another issuer.",
                "The message says 'unexpected JWT alg' or 'unexpected iss'.",
                "Set client: { id_token_signed_response_alg } and issuer as the server has them.",
            ),
            Cause(
                "The cookies of the login are missing.",
                "The message says 'checks.state argument is missing' or 'State cookie was missing'.",
                "Open the app at the host of NEXTAUTH_URL, and use https in both or in none.",
            ),
        ),
        source="https://next-auth.js.org/errors",
        confidence="documented",
    ),
    KnownError(
        id="token-response-without-access-token",
        is_evident=True,
        text=(("no access token provided",),),
        without=("authorization header",),
        title="The token response has no `access_token`, so the library can't read the user",
        why="openid-client takes status 200 for success. Some servers, GitHub among them, report errors with 200 and"
        " error instead of access_token.",
        causes=(
            Cause(
                "The code was refused: used already, expired, or the secret is wrong.",
                "Log the token response: it has error, such as bad_verification_code.",
                "Start a new login, and compare client id and secret with the registration.",
            ),
            Cause(
                "The provider returns only an ID token, or another name for the token.",
                "The token response has no access_token.",
                "Don't request userinfo: use idToken: true, or read the token in a custom token.request.",
            ),
        ),
        source="https://github.com/nextauthjs/next-auth/issues/6729",
        confidence="inferred",
    ),
    KnownError(
        id="fab-userinfo",
        is_evident=True,
        text=(("oauth userinfo does not have username or email",),),
        title="Flask-AppBuilder gets no user name from the provider: it doesn't know how to read its userinfo",
        why="It reads the user of known providers only. For others, or another name in OAUTH_PROVIDERS, it returns nothing.",
        causes=(
            Cause(
                "The provider's name isn't one that Flask-AppBuilder knows.",
                "The message ends with empty braces.",
                "Subclass SecurityManager with oauth_user_info (older: get_oauth_user_info), and return username, email,"
                " first_name and last_name from the userinfo.",
            ),
            Cause(
                "The scope or a mapper for email is missing.",
                "userinfo has only sub.",
                "Request openid email profile, and give the user an email.",
            ),
        ),
        source="https://flask-appbuilder.readthedocs.io/en/latest/security.html#authentication-oauth",
        confidence="documented",
    ),
)
