"""Rules about backend services, which have no user."""
