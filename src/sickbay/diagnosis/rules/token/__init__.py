"""Rules of the token request: its envelope, and the code in it."""
