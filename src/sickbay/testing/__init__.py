"""The pytest plugin: runs Sickbay for the tests of an app."""
