"""Rates, CPU a request, start-up and memory, measured against a limit of the same run. `make bench`."""
