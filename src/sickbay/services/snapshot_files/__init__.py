"""A snapshot as one file: a zip with JSON and NDJSON, without keys, sessions, tokens, secrets or password hashes.

archive         packs and unpacks the zip, and checks its limits before anything is decompressed
manifest        manifest.json: what the file is, and what it needs of the Sickbay that imports it
people          apps and users, without secrets when they are written, with new ones when they are read
history         the versions of resources, as lines
stored_secrets  removes tokens and codes that someone stored as data
"""
