// Follows every link of a portal below a base path and writes down each address that leads out of it.

const ADDRESSES = /\s(href|src|action|formaction|poster|hx-[a-z:-]+|data-[a-z-]+)=(?:"([^"]*)"|'([^']*)')/g;

export async function crawl(portal, cookies) {
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  const origin = new URL(portal.url).origin;
  const base = portal.base;
  const isInside = (path) => path === base || path.startsWith(`${base}/`) || path.startsWith(`${base}?`);
  const strays = [];
  const pages = [];
  const seen = new Set();
  const queue = [`${base}/`];

  const judge = (where, address) => {
    const path = address.startsWith(origin) ? address.slice(origin.length) : address;
    if (path.startsWith('/') && !isInside(path)) strays.push(`${where}: ${address}`);
    return path;
  };

  // Whoever is not signed in is sent to the sign-in page below the base path.
  for (const path of ['/', '/downloads', '/logout']) {
    const answer = await fetch(origin + base + path, { redirect: 'manual' });
    const location = answer.headers.get('location');
    if (location) judge(`Location of ${path}`, location);
  }

  while (queue.length > 0 && seen.size < 500) {
    const path = queue.shift();
    if (seen.has(path)) continue;
    seen.add(path);
    const answer = await fetch(origin + path, { headers: { cookie }, redirect: 'manual', signal: AbortSignal.timeout(20_000) });
    const location = answer.headers.get('location');
    if (location) queue.push(judge(`Location of ${path}`, location).split('#')[0]);
    const type = answer.headers.get('content-type') ?? '';
    if (answer.status >= 500) strays.push(`${path} answered ${answer.status}`);
    if (/css|manifest|json/.test(type)) {
      const text = await answer.text();
      for (const [, address] of text.matchAll(/url\(["']?([^"')]+)|"(?:src|start_url|scope|id)":\s*"([^"]+)"/g)) {
        if (address) judge(path, address);
      }
      continue;
    }
    if (!type.startsWith('text/html')) {
      await answer.body?.cancel();
      continue;
    }
    pages.push(path);
    const text = await answer.text();
    for (const [, name, double, single] of text.matchAll(ADDRESSES)) {
      const value = (double ?? single).replaceAll('&amp;', '&').replaceAll('&#38;', '&');
      if (!value.startsWith('/') && !value.startsWith(origin)) continue;
      const address = judge(`${name} on ${path}`, value);
      const leadsOn = name === 'href' && isInside(address) && !address.includes('/files/');
      if (leadsOn) queue.push(address.split('#')[0]);
    }
  }
  return { pages, strays };
}
