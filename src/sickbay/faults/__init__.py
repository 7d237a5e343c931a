"""Injected faults: deliberate errors of the EHR, the requests that they apply to, and how they change a response.

1. `kinds.toml` is the catalogue, read by `kinds.py`: the members of each kind, where it applies, which EHRs do so, and what a
   good app does then.
2. `fault.py` is a fault as the administrator sets it, and validates one. `presets.toml` has combinations.
3. `asked.py` selects the faults for a request.
4. `responses.py`, `documents.py`, `bundles.py`, `redirects.py` and `token_members.py` change a response.
   `changes.py` records the changes for the exchange.

Nothing here waits, stores or draws random numbers: `services/injection` does.
"""
