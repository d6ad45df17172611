import {z} from 'zod';
import {isFetchable, remoteUrl} from './remote-url.ts';

const MAX_REFS = 50;
const MAX_COMMITS = 200;
const MAX_URL_CHARACTERS = 2_000;

const commitName = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'must be the full name of a commit');

/** A branch or tag as git allows it, less what could be taken for an option, a pattern or a path upwards. */
const refName = z
  .string()
  .max(250)
  .regex(/^refs\/(?:heads|tags)\/(?!-)[^\p{Cc}\s~^:?*[\\]+$/u, 'must be the full name of a branch or tag')
  .refine(
    (name) => !/\.\.|@\{|\/\/|\/\.|\.$|\/$|\.lock(?:\/|$)/.test(name),
    'must be a name that git allows',
  );

const fetchSchema = z.strictObject({
  url: z.string().max(MAX_URL_CHARACTERS).refine(isFetchable, 'must be a URL without a password'),
  /** Where the commits were found; empty where only looking through all of them tells. */
  refs: z.array(refName).max(MAX_REFS),
  commits: z.array(commitName).min(1).max(MAX_COMMITS),
});

const common = {
  /** `host/path`, or `root:` and a root commit where the repository was cloned from nowhere. */
  repository: z.string().min(1).max(MAX_URL_CHARACTERS),
  format: z.enum(['sha1', 'sha256']),
  /** What is checked out at the client, which it therefore has: the work comes back as what is more than this. */
  head: commitName,
  /** What the work starts from: `head`, or a commit of the client's working tree on top of it. */
  commit: commitName,
  /** From the checkout's top to the delegation's directory; empty for the top. */
  prefix: z
    .string()
    .max(4_000)
    .refine((path) => isInside(path), 'must lead down'),
};

const ways = z.discriminatedUnion('way', [
  z.strictObject({...common, way: z.literal('remote'), from: fetchSchema}),
  z.strictObject({
    ...common,
    way: z.literal('bundle'),
    /** What the bundle builds upon, which the worker fetches first; absent where the bundle is whole. */
    since: fetchSchema.optional(),
    bytes: z.int().positive(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
]);

/**
 * How code comes to a worker, as it is written into a job. What a worker reads there may be anybody's: what is fetched is
 * the repository that the job names, so that whoever allows that one allows no other.
 */
export const travelSchema = ways.refine(isOfOneRepository, 'must fetch from the repository that it names');

export type Travel = z.infer<typeof travelSchema>;
/** What is fetched from a remote. */
export type FetchPart = z.infer<typeof fetchSchema>;

function isOfOneRepository(travel: z.infer<typeof ways>): boolean {
  const part = travel.way === 'remote' ? travel.from : travel.since;
  return part === undefined || remoteUrl(part.url)?.address === travel.repository;
}

/** True of a path that names a folder below: it is joined to one, and must not lead out of it. */
function isInside(path: string): boolean {
  if (path === '') return true;
  return path
    .split('/')
    .every((name) => !['', '.', '..'].includes(name) && !/^\.git$/i.test(name) && !name.includes('\0'));
}
