"""OAuth 2 and SMART decisions. Each stage is a tuple of checks over a request and its context; nothing here does I/O."""
