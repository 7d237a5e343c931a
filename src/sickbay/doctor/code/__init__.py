"""Reads pasted source code, which is never run: HTTP requests, settings of libraries, and mistakes. No text raises an error."""
