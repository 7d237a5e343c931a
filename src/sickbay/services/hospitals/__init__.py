"""Hospitals that the administrator describes in a file.

`hospital_file` reads the file, `keys` lists what it may contain, `problems`, `path_problems` and `response_problems` say what
is wrong with it, and `definition` makes the hospital. `stored` keeps the hospitals the same on every worker.
"""
