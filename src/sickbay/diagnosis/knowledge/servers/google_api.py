"""Errors of Google's APIs, of service accounts and of the Cloud Healthcare API."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause
from sickbay.diagnosis.knowledge.servers.google_codes import google

SERVICE_ACCOUNT = "https://developers.google.com/identity/protocols/oauth2/service-account"
HEALTHCARE = "https://cloud.google.com/healthcare-api/docs"
IAM = "Google Cloud console → IAM & Admin → IAM → Grant access"

ERRORS = (
    google(
        "healthcare-permission",
        (
            ("permission healthcare.", "healthcare.fhir", "healthcare.datasets"),
            ("denied on resource", "permission_denied", "denied", "403"),
        ),
        "403: the account behind the token lacks the IAM permission for this dataset or FHIR store: {role}",
        "The Cloud Healthcare API checks IAM permissions of the user or service account. It gives the same answer if "
        "the path is wrong.",
        Cause(
            "The service account or user lacks the role.",
            "The message names the permission.",
            "Grant the role Healthcare FHIR Resource Editor or Reader (for stores: Healthcare FHIR Store "
            "Administrator) to the service account.",
        ),
        Cause(
            "Project, location, dataset or store in the path is misspelt or doesn't exist.",
            "List them with gcloud healthcare fhir-stores list.",
            "Correct the path: projects/P/locations/L/datasets/D/fhirStores/S/fhir.",
        ),
        Cause(
            "The request runs as another account than you think.",
            "gcloud auth list, or the email in the token info.",
            "Set GOOGLE_APPLICATION_CREDENTIALS or impersonate the right account.",
        ),
        captures=(r"permission '?(?P<role>healthcare\.\w+\.\w+)",),
        where=IAM,
        source=f"{HEALTHCARE}/concepts/access-control",
    ),
    google(
        "caller-permission",
        (
            (
                "the caller does not have permission",
                "does not have permission to access",
                "iam_permission_denied",
                "does not have serviceusage.services.use access",
                "required 'cloudhealthcare",
            ),
        ),
        "403 PERMISSION_DENIED: the account behind the token has no IAM role for this resource",
        "The token is valid, but IAM grants its account no permission here.",
        Cause(
            "The user or service account lacks a role on the project or resource.",
            "Look at IAM for the email of the account.",
            "Grant the needed role to this account, for FHIR for example Healthcare FHIR Resource Reader.",
        ),
        Cause(
            "Another project or account is used than intended.",
            "Compare the project in the URL with that of the credentials.",
            "Use the credentials of the right account and project.",
        ),
        where=IAM,
        source="https://cloud.google.com/iam/docs/troubleshoot-policies",
        named=True,
    ),
    google(
        "json-content-type",
        (("cannot bind query parameter", "invalid json payload received"),),
        "400: Google's API couldn't read the body as JSON",
        "Without Content-Type: application/json curl -d sends a form, and the API takes the JSON text for the name of "
        "a parameter.",
        Cause(
            "The Content-Type is missing or is that of a form.",
            "The message repeats the JSON as an unknown name.",
            "Send Content-Type: application/json; charset=utf-8 (for FHIR resources application/fhir+json).",
        ),
        Cause(
            "The JSON has a member that this method doesn't know, or is broken by the quotes of the shell.",
            "The message names the field.",
            "Compare the body with the reference of the method, and put it into a file (curl --data @file).",
        ),
        source="https://github.com/GoogleCloudPlatform/healthcare/issues/124",
        confidence="observed",
    ),
    google(
        "healthcare-agent",
        (
            (
                "healthcare api doesn't have required",
                "healthcare service agent",
                "gcp-sa-healthcare",
                "does not have storage.objects",
                "does not have bigquery",
            ),
        ),
        "The Healthcare Service Agent has no permission on the bucket, BigQuery dataset or topic",
        "Import, export and streaming run as the service agent of the project, not as you.",
        Cause(
            "The service agent service-PROJECT-NUMBER@gcp-sa-healthcare.iam.gserviceaccount.com lacks the role.",
            "Look at IAM with Google-provided role grants shown.",
            "Grant it Storage Object Viewer or Admin (buckets), BigQuery Data Editor and Job User, or Pub/Sub Publisher.",
        ),
        where=IAM,
        source=f"{HEALTHCARE}/permissions-healthcare-api-gcp-products",
    ),
    google(
        "token-scope-insufficient",
        (
            (
                "insufficient authentication scopes",
                "access_token_scope_insufficient",
                "insufficient permission: request had insufficient",
                "insufficientpermissions",
                "insufficient permission",
            ),
        ),
        "scope: the access token doesn't have a scope for this API",
        "Google's APIs check the scopes of the token before IAM roles.",
        Cause(
            "The token was requested without the API's scope.",
            "https://oauth2.googleapis.com/tokeninfo?access_token=… lists its scopes.",
            "Request https://www.googleapis.com/auth/cloud-healthcare (or cloud-platform), and sign in again so that "
            "the new scope is granted.",
        ),
        Cause(
            "Stored tokens are older than the change, or the user unticked the scope.",
            "Delete the token file.",
            "Delete stored tokens and consent again.",
        ),
        Cause(
            "The virtual machine has limited access scopes.",
            "It runs on Compute Engine with the default service account.",
            "Set its access scopes to cloud-platform.",
        ),
        source="https://cloud.google.com/docs/authentication/troubleshoot-adc",
        named=True,
    ),
    google(
        "token-not-accepted",
        (
            (
                "invalid authentication credentials. expected oauth 2 access token",
                "expected oauth 2 access token",
                "missing required authentication credential",
                "access_token_type_unsupported",
                "invalid credentials",
                "login required",
                '"autherror"',
                "account_state_invalid",
                "credentials_missing",
            ),
        ),
        "401: Google's API got no valid access token",
        "APIs take an OAuth access token in the header Authorization: Bearer, no ID token, API key or self-made JWT.",
        Cause(
            "The access token has expired (1 hour).",
            "https://oauth2.googleapis.com/tokeninfo?access_token=… says invalid_token.",
            "Refresh the access token and try again.",
        ),
        Cause(
            "An ID token, refresh token or key was sent instead.",
            "Google's access tokens begin with ya29.; ID tokens with eyJ.",
            "Send the access_token of the token response as Authorization: Bearer TOKEN.",
        ),
        Cause(
            "The header is missing or has no Bearer, or a proxy removes it.",
            "Look at the sent request.",
            "Set the header Authorization: Bearer $(gcloud auth print-access-token).",
        ),
        source="https://cloud.google.com/docs/authentication/rest",
        named=True,
    ),
    google(
        "api-keys",
        (("api keys are not supported by this api",),),
        "401: this API doesn't take an API key, it needs an OAuth access token",
        "API keys name a project, not an account, so data can't be accessed with them.",
        Cause(
            "The request has key=… and no access token.",
            "Look at the URL.",
            "Send Authorization: Bearer with an access token of a user or service account.",
        ),
    ),
    google(
        "api-disabled",
        (
            (
                "has not been used in project",
                "service_disabled",
                "accessnotconfigured",
                "api has not been used",
                "it is disabled. enable it",
            ),
        ),
        "403: the API isn't enabled in the Google Cloud project of these credentials",
        "Each project has to enable an API before its credentials may call it.",
        Cause(
            "The API is off, or was enabled only minutes ago.",
            "The message contains the link to enable it and the project number.",
            "Enable the API in that project and wait some minutes.",
        ),
        Cause(
            "The credentials belong to another project (quota project).",
            "The number in the message isn't your project's.",
            "Set the quota project: gcloud auth application-default set-quota-project PROJECT.",
        ),
        where="Google Cloud console → APIs & Services → Library",
    ),
    google(
        "quota-project",
        (("requires a quota project", "quota project"), ("403", "not set by default", "end user credentials", "user_project")),
        "403: user credentials need a quota project for this API",
        "Credentials of gcloud auth application-default login don't name a project that pays for the quota.",
        Cause(
            "No quota project is set.",
            "The message says so.",
            "Run gcloud auth application-default set-quota-project PROJECT, or send the header x-goog-user-project.",
        ),
        source="https://cloud.google.com/docs/authentication/troubleshoot-adc",
    ),
    google(
        "jwt-signature",
        (("invalid jwt signature", "invalid_jwt_signature"),),
        "invalid_grant: the signature of the service account's JWT can't be verified (Invalid JWT Signature)",
        "Google verifies it with the public keys of the service account named in iss.",
        Cause(
            "The key was deleted, rotated or disabled, or belongs to another service account.",
            "Compare private_key_id with the list of keys, and client_email with iss.",
            "Create a new key for the service account and use its whole JSON file.",
        ),
        Cause(
            "The private key was damaged: \\n not turned into line breaks in an environment variable.",
            "The PEM has literal \\n.",
            'Replace "\\n" by line breaks before use.',
        ),
        Cause(
            "The algorithm isn't RS256, or the header kid is wrong.",
            "Decode the JWT header.",
            "Sign with RS256 and the key's private_key_id as kid.",
        ),
        where="Google Cloud console → IAM & Admin → Service Accounts → Keys",
        source=SERVICE_ACCOUNT,
    ),
    google(
        "jwt-time",
        (
            (
                "must be a short-lived token",
                "reasonable timeframe",
                "token used too early",
                "token used too late",
                "check your iat and exp",
            ),
        ),
        "iat or exp: the JWT isn't valid at Google's time, usually because the clock of the machine is wrong",
        "Google accepts a JWT for at most 60 minutes and compares iat and exp with its own clock.",
        Cause(
            "The system clock is ahead or behind.",
            "Compare the time with that of another machine, also in containers and virtual machines.",
            "Synchronise the clock with NTP.",
        ),
        Cause(
            "exp is more than an hour after iat, or the times are in milliseconds.",
            "Decode the JWT.",
            "Set iat to now and exp to at most iat + 3600, in seconds.",
        ),
        source=SERVICE_ACCOUNT,
    ),
    google(
        "delegation",
        (
            (
                "client is unauthorized to retrieve access tokens using this method",
                "client not authorized for any of the scopes requested",
                "not authorized to access this resource/api",
                "invalid email or user id",
                "account not found",
            ),
        ),
        "The service account isn't authorized to act for this user with these scopes (domain-wide delegation)",
        "To impersonate a user (sub), an administrator has to authorize the client ID with exactly the requested scopes.",
        Cause(
            "Delegation isn't authorized, or only for other scopes.",
            "Compare each scope with the list in the Admin console.",
            "Add the numeric client ID of the service account with exactly these scopes, and wait some minutes.",
        ),
        Cause(
            "sub isn't a user of this Workspace domain, or iss and sub are swapped.",
            "The user exists in the Admin console.",
            "Set iss to the service account's email and sub to the user's address.",
        ),
        where="Google Admin console → Security → API controls → Domain-wide delegation",
        source=SERVICE_ACCOUNT,
        named=True,
    ),
    google(
        "id-token-audience",
        (
            (
                "wrong recipient, payload audience",
                "token has wrong audience",
                "audience client and the client need to be in the same project",
                "invalid_audience",
            ),
        ),
        "aud: the ID token was issued for another client ID than the server expects",
        "The server compares aud with its list of client IDs.",
        Cause(
            "The app signs in with one client (Android, iOS), and the server checks for another.",
            "Decode the token: aud and azp.",
            "Pass the web client ID as serverClientId in the app, or accept all client IDs of the project as audience.",
        ),
        Cause(
            "The clients are in different projects.",
            "The number at the start of the client IDs differs.",
            "Create all clients in the same project.",
        ),
        source="https://developers.google.com/identity/gsi/web/guides/verify-google-id-token",
        named=True,
    ),
    google(
        "adc",
        (
            (
                "default credentials were not found",
                "could not load the default credentials",
                "could not automatically determine credentials",
                "reauthentication is needed",
                "reauth related error",
                "invalid_rapt",
            ),
        ),
        "Google's library found no valid credentials (Application Default Credentials)",
        "It looks at GOOGLE_APPLICATION_CREDENTIALS, at the file of gcloud, and at the metadata server.",
        Cause(
            "None of them exists, or the user credentials of gcloud have expired.",
            "gcloud auth application-default print-access-token fails.",
            "Run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS to the path of the key file.",
        ),
        Cause(
            "The organisation limits session length (invalid_rapt).",
            "It fails every some hours.",
            "Use a service account for unattended programs.",
        ),
        source="https://cloud.google.com/docs/authentication/troubleshoot-adc",
    ),
)
