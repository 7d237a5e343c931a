"""The pytest plugin: runs Sickbay for the tests of an app. The fixture is `sickbay`; see docs/testing.md."""
