"""Injected faults: what an EHR can be asked to do wrong, for which requests, and what that makes of a response.

1. `kinds.toml` is the catalogue, read by `kinds.py`: the members of each kind, where it applies, which EHRs do so, and what a
   good app does then.
2. `fault.py` is a fault as the administrator sets it, and validates one. `presets.toml` has combinations.
3. `asked.py` says which faults are meant for a request.
4. `responses.py`, `documents.py`, `bundles.py`, `redirects.py` and `token_members.py` change a response.
   `changes.py` is what they changed, for the exchange.

Nothing here waits, stores or draws random numbers: `services/injection` does.
"""
