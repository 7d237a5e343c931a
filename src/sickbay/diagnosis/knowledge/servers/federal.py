"""Payers and federal agencies of the USA: CMS Blue Button 2.0, BCDA, and VA Lighthouse."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

BLUE_BUTTON = "https://bluebutton.cms.gov/api-documentation/authorization"
ERROR_RESPONSES = "https://github.com/CMSgov/bluebutton-sample-client-nodejs-react/blob/master/ErrorResponses.md"
BCDA = "https://bcda.cms.gov/api-documentation/"
VA = "https://developer.va.gov/explore/api/patient-health/authorization-code"
VA_ISSUES = "https://github.com/department-of-veterans-affairs/vets-api-clients/issues/"

ERRORS = (
    KnownError(
        id="bluebutton-grant-not-found",
        servers=("blue-button",),
        text=(("data access grant was not found", "data access grant", "access grant has expired"),),
        title="The Medicare member's permission for this app has ended, so no data is returned",
        why="A permission lasts 13 months, 10 hours or until the member revokes it. Blue Button then answers 404 for data "
        "and refuses to refresh the token.",
        causes=(
            Cause(
                "The permission expired or was revoked.",
                "access_grant_expiration in the last token response has passed.",
                "Let the member sign in and authorize the app again.",
            ),
            Cause(
                "The token belongs to another environment.",
                "The host is sandbox and the token is from production, or vice versa.",
                "Use the token with the host that issued it.",
            ),
        ),
        source="https://groups.google.com/g/developer-group-for-cms-blue-button-api/c/cK3ZpSjObAQ",
        confidence="documented",
    ),
    KnownError(
        id="bluebutton-app-inactive",
        servers=("blue-button",),
        text=(("is temporarily inactive",), ("blue button", "bluebutton", "medicare")),
        title="CMS has disabled this application",
        why="Blue Button's administrators deactivate an app, for example because of unusual use.",
        causes=(
            Cause(
                "The app is inactive.",
                "Every authorization request shows this page.",
                "Stop the app and contact BlueButtonAPI@cms.hhs.gov with its client ID.",
            ),
        ),
        source=ERROR_RESPONSES,
        confidence="documented",
    ),
    KnownError(
        id="bluebutton-token-endpoint",
        servers=("blue-button",),
        text=(("/o/authorize",), ("grant_type=authorization_code",)),
        title="Token endpoint: the code is exchanged at /o/token/ by POST, not at /o/authorize/",
        why="The authorize endpoint is for the browser. It ignores grant_type and code.",
        causes=(
            Cause(
                "The token request goes to the authorize URL, with everything in the query.",
                "The URL contains /o/authorize and grant_type.",
                "POST code, redirect_uri, grant_type and code_verifier form-encoded to "
                "https://sandbox.bluebutton.cms.gov/v2/o/token/.",
            ),
        ),
        source=BLUE_BUTTON,
        confidence="documented",
    ),
    KnownError(
        id="bluebutton-no-permission",
        servers=("blue-button",),
        text=(("do not have permission to perform this action",),),
        title="403: the token's scope or the permission doesn't allow this request at Blue Button",
        why="The member may have refused demographic data, or the scope doesn't include this resource.",
        causes=(
            Cause(
                "The scope for the resource wasn't granted.",
                "Look at scope in the token response.",
                "Request patient/Coverage.read, patient/ExplanationOfBenefit.read and patient/Patient.read; the member can "
                "decline demographic data.",
            ),
            Cause(
                "The resource belongs to another member.",
                "Compare the ID with patient of the token response.",
                "Use the patient of the token response.",
            ),
        ),
        source=ERROR_RESPONSES,
        confidence="documented",
    ),
    KnownError(
        id="bluebutton-refused",
        servers=("blue-button",),
        codes=(
            "invalid_client",
            "invalid_grant",
            "invalid_request",
            "invalid_scope",
            "unauthorized_client",
            "unsupported_grant_type",
        ),
        title="Blue Button's authorization server refused the request",
        why="Most often the client's credentials, the redirect URI or PKCE isn't right, or the member's permission has ended.",
        causes=(
            Cause(
                "The client ID or secret is that of the other environment.",
                "The sandbox and production have separate apps.",
                "Use the sandbox's client ID and secret with sandbox.bluebutton.cms.gov, as Basic.",
            ),
            Cause(
                "The redirect URI isn't registered exactly, with its slash.",
                "Compare it with the app's Callback URLs.",
                "Register it exactly.",
            ),
            Cause(
                "code_challenge or code_verifier is missing: PKCE is required.",
                "Look for code_challenge in the authorization URL.",
                "Send code_challenge with S256 and the matching code_verifier.",
            ),
            Cause(
                "The permission has expired, so that the refresh token isn't valid.",
                "access_grant_expiration has passed.",
                "Let the member authorize again.",
            ),
        ),
        where="sandbox.bluebutton.cms.gov: your app.",
        source=BLUE_BUTTON,
        confidence="documented",
    ),
    KnownError(
        id="bluebutton-unauthorized",
        servers=("blue-button",),
        codes=("401", "403", "404"),
        title="Blue Button or BCDA refuses the data request",
        why="A 401 means that the token has expired (10 hours at Blue Button, 20 minutes at BCDA), a 404 that the member's "
        "permission has ended.",
        causes=(
            Cause(
                "The access token has expired.",
                "Compare the time of the token response.",
                "Refresh the token; at BCDA request a new one with Basic client_id:client_secret.",
            ),
            Cause(
                "The member's permission ended.",
                "The text says Data Access Grant.",
                "Let the member authorize again.",
            ),
            Cause(
                "The token is from the other environment.",
                "Compare the hosts.",
                "Use sandbox tokens only with the sandbox.",
            ),
        ),
        source=BCDA,
        confidence="documented",
    ),
    KnownError(
        id="bcda-too-many-jobs",
        servers=("blue-button",),
        codes=("429",),
        title="429: an export for the same resource types is already running",
        why="BCDA allows one job for each set of types at a time, and limits how often the status may be requested.",
        causes=(
            Cause(
                "A second export was started before the first was finished.",
                "The job's status is In Progress.",
                "Wait for the running job, or cancel it with DELETE, and respect Retry-After.",
            ),
        ),
        source=BCDA,
        confidence="documented",
    ),
    KnownError(
        id="va-scope-not-configured",
        servers=("va", "okta"),
        text=(("one or more scopes are not configured for the authorization server resource",),),
        title="scope: one of the requested scopes doesn't exist on this authorization server",
        why="The server has a fixed list of scopes. VA Lighthouse (and any Okta server) refuses the whole request for one "
        "unknown scope. Wildcards such as patient/*.read aren't on the list.",
        causes=(
            Cause(
                "A wildcard or misspelled scope is requested.",
                "Compare each scope with scopes_supported.",
                "Request each type by name: launch/patient patient/Patient.read patient/Observation.read offline_access.",
            ),
            Cause(
                "The scope isn't assigned to your application.",
                "Fewer scopes work.",
                "Ask for access to this API in the developer portal.",
            ),
        ),
        where="developer.va.gov: the API's page, Authorization, Scopes.",
        source=VA_ISSUES + "152",
        confidence="documented",
    ),
    KnownError(
        id="va-no-patient",
        servers=("va", "okta"),
        text=(("unable to find a valid patient identifier",),),
        title="launch/patient: the person who signed in isn't a known patient",
        why="VA looks for the veteran's ICN by the identity of the login. The account has none, or wasn't verified.",
        causes=(
            Cause(
                "The account isn't one of the test patients.",
                "Another test account works.",
                "Sign in with a test account from the portal's list of the Health API.",
            ),
            Cause(
                "The test data is being changed.",
                "It worked earlier with the same account.",
                "Try another test account, or again later.",
            ),
            Cause(
                "The app doesn't need a patient.",
                "It uses only veteran_status.",
                "Remove launch/patient from the scopes.",
            ),
        ),
        where="developer.va.gov: Test accounts.",
        source=VA_ISSUES + "60",
        confidence="observed",
    ),
    KnownError(
        id="va-authorize-unknown-error",
        servers=("va", "okta"),
        text=(("api.va.gov/oauth2",), ("unknown error", "error has occurred", "not the expected", "instead of")),
        title="VA's authorize endpoint shows an unknown error: most often a scope or the redirect URI isn't accepted",
        why="The page gives no reason if the request fails before the login.",
        causes=(
            Cause(
                "A scope isn't one of VA's, such as patient/*, or the spaces between scopes aren't encoded.",
                "Compare each scope with the API's page.",
                "Request scopes by name, such as patient/Patient.read, and encode spaces as %20.",
            ),
            Cause(
                "redirect_uri isn't registered for this environment.",
                "Sandbox (sandbox-api.va.gov) and production have separate clients.",
                "Register it exactly, and use the client ID of this environment.",
            ),
        ),
        source=VA_ISSUES + "196",
        confidence="inferred",
    ),
    KnownError(
        id="va-not-authorized",
        text=(('"title":"not authorized"', '"title": "not authorized"'), ("errors",)),
        servers=("va",),
        title="401: the API doesn't accept this access token",
        why="VA's APIs check the issuer, the scope and the environment of the token.",
        causes=(
            Cause(
                "The token lacks the scope of this API, or is from another environment.",
                "Decode it: scp lists the scopes, iss the server.",
                "Request the API's scope, such as veteran_status.read, and call the host of the same environment.",
            ),
            Cause(
                "The Authorization header isn't Bearer.",
                "Look at the request.",
                "Send Authorization: Bearer followed by the access token.",
            ),
        ),
        source=VA_ISSUES + "45",
        confidence="inferred",
    ),
    KnownError(
        id="va-no-refresh-token",
        servers=("va",),
        text=(MARKS["va"], ("refresh_token", "refresh token"), ("find", "missing", "not return", "no refresh")),
        title="offline_access: there is no refresh token, because the scope wasn't requested",
        why="VA issues a refresh token only if the authorization URL requests offline_access.",
        causes=(
            Cause(
                "scope in the authorization URL has no offline_access.",
                "Look at scope.",
                "Add offline_access to the scope of the authorization URL and let the user sign in again.",
            ),
        ),
        source=VA_ISSUES + "40",
        confidence="documented",
    ),
    KnownError(
        id="va-refused",
        servers=("va",),
        codes=("invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "access_denied", "401", "403"),
        title="VA Lighthouse refused the request",
        why="Sandbox and production have separate clients, hosts and test accounts.",
        causes=(
            Cause(
                "The client ID is from the other environment, or the redirect URI isn't registered.",
                "The sandbox's host is sandbox-api.va.gov.",
                "Use the client ID of this environment and exactly the registered redirect URI.",
            ),
            Cause(
                "A scope isn't assigned to the app.",
                "Fewer scopes work.",
                "Request only the scopes of the APIs to which you have access.",
            ),
            Cause(
                "The code was used already or has expired.",
                "A new one works.",
                "Redeem each code once.",
            ),
        ),
        source=VA,
        confidence="inferred",
    ),
    KnownError(
        id="bluebutton-data-not-found",
        servers=("blue-button",),
        text=(("medicare is unable to retrieve your data", "error occurred connecting to medicare.gov"),),
        title="Medicare's systems found no data for this person, or failed",
        why="The text comes from CMS: the identifiers of the login weren't found, or an internal service failed. The app's "
        "request isn't the reason.",
        causes=(
            Cause(
                "The person isn't found by the Medicare identifiers.",
                "Another sandbox user works.",
                "Sign in with another test user, such as BBUser00000.",
            ),
            Cause(
                "CMS has a fault.",
                "Every user fails.",
                "Try again later, and contact BlueButtonAPI@cms.hhs.gov if it lasts.",
            ),
        ),
        source=ERROR_RESPONSES,
        confidence="documented",
    ),
)
