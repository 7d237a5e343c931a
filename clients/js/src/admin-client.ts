// Sends JSON to /admin.
import type { DeletePaths, GetPaths, PatchPaths, PostPaths, Problem } from "./admin-api.js";
import { send, type HttpResponse } from "./http.js";

/** Sickbay refused a request of the test itself. The message has its problem and the findings. */
export class SickbayError extends Error {
  override name = "SickbayError";
}

type Query = Record<string, string>;

/** Each method returns the JSON of the response, null if it is empty, and throws a SickbayError. */
export class AdminClient {
  constructor(
    private readonly base: string,
    private readonly token?: string,
  ) {}

  get<Path extends keyof GetPaths>(path: Path, query?: Query): Promise<GetPaths[Path]["response"]>;
  get(path: string, query?: Query): Promise<any>;
  get(path: string, query: Query = {}): Promise<any> {
    const search = new URLSearchParams(query).toString();
    return this.request("GET", search ? `${path}?${search}` : path);
  }

  post<Path extends keyof PostPaths>(path: Path, body?: PostPaths[Path]["body"]): Promise<PostPaths[Path]["response"]> {
    return this.request("POST", path, body ?? {});
  }

  patch<Path extends keyof PatchPaths>(path: Path, body: PatchPaths[Path]["body"]): Promise<PatchPaths[Path]["response"]> {
    return this.request("PATCH", path, body);
  }

  delete<Path extends keyof DeletePaths>(path: Path): Promise<DeletePaths[Path]["response"]> {
    return this.request("DELETE", path);
  }

  /** An exchange in another media type: text/plain or text/html. */
  async text(path: string, type: string): Promise<string> {
    return (await send(this.base + path, { headers: { ...this.authorization(), Accept: type } })).text;
  }

  private async request(method: string, path: string, body?: unknown): Promise<any> {
    const headers: Record<string, string> = { ...this.authorization(), Accept: "application/json" };
    if (body === undefined) return read(await send(this.base + path, { method, headers }));
    headers["Content-Type"] = "application/json";
    return read(await send(this.base + path, { method, headers, body: JSON.stringify(body) }));
  }

  private authorization(): Record<string, string> {
    return this.token ? { Authorization: `Bearer ${this.token}` } : {};
  }
}

function read(response: HttpResponse): unknown {
  if (response.status >= 300 || response.status < 200) throw new SickbayError(problem(response));
  return response.text ? JSON.parse(response.text) : null;
}

/** The problem details of a refused request in one text (RFC 9457). */
export function problem(response: HttpResponse): string {
  let details: Partial<Problem>;
  try {
    details = JSON.parse(response.text);
  } catch {
    return `${response.url} answered with status ${response.status}`;
  }
  const sentence = details.detail || details.title || `status ${response.status}`;
  const findings = (details.findings ?? []).map((finding) => {
    const title = sentence.includes(finding.title) ? "" : `${finding.title} `;
    return `${title}[${finding.id}]: ${finding.fix}`;
  });
  return [sentence, ...findings].join("\n");
}

/** Moves the time of the server, so that codes, tokens and sessions expire without waiting. */
export class Clock {
  constructor(private readonly admin: AdminClient) {}

  /** Move it forward by these seconds. It keeps running. */
  async advance(seconds: number): Promise<void> {
    await this.admin.post("/admin/clock", { advance: seconds });
  }

  /** In seconds since 1970. */
  async now(): Promise<number> {
    return (await this.admin.get("/admin/clock")).now;
  }
}
