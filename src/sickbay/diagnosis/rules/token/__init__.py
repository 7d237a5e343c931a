"""Rules about the token request, its authorization code and the token response."""
