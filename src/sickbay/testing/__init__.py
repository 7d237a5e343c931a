"""The pytest plugin: a Sickbay for somebody else's tests."""
