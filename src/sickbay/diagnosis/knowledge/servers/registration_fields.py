"""What servers call the list of registered redirect URIs, and where it is in their consoles."""

REDIRECT_URIS: dict[str, str] = {
    "keycloak": "Valid redirect URIs (Admin console > Clients > the client > Settings)",
    "entra": "Redirect URIs (Entra admin center > App registrations > the app > Authentication)",
    "google": "Authorized redirect URIs (Google Cloud console > APIs & Services > Credentials > the client)",
    "okta": "Sign-in redirect URIs (Okta Admin Console > Applications > the app > General)",
    "auth0": "Allowed Callback URLs (Auth0 Dashboard > Applications > the app > Settings)",
    "cognito": "Allowed callback URLs (Cognito > User pool > App clients > the client > Login pages)",
    "cerner": "Redirect URI (Code Console > My Applications > the application)",
    "epic": "Endpoint URI (fhir.epic.com > Build Apps > the app)",
    "athena": "Redirect URI (developer portal > the app), which is a part of the client_id at athenaPractice",
    "identityserver": "RedirectUris of the client",
    "salesforce": "Callback URL (Setup > App Manager > the connected app)",
    "medplum": "Redirect URI (ClientApplication in the project)",
    "openemr": "redirect_uris of the registration (Administration > System > API Clients)",
}
"""Names of servers as in `recognise.py`."""
