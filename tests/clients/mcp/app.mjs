// Lists and calls Sickbay's tools with both SDKs for TypeScript. Reads {sdk, url, command, args, mode} from standard input.
import { readFileSync } from "node:fs";

const input = JSON.parse(readFileSync(0, "utf8"));
const { Client, Http, Stdio } = await load(input.sdk);

async function load(sdk) {
  if (sdk === "sdk") {
    const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
    const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
    const { StdioClientTransport } = await import("@modelcontextprotocol/sdk/client/stdio.js");
    return { Client, Http: StreamableHTTPClientTransport, Stdio: StdioClientTransport };
  }
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const { StdioClientTransport } = await import("@modelcontextprotocol/client/stdio");
  return { Client, Http: StreamableHTTPClientTransport, Stdio: StdioClientTransport };
}

const transport = input.url
  ? new Http(new URL(input.url))
  : new Stdio({ command: input.command, args: input.args });
const options = input.mode ? { versionNegotiation: { mode: input.mode } } : {};
const client = new Client({ name: "test", version: "1" }, options);
await client.connect(transport);
const { tools } = await client.listTools();
const status = await client.callTool({ name: "sandbox", arguments: { action: "status" } });
const wrong = await client.callTool({ name: "exchanges", arguments: { limt: 1 } });
const version = client.getNegotiatedProtocolVersion?.() ?? "";
console.log(JSON.stringify({ tools: tools.length, status: status.structuredContent, isError: wrong.isError, version }));
await client.close();
