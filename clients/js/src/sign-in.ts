// Signs a user in to the EHR, as a browser does.
import { SickbayError } from "./admin-client.js";
import { send, type HttpResponse } from "./http.js";

export interface Credentials {
  user: string;
  password: string;
  tenant: string;
}

export interface Cookie {
  name: string;
  value: string;
  domain: string;
  path: string;
  expires: number;
  httpOnly: boolean;
  secure: boolean;
  sameSite: "None";
}

/** The format that Playwright reads. */
export interface StorageState {
  cookies: Cookie[];
  origins: never[];
}

const BROWSER = { Accept: "text/html", "Sec-Fetch-Site": "same-origin" };

export async function signIn(base: string, { user, password, tenant }: Credentials): Promise<StorageState> {
  const url = `${base}/${tenant}/ehr/sign-in`;
  const page = await send(url, { headers: BROWSER });
  const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? "";
  const cookie = cookies(page)
    .map(([name, value]) => `${name}=${value}`)
    .join("; ");
  const headers = { ...BROWSER, Origin: base, Cookie: cookie, "Content-Type": "application/x-www-form-urlencoded" };
  const body = new URLSearchParams({ csrf, username: user, password }).toString();
  const response = await send(url, { method: "POST", headers, body });
  if (response.status !== 303) throw new SickbayError(`${user} can't sign in to ${tenant} with this password.`);
  return { cookies: cookies(response).map(([name, value]) => stored(name, value, new URL(base).hostname)), origins: [] };
}

function cookies(response: HttpResponse): [string, string][] {
  return (response.headers["set-cookie"] ?? []).map((line) => {
    const pair = line.split(";")[0] ?? "";
    return [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
  });
}

// Browsers accept a Secure cookie of http on loopback.
function stored(name: string, value: string, domain: string): Cookie {
  return { name, value, domain, path: "/", expires: -1, httpOnly: true, secure: true, sameSite: "None" };
}
