"""Rules of PKCE: the verifier of the token request."""
