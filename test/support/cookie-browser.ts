/** A browser without pages: it keeps cookies and follows redirects, by plain HTTP. */
export interface Arrival {
  url: string;
  status: number;
  headers: Headers;
  body: string;
}

const HOPS_MAX = 15;

export class CookieBrowser {
  /** By origin, by name. */
  readonly #jar = new Map<string, Map<string, string>>();
  /** Every `Set-Cookie` that came, as it was written. */
  readonly written: string[] = [];

  cookies(url: string): Map<string, string> {
    const { origin } = new URL(url);
    const own = this.#jar.get(origin) ?? new Map<string, string>();
    this.#jar.set(origin, own);
    return own;
  }

  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const own = this.cookies(url);
    const headers = new Headers(init.headers);
    if (own.size > 0) headers.set('cookie', [...own].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      this.written.push(line);
      const [pair = '', ...attributes] = line.split('; ');
      const name = pair.slice(0, pair.indexOf('='));
      const isGone = attributes.some(
        (one) => one.toLowerCase() === 'max-age=0' || /^expires=Thu, 01 Jan 1970/i.test(one),
      );
      if (isGone) own.delete(name);
      else own.set(name, pair.slice(pair.indexOf('=') + 1));
    }
    return response;
  }

  /** Goes on until something is no redirect, or `until` says that it is far enough. */
  async go(url: string, init: RequestInit = {}, until: (next: string) => boolean = () => false): Promise<Arrival> {
    let at = url;
    let response = await this.fetch(at, init);
    for (let hops = 0; hops < HOPS_MAX; hops++) {
      const location = response.headers.get('location');
      if (location === null || response.status < 300 || response.status > 399) break;
      const next = new URL(location, at).href;
      await response.body?.cancel();
      if (until(next)) return { url: next, status: response.status, headers: response.headers, body: '' };
      at = next;
      response = await this.fetch(at);
    }
    return { url: at, status: response.status, headers: response.headers, body: await response.text() };
  }
}
