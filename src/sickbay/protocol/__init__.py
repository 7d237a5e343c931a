"""Wire formats: parameters, scopes, PKCE, JOSE, URLs. Pure functions over text; no clock, no randomness, no sockets."""
