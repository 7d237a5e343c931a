"""Rules about the registration of an app."""
