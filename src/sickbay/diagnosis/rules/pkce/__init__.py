"""Rules about PKCE in the token request."""
