"""Wire formats: parameters, scopes, JOSE, URLs. Pure functions over text; no clock, no randomness, no sockets."""
