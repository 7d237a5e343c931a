"""Rules of client authentication: the Basic header, and secrets and methods."""
