"""Reads pasted source code: the HTTP requests that it sends, the settings of its OAuth library, and its mistakes.

The code is never run. Text that isn't code gives nothing, and no text raises an exception.
"""
