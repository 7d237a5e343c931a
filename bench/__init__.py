"""Measures throughput, CPU per request, start-up time and memory, compared with a limit measured in the same run (`make
bench`).
"""
