"""Rules about what a backend service is registered for: its grant type and its authentication method."""

from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.checks import Facts

ERROR_RESPONSE = Spec("RFC 6749, 5.2 Error Response", "https://www.rfc-editor.org/rfc/rfc6749#section-5.2")

GRANT_NOT_ALLOWED = Rule(
    id="backend-grant-not-allowed",
    parameter="grant_type",
    title="`grant_type` isn't allowed for this app: `{received}`",
    why="The server allows only the grant types that the app is registered for: `{registered}`.",
    fix="Use a registered grant type. If your app needs `{received}`, add it to the registration.",
    spec=ERROR_RESPONSE,
)


def _secret_for_jwt(facts: Facts) -> Facts | None:
    wants_jwt = facts["registered"] == "private_key_jwt" and str(facts["received"]).startswith("client_secret")
    return facts if wants_jwt and facts.get("grant_type") == "client_credentials" else None


SECRET_FOR_JWT = Rule(
    id="backend-secret-instead-of-jwt",
    explains="client-auth-method-mismatch",
    recognises=_secret_for_jwt,
    title="The backend service sent a secret instead of a signed JWT",
    why="This app is registered for `private_key_jwt`: it authenticates with a JWT that it signs with its private key, and "
    "there is no shared secret.",
    fix="Sign a `client_assertion` with a key of your JWKS, and send it in place of the secret.",
    spec=Spec(
        "SMART App Launch 2.2, Backend Services",
        "https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html",
    ),
)
