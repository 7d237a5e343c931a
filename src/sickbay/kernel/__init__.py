"""Checks, refusals, caches and effects. Pure except effects, outbound, private_files and worker_channel."""
