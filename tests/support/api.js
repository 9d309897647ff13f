// The JSON API as a program uses it: with a bearer token, or with the cookie of a login.

export class Api {
  constructor(url, token = null) {
    this.url = url;
    this.token = token;
    this.cookie = null;
    this.csrf = null;
  }

  get(path, status = 200) {
    return this.ask('GET', path, undefined, status);
  }

  post(path, body, status = 200) {
    return this.ask('POST', path, body, status);
  }

  /** Answers with the JSON of the answer; another status than the expected one is an error. */
  async ask(method, path, body, status) {
    const answer = await this.raw(method, path, body);
    const text = await answer.text();
    if (answer.status !== status) {
      throw new Error(`${method} ${path} answered ${answer.status} instead of ${status}: ${text}`);
    }
    return text ? JSON.parse(text) : null;
  }

  async raw(method, path, body, headers = {}) {
    const answer = await fetch(this.url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
        ...(this.cookie ? { cookie: this.cookie } : {}),
        ...(this.csrf ? { 'x-csrf-token': this.csrf } : {}),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0];
    if (cookie) this.cookie = cookie;
    return answer;
  }

  /** Every item of a list, page by page. */
  async all(path) {
    const items = [];
    let after = null;
    do {
      const separator = path.includes('?') ? '&' : '?';
      const page = await this.get(after ? `${path}${separator}after=${encodeURIComponent(after)}` : path);
      items.push(...page.items);
      after = page.next;
    } while (after);
    return items;
  }
}
