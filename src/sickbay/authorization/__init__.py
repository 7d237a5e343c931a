"""OAuth 2 and SMART: decides, never fetches. Each stage is a tuple of checks over a request and what is known."""
