"""The administration API: handlers, sessions, schemas and the OpenAPI document."""
