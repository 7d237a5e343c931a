"""One file for each tool, with the function `run(api, arguments)`, which returns a ToolResult."""
