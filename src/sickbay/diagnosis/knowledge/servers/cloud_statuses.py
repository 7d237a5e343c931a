"""Checklists for bare HTTP statuses from Entra ID, Google and the Cloud Healthcare API."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause
from sickbay.diagnosis.knowledge.servers.symptom import symptom

ERRORS = (
    *(
        symptom(
            f"{server}-status-{status}",
            server,
            (),
            title,
            why,
            *causes,
            source=source,
            codes=(status,),
            confidence="inferred",
        )
        for server, status, title, why, source, causes in (
            (
                "entra",
                "404",
                "404: the address of the endpoint is wrong, most often its path or tenant",
                "Entra ID's endpoints are /TENANT-ID/oauth2/v2.0/authorize and /token; B2C has the policy in the path too.",
                "https://learn.microsoft.com/entra/identity-platform/v2-protocols",
                (
                    Cause(
                        "The path is mistyped, such as /v2.0/oauth2/token, or a placeholder for the tenant is left.",
                        "Compare the URL with token_endpoint of the discovery document.",
                        "Use the endpoints of "
                        "https://login.microsoftonline.com/TENANT-ID/v2.0/.well-known/openid-configuration.",
                    ),
                ),
            ),
            (
                "entra",
                "401",
                "401: the API didn't accept the access token of Entra ID",
                "Most often aud isn't this API, or the issuer's version differs. WWW-Authenticate says more.",
                "https://learn.microsoft.com/entra/identity-platform/access-tokens",
                (
                    Cause(
                        "The token was requested for another resource (audience), often Microsoft Graph.",
                        "Decode the token: aud.",
                        "Request it with scope=api://API-CLIENT-ID/.default or a scope of this API.",
                    ),
                    Cause(
                        "iss or the version (v1.0, v2.0) isn't the configured one, or the ID token was sent.",
                        "Decode the token: iss and ver.",
                        "Set requestedAccessTokenVersion in the API's manifest, and send the access token.",
                    ),
                ),
            ),
            (
                "entra",
                "403",
                "403: the token is valid, but lacks a permission (scope or role)",
                "The API found no sufficient scp or roles in the token, or no role assignment for its oid.",
                "https://learn.microsoft.com/entra/identity-platform/permissions-consent-overview",
                (
                    Cause(
                        "The permission isn't granted, or has the other type (delegated, application).",
                        "Decode the token: scp and roles.",
                        "Add the permission, grant admin consent, and request a new token.",
                    ),
                ),
            ),
            (
                "cognito",
                "405",
                "405: the request to Cognito isn't a form-encoded POST, or goes to the wrong path",
                "/oauth2/token takes only POST with Content-Type application/x-www-form-urlencoded.",
                "https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html",
                (
                    Cause(
                        "The method is GET, or the Content-Type isn't exactly application/x-www-form-urlencoded "
                        "(quotes, a typing error).",
                        "Look at the request line and the header that was sent (curl -v).",
                        "Send a POST with Content-Type: application/x-www-form-urlencoded and a form body.",
                    ),
                ),
            ),
            (
                "cognito",
                "400",
                "400: Cognito refused the request, and the body or the address of the error page says why",
                "The parameter error has invalid_request, invalid_grant, unauthorized_client or redirect_mismatch.",
                "https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html",
                (
                    Cause(
                        "The redirect URI isn't registered, or differs between both requests.",
                        "error=redirect_mismatch or invalid_grant.",
                        "Register exactly the redirect URI and send the same one in both requests.",
                    ),
                    Cause(
                        "The body isn't form-encoded.",
                        "error=invalid_request.",
                        "Send Content-Type: application/x-www-form-urlencoded with key=value&….",
                    ),
                ),
            ),
            (
                "entra",
                "400",
                "400: Entra ID refused the request, and the body has an AADSTS number that says why",
                "The exception of the library often hides the body.",
                "https://learn.microsoft.com/entra/identity-platform/reference-error-codes",
                (
                    Cause(
                        "A parameter is missing or wrong, or the body isn't form-encoded.",
                        "Print the response body and look for AADSTS.",
                        "Send the parameters as application/x-www-form-urlencoded, and correct what the message names.",
                    ),
                    Cause(
                        "The redirect URI isn't registered, or differs between both requests.",
                        "AADSTS50011 or 500112.",
                        "Register exactly this redirect URI and send the same one in both requests.",
                    ),
                ),
            ),
            (
                "google",
                "401",
                "401: Google's API didn't accept the access token",
                "APIs want a valid OAuth access token in Authorization: Bearer.",
                "https://cloud.google.com/docs/authentication/rest",
                (
                    Cause(
                        "The access token has expired (1 hour), or an ID token or API key was sent.",
                        "Access tokens begin with ya29.",
                        "Refresh the access token and send Authorization: Bearer TOKEN.",
                    ),
                ),
            ),
            (
                "google",
                "403",
                "403: the token is valid, but a permission is missing",
                "Either the token's scope, an IAM role of the account, or the API in the project is missing.",
                "https://cloud.google.com/iam/docs/troubleshoot-policies",
                (
                    Cause(
                        "The account has no IAM role for the resource.",
                        "The message names a permission.",
                        "Grant the role to the service account or user in IAM.",
                    ),
                    Cause(
                        "The token lacks the scope, or the API isn't enabled.",
                        "The message says insufficient scopes or has not been used.",
                        "Request the scope and consent again, or enable the API.",
                    ),
                ),
            ),
            (
                "google-healthcare",
                "404",
                "404: the project, location, dataset, FHIR store or resource in the path doesn't exist",
                "The path has the form projects/P/locations/L/datasets/D/fhirStores/S/fhir/TYPE/ID.",
                "https://cloud.google.com/healthcare-api/docs/how-tos/fhir-resources",
                (
                    Cause(
                        "A part of the path is misspelt, or /fhir/ is missing before the resource type.",
                        "List the stores with gcloud healthcare fhir-stores list.",
                        "Correct the path.",
                    ),
                ),
            ),
        )
    ),
)
