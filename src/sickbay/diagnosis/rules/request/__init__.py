"""Rules about requests that no endpoint can read, and about addresses that no longer work."""
