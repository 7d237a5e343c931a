"""Rules about what a browser does or refuses to do."""
