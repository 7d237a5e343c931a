"""Request and response processing outside of handlers."""
