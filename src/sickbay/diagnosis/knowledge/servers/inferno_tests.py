"""What the tests of Inferno for servers report about the launch, the token and its scopes."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

KIT = "https://github.com/inferno-framework/smart-app-launch-test-kit"

ERRORS = (
    KnownError(
        id="inferno-no-code",
        text=(("no `code` parameter received", "no code parameter received", "no code paramater received"),),
        title="Inferno got no authorization code: the server redirected with an error, or without an answer in the query",
        why="Inferno reads code from the query of the redirect. A server that refuses the request sends error and "
        "error_description there instead.",
        causes=(
            Cause(
                "The server refused the authorization request.",
                "The redirect under Requests of this test has error and error_description.",
                "Remove what the error names: most often a scope, redirect URI or aud that the server doesn't accept.",
            ),
            Cause(
                "The server returns the code in the fragment or as a form post.",
                "The redirect has # before code, or is a POST.",
                "Return code and state in the query of the redirect URI.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-authorization-error",
        text=(("error returned from authorization server",), ("code:", "description:")),
        title="The authorization server refused Inferno's authorization request with the error that is quoted",
        why="Inferno passes on error, error_description and error_uri of the redirect unchanged.",
        causes=(
            Cause(
                "The client of Inferno isn't registered as the test requests it.",
                "The description names a scope, the redirect URI, aud or the client.",
                "Register https://inferno.healthit.gov/suites/custom/smart/redirect and all scopes of the test for this "
                "client.",
            ),
            Cause(
                "The tester denied consent, or the account may not use the app.",
                "error is access_denied.",
                "Repeat the test and approve, with an account that has a patient record.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-earlier-test-failed",
        text=(
            (
                "error during authorization request",
                "token exchange was unsuccessful",
                "no access token was received during the smart launch",
                "token was not successfully refreshed",
            ),
            ("inferno",),
        ),
        title="This Inferno test didn't run, because an earlier step of the launch failed",
        why="Inferno skips all tests that need the code or the token of the launch.",
        causes=(
            Cause(
                "The authorization request or the token request before it failed.",
                "The first red test of the group.",
                "Fix the first failed test of the group: its redirect or response under Requests has the server's error.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-no-launch-parameter",
        text=(("no `launch` parameter received", "no launch parameter received"),),
        title="launch: the EHR opened Inferno's launch URL without it",
        why="In an EHR launch the EHR adds iss and launch to the app's launch URL.",
        causes=(
            Cause(
                "The EHR opens the URL as a plain link.",
                "The request under Requests has no launch.",
                "Open https://inferno.healthit.gov/suites/custom/smart/launch with iss, the FHIR base URL, and a fresh "
                "launch value.",
            ),
            Cause(
                "A redirect in front of Inferno drops the query.",
                "The EHR's own log shows the launch value.",
                "Pass the query on unchanged.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-token-required-fields",
        text=(("token exchange response did not include",), ("all required fields",)),
        title="The token response lacks required fields: those in backquotes after the colon",
        why="SMART requires access_token, token_type and scope in the token response. Inferno also requires expires_in for "
        "some tests, and refresh_token if offline_access was granted.",
        causes=(
            Cause(
                "The server leaves out scope, because the granted scopes equal the requested ones.",
                "scope is named.",
                "Always return scope: SMART requires it where OAuth lets it out.",
            ),
            Cause(
                "No refresh token was issued.",
                "refresh_token is named.",
                "Allow the client offline_access and the grant type refresh_token.",
            ),
            Cause(
                "expires_in is missing.",
                "expires_in is named.",
                "Return expires_in as a number of seconds.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-token-type",
        text=(("`token_type` must be `bearer`",),),
        title="token_type: the token response has something other than Bearer",
        why="SMART defines only Bearer, in any case.",
        causes=(
            Cause(
                "The server returns another value.",
                "token_type in the response.",
                'Return "token_type": "Bearer".',
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-scopes-not-granted",
        text=(
            (
                "did not include all requested scopes",
                "required scopes were not received",
                "were not granted by authorization server",
                "required scopes were not requested",
            ),
        ),
        title="scope: the server granted fewer scopes than the test needs",
        why="Inferno compares scope of the token response with the requested scopes, character for character.",
        causes=(
            Cause(
                "The client isn't allowed these scopes, or the tester deselected them.",
                "The scopes in the message are missing in the registration or on the consent page.",
                "Add the missing scopes to the client and select all of them on the consent page.",
            ),
            Cause(
                "The server returns another notation: .rs for .read, or * expanded.",
                "The token response has patient/Patient.rs for patient/Patient.read.",
                "Return scopes in the notation in which they were requested.",
            ),
            Cause(
                "openid, fhirUser, offline_access or launch isn't echoed.",
                "The resource scopes are all there.",
                "Return these scopes too.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-refreshed-scopes",
        text=(("token response contained scopes which are not a subset",),),
        title="scope: the refreshed token has more scopes than the original one",
        why="A refresh may narrow the scopes, never widen them.",
        causes=(
            Cause(
                "The server recomputes the scopes from the registration.",
                "The named scopes are registered, but weren't granted at the launch.",
                "Store the granted scopes with the refresh token and return these or fewer.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-token-field-type",
        text=(
            (
                "expected `expires_in` to be a numeric",
                "expected `scope` to be a string",
                "expected `access_token` to be a string",
                "expected `token_type` to be a string",
                "expected `refresh_token` to be a string",
            ),
        ),
        title="A field of the token response has the wrong JSON type",
        why="expires_in has to be a number. access_token, token_type, scope and refresh_token have to be strings.",
        causes=(
            Cause(
                "The value is quoted, or scope is an array.",
                "The message names the field and the type.",
                "Return expires_in as a number without quotes, and scope as one string with spaces.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-invalid-aud-accepted",
        text=(
            (
                "authorization has incorrectly succeeded",
                "invalid aud test",
                "invalid aud sequence",
                "invalid aud launch",
                "app launch error: invalid aud",
                "healthit.gov/invalid_aud",
            ),
        ),
        title="aud: the server issued a code although the test sent the address of another FHIR server",
        why="The test sends aud=https://inferno.healthit.gov/invalid_aud. A server that accepts it would hand tokens to "
        "counterfeit servers.",
        causes=(
            Cause(
                "The authorization server doesn't check aud.",
                "It accepts a launch with any aud.",
                "Compare aud with the FHIR base URLs of the server before the login page, and refuse all others with "
                "invalid_request.",
            ),
            Cause(
                "A product without aud is used, such as plain Keycloak.",
                "It has no such setting.",
                "Check aud in an extension or in a proxy in front of the authorization endpoint.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-scope-format",
        text=(
            ("requested scope",),
            (
                "does not follow the format",
                "must begin with either 'user/' or 'patient/'",
                "must be either a permitted resource type",
            ),
        ),
        title="scope: a requested scope hasn't the form that this Inferno test requires",
        why="The form is patient/Type.read in SMART 1, and patient/Type.rs with letters of cruds in this order in SMART 2.",
        causes=(
            Cause(
                "The input has the notation of the other SMART version.",
                ".read in a v2 test, .rs in a v1 test.",
                "Enter the scopes in the notation of the chosen SMART version.",
            ),
            Cause(
                "The level is wrong.",
                "user/ in the patient test.",
                "Use patient/ in patient tests and user/ in practitioner tests.",
            ),
            Cause(
                "The scope isn't a SMART scope.",
                "A scope such as profile or email.",
                "Remove it from the input.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-limited-access",
        text=(
            (
                "user expected to deny the following",
                "user expected to grant access to the following",
                "requires at least one resource to be denied",
            ),
        ),
        title="scope: the granted scopes don't fit the resources that the tester had to choose in the limited access test",
        why="In this test the patient grants only the resources of the input. The scopes of the token response are compared "
        "with them.",
        causes=(
            Cause(
                "All scopes were granted: the consent page doesn't let users choose.",
                "No checkboxes on the page.",
                "Let the patient select single scopes on the consent page and return only these.",
            ),
            Cause(
                "Other resources were selected than those in the input.",
                "The message names them.",
                "Select exactly the resources of the input Expected Resource Grant.",
            ),
            Cause(
                "A wildcard was granted.",
                "scope has patient/*.",
                "Return one scope for each granted type.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-post-authorization",
        text=(("authorization request method",), ("post",), ("inferno",)),
        title="The authorization endpoint doesn't accept POST, which this Inferno run uses",
        why="SMART 2 lets a server offer authorize-post. With POST the parameters come as a form in the body, from "
        "Inferno's page in the browser.",
        causes=(
            Cause(
                "The server handles only GET.",
                "A GET run passes.",
                "Choose GET in the input Authorization Request Method, or accept POST with a form body and claim the "
                "capability authorize-post.",
            ),
            Cause(
                "The server refuses the form for lack of a CSRF token or cookie.",
                "The answer is 403.",
                "Exempt the authorization endpoint from the CSRF check.",
            ),
        ),
        source=KIT,
        confidence="inferred",
    ),
    KnownError(
        id="inferno-nil-into-string",
        text=(("no implicit conversion of nil into string",), ("inferno", "sls-", "els-", "oauth token exchange")),
        title="Inferno lacks an input that this test needs, most often the client secret",
        why="It is an error of Inferno's own code, in old versions because the page didn't save the secret.",
        causes=(
            Cause(
                "The client secret is empty in a test of a confidential client.",
                "Look at the inputs of the test.",
                "Enter the client secret again, or mark the client as public.",
            ),
            Cause(
                "The version of Inferno is old.",
                "Inferno runs on your own machine.",
                "Update Inferno.",
            ),
        ),
        source="https://github.com/onc-healthit/inferno-community/issues/131",
        confidence="observed",
    ),
)
