"""Rules about the authorization request, one module per parameter or topic."""
