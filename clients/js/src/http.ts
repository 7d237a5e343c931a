// Sends HTTP requests with Node's own modules: jsdom and happy-dom replace fetch with a browser's, which applies CORS.
import * as http from "node:http";
import * as https from "node:https";

export const RESPONSE_MILLISECONDS = 180_000; // the first request to a hospital creates its patients

export interface HttpRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface HttpResponse {
  url: string;
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
}

/** Sends a request and reads its whole response. Doesn't follow redirects. */
export function send(url: string, { method = "GET", headers = {}, body }: HttpRequest = {}): Promise<HttpResponse> {
  const { request } = url.startsWith("https:") ? https : http;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, timeout: RESPONSE_MILLISECONDS }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ url, status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() }),
      );
    });
    sent.on("timeout", () => sent.destroy(new Error(`${url} didn't respond within ${RESPONSE_MILLISECONDS / 1000} seconds`)));
    sent.on("error", reject);
    sent.end(body);
  });
}
