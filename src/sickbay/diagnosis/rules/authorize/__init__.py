"""Rules of the authorization request, split by what is examined."""
