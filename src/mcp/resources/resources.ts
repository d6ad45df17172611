import {
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  type Server,
} from '@modelcontextprotocol/server';
import {Refusal} from '../../base/errors.ts';
import {quoted} from '../../base/safe-text.ts';
import type {Delegations} from '../../delegation/delegations.ts';
import type {DelegationHead, Named} from '../../delegation/model/delegation.ts';
import {pageAfter} from './cursor.ts';
import {idOf, URI_TEMPLATE, uriOf} from './uri.ts';

/** Clients show them in a menu; a page is about 25 kB. */
const PAGE_ENTRIES = 100;
/** The protocol's limit. */
const MAX_COMPLETIONS = 100;
/** What a client is sent in one piece: more could cut it off, or fill a model's context many times over. */
const MAX_BYTES = 5_000_000;
const MIME_TYPE = 'text/markdown';

/** The files of delegations, by whatever keeps them. */
export interface Artifacts {
  /** `undefined` when there is no file. */
  readonly artifactText: (project: string, id: string) => Promise<string | undefined>;
  readonly artifactSize: (
    project: string,
    id: string,
  ) => Promise<{readonly bytes: number; readonly writtenAt: number} | undefined>;
}

export interface ResourcesOptions {
  readonly delegations: Pick<Delegations, 'get' | 'list'>;
  readonly artifacts: Artifacts;
  /** The project whose delegations the client sees. */
  readonly project: (id?: string) => Promise<string>;
}

/**
 * Every delegation as a resource, so that people can attach a result as context without a tool call. Reading one
 * does not mark it as read: clients also read for a preview, and whether the model sees it nobody knows.
 */
export function serveResources(server: Server, options: ResourcesOptions): void {
  const {delegations, artifacts, project} = options;

  server.setRequestHandler('resources/list', async ({params}) => {
    const all = await delegations.list(await project());
    const page = pageAfter(all, {cursor: params?.cursor, size: PAGE_ENTRIES});
    if (page === undefined) {
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        'The cursor is unknown. Use nextCursor as it was given, or none to start at the newest.',
      );
    }
    const resources = await Promise.all(page.heads.map((head) => resourceOf(head, artifacts)));
    return {resources, ...(page.next !== undefined && {nextCursor: page.next})};
  });

  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [
      {
        uriTemplate: URI_TEMPLATE,
        name: 'delegation',
        title: 'Delegation',
        description: 'A delegation by its id: prompt, result, and what it cost and changed.',
        mimeType: MIME_TYPE,
      },
    ],
  }));

  server.setRequestHandler('resources/read', async ({params: {uri}}) => {
    const {project: folder, id} = await known(uri, options);
    const {bytes = 0} = (await artifacts.artifactSize(folder, id)) ?? {};
    if (bytes > MAX_BYTES)
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, tooLarge(uri, {id, bytes}));
    const text = await artifacts.artifactText(folder, id);
    if (text === undefined) throw notFound(uri);
    return {contents: [{uri, mimeType: MIME_TYPE, text}]};
  });

  server.setRequestHandler('completion/complete', async ({params: {ref, argument}}) => {
    const isOurs = ref.type === 'ref/resource' && ref.uri === URI_TEMPLATE && argument.name === 'id';
    if (!isOurs) return {completion: {values: []}};
    const typed = argument.value.trim().toLowerCase();
    const all = await delegations.list(await project());
    const fitting = all.filter(({id}) => id.startsWith(typed)).map(({id}) => id);
    const values = fitting.slice(0, MAX_COMPLETIONS);
    return {completion: {values, total: fitting.length, hasMore: fitting.length > values.length}};
  });
}

/**
 * What a delegation that there is is called, and under which project it is kept; an orphan has its end then.
 * @throws ResourceNotFoundError when there is none of that URI in the project.
 */
export async function known(
  uri: string,
  {delegations, project}: Pick<ResourcesOptions, 'delegations' | 'project'>,
): Promise<Named> {
  const id = idOf(uri);
  if (id === undefined) throw notFound(uri);
  try {
    return (await delegations.get(await project(id), id)).delegation;
  } catch (error) {
    throw error instanceof Refusal ? notFound(uri) : error;
  }
}

function tooLarge(uri: string, {id, bytes}: {id: string; bytes: number}): string {
  const size = `${Math.ceil(bytes / 1e6)} MB`;
  return `${uri} has ${size}, and a resource here at most ${MAX_BYTES / 1e6} MB. delegation_read("${id}") returns its result in pages.`;
}

function notFound(uri: string): ResourceNotFoundError {
  return new ResourceNotFoundError(
    uri,
    `There is no ${uri} in this project. resources/list has those that there are.`,
  );
}

async function resourceOf(head: DelegationHead, {artifactSize}: Artifacts) {
  const {id, project, title, summary, state, createdAt} = head;
  const file = await artifactSize(project, id);
  return {
    uri: uriOf(id),
    name: id,
    // OpenCode's model can list them, so that these are not for menus alone.
    title: quoted(title),
    description: quoted(summary) || state.status,
    mimeType: MIME_TYPE,
    ...(file !== undefined && {size: file.bytes}),
    annotations: {lastModified: new Date(file?.writtenAt ?? createdAt).toISOString()},
  };
}
