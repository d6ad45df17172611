/** Who logs in, how the way there is kept, and for how long something is waited for. */
const OTHER = /^(?:user|password|lease|ssl\w*|uselibpqcompat|application_name|\w*timeout\w*)$/i;
const USUAL_PORTS: Readonly<Record<string, string>> = {postgres: '5432', redis: '6379'};

/** Which database a URL is of, however one logs in there: the same for all URLs of one. */
export function databaseOf(url: string): string {
  if (!URL.canParse(url)) return url;
  const {protocol, hostname, port, pathname, searchParams} = new URL(url);
  const kind = protocol.startsWith('postgres') ? 'postgres' : 'redis';
  const options = [...searchParams].filter(([name]) => !OTHER.test(name)).sort();
  const host = hostname.toLowerCase();
  return JSON.stringify([kind, host, port || USUAL_PORTS[kind], pathname.replace(/\/$/, ''), options]);
}
