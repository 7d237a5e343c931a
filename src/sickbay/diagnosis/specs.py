"""Specification sections that several rules cite."""

from __future__ import annotations

from sickbay.diagnosis.rule import Spec

_SMART = "https://hl7.org/fhir/smart-app-launch/STU2.2"
_RFC = "https://www.rfc-editor.org/rfc"

SMART_REGISTER = Spec("SMART App Launch 2.2, Register App with EHR", f"{_SMART}/app-launch.html#register-app-with-ehr")
SMART_LAUNCH = Spec("SMART App Launch 2.2, Launch App: EHR Launch", f"{_SMART}/app-launch.html#launch-app-ehr-launch")
SMART_AUTHORIZE = Spec("SMART App Launch 2.2, Obtain authorization code", f"{_SMART}/app-launch.html#obtain-authorization-code")
SMART_DISCOVERY = Spec(
    "SMART App Launch 2.2, Retrieve .well-known/smart-configuration",
    f"{_SMART}/app-launch.html#retrieve-well-known-smart-configuration",
)
SMART_PKCE = Spec("SMART App Launch 2.2, PKCE", f"{_SMART}/app-launch.html#considerations-for-pkce-support")
SMART_SCOPES = Spec("SMART App Launch 2.2, Scopes and Launch Context", f"{_SMART}/scopes-and-launch-context.html")
SMART_RESOURCE_SCOPES = Spec(
    "SMART App Launch 2.2, Scopes for requesting FHIR Resources",
    f"{_SMART}/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources",
)
SMART_CONTEXT = Spec(
    "SMART App Launch 2.2, Scopes for requesting context data",
    f"{_SMART}/scopes-and-launch-context.html#scopes-for-requesting-context-data",
)
SMART_IDENTITY = Spec(
    "SMART App Launch 2.2, Scopes for requesting identity data",
    f"{_SMART}/scopes-and-launch-context.html#scopes-for-requesting-identity-data",
)
SMART_BACKEND = Spec("SMART App Launch 2.2, Backend Services", f"{_SMART}/backend-services.html")
SMART_ASYMMETRIC = Spec(
    "SMART App Launch 2.2, Client Authentication: Asymmetric", f"{_SMART}/client-confidential-asymmetric.html"
)


def rfc(number: int, section: str, name: str = "") -> Spec:
    """A section of an RFC. `name`: the title of the section."""
    return Spec(f"RFC {number}, {section}{' ' + name if name else ''}", f"{_RFC}/rfc{number}#section-{section}")


OIDC = "https://openid.net/specs/openid-connect-core-1_0.html"
OIDC_ID_TOKEN = Spec("OpenID Connect Core 1.0, ID Token Validation", f"{OIDC}#IDTokenValidation")
