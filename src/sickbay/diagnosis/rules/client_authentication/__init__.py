"""Rules about client authentication: the Basic header, secrets and methods."""
