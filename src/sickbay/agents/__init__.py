"""The tools for coding agents. `sickbay mcp` and `POST /mcp` call them.

engine       answers one message of the protocol; protocol/mcp.py reads and writes messages
definitions  the names, descriptions and arguments of the tools; arguments checks a call against them
tools        one file for each tool; a tool is imported with its first call
api          what a tool may use: the addresses of a running Sickbay, with the rights of the caller, and nothing else
addresses    what an agent sends to name an exchange or an app
result       what a tool returns, and how much of it; problems turns failures into results
untrusted    marks what strangers wrote; harmless decides what isn't theirs; findings, corrected and exchange_outline apply both
"""
