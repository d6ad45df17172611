import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {createLogger} from '../../src/base/log.ts';
import {EventFeed} from '../../src/opencode/wire/events.ts';
import {Arrivals} from '../support/arrivals.ts';
import {allGone} from '../support/processes.ts';
import {artifactOf, type Sandbox} from '../support/sandbox.ts';
import {PLUGIN, PREFIX, type UserOpenCode} from '../support/user-opencode.ts';
import {calling, delegating, HELD_PROMPT, OWN_TOOL, promptOf} from './model.ts';
import {processorMs} from './resident.ts';
import type {Stage} from './stage.ts';
import {median, quantile} from './stats.ts';
import {ms, type Row, times} from './table.ts';

const NOTHING_SERVER = fileURLToPath(new URL('nothing-server.js', import.meta.url));
const NOTHING_TOOL = 'nothing_nothing';
const CALLS = 20;
const MAX_ANSWER_MS = 25;
const NOTICES = 40;
const STARTS = 6;
/** The turn that delegates is over by then, so that the notice finds an idle session. */
const WORK_MS = 500;
const MAX_NOTICE_MS = 150;
/** After a turn, OpenCode goes on with this and that for a while. */
const SETTLE_MS = 10_000;
const IDLE_MS = 60_000;

/** What a person who uses OpenCode has of the plugin, and pays for it. */
export async function* plugin(stage: Stage): AsyncGenerator<Row> {
  yield await answers(stage);
  yield await notices(stage);
  yield* idling(stage);
  yield* starts(stage);
}

/**
 * How long the model that delegates waits for the answer, by the times that OpenCode notes of the call. Each call finds
 * the session at rest: it was told of the delegation before.
 */
async function answers(stage: Stage): Promise<Row> {
  const sandbox = stage.sandbox({
    config: {plugin: [PLUGIN], mcp: {nothing: {type: 'local', command: [process.execPath, NOTHING_SERVER]}}},
  });
  const opencode = await stage.userOpenCode(sandbox);
  const session = await opencode.session();
  for (let n = 0; n <= CALLS; n++) {
    await opencode.say(session, delegating(promptOf(0)));
    const id = (await opencode.delegated(session)).at(-1) ?? '';
    await opencode.until(session, (all) => all.at(-2)?.text.includes(`<task-id>${id}</task-id>`) === true);
    for (const tool of [OWN_TOOL, NOTHING_TOOL]) await opencode.say(session, calling(tool));
  }
  const took = async (tool: string) => (await opencode.durations(session, tool)).slice(1);
  const ours = await took(`${PREFIX}delegate`);
  const [own, nothing] = [median(await took(OWN_TOOL)), median(await took(NOTHING_TOOL))];
  await opencode.kill();
  const p50 = median(ours);
  return {
    what: `delegate answers in OpenCode with the plugin (n=${CALLS})`,
    measured: `p50 ${ms(p50)}, p99 ${ms(quantile(ours, 0.99))}`,
    baseline: `its own tool ${OWN_TOOL}: p50 ${ms(own)}; an MCP tool that does nothing: ${ms(nothing)}`,
    ratio: times(p50 / own),
    goal: `p50 <= ${MAX_ANSWER_MS} ms`,
    met: p50 <= MAX_ANSWER_MS,
  };
}

/** From the end of a delegation, as its record has it, to the notice in the transcript of its parent. */
async function notices(stage: Stage): Promise<Row> {
  const sandbox = stage.sandbox({config: {plugin: [PLUGIN]}});
  const opencode = await stage.userOpenCode(sandbox);
  const session = await opencode.session();
  const texts = new Arrivals<Seen>();
  const feed = followTexts(opencode, texts);
  await feed.opened;
  const delays: number[] = [];
  const stores: number[] = [];
  for (let n = 0; n <= NOTICES; n++) {
    await opencode.say(session, delegating(promptOf(WORK_MS)));
    const id = (await opencode.delegated(session)).at(-1) ?? '';
    const notice = await texts.first(({text}) => text.includes(`<task-id>${id}</task-id>`));
    await opencode.until(session, (all) => all.at(-2)?.text === notice.text);
    const hello = `hello number ${n}`;
    const from = Date.now();
    await opencode.client.session.promptAsync({sessionID: session, parts: [{type: 'text', text: hello}]});
    const stored = await texts.first(({text}) => text === hello);
    await opencode.until(session, (all) => all.at(-2)?.text === hello);
    // The first starts what the others find running.
    if (n === 0) continue;
    delays.push(notice.at - endOf(sandbox, id));
    stores.push(stored.at - from);
  }
  feed.close();
  await opencode.kill();
  const [p50, base] = [median(delays), median(stores)];
  return {
    what: `end of a delegation to the notice in its parent's transcript (n=${NOTICES})`,
    measured: `p50 ${ms(p50)}, p99 ${ms(quantile(delays, 0.99))}`,
    baseline: `session.promptAsync to the transcript: p50 ${ms(base)}`,
    ratio: times(p50 / base),
    goal: `p50 <= ${MAX_NOTICE_MS} ms`,
    met: p50 <= MAX_NOTICE_MS,
  };
}

/** A text in a transcript, and when it was seen there, in milliseconds since the epoch. */
interface Seen {
  readonly text: string;
  readonly at: number;
}

function followTexts({client}: UserOpenCode, texts: Arrivals<Seen>): EventFeed {
  return new EventFeed({
    client,
    log: createLogger({level: 'error', write: (line) => process.stderr.write(line)}),
    onEvent(event) {
      if (event.type !== 'message.part.updated' || event.properties.part.type !== 'text') return;
      texts.add({text: event.properties.part.text, at: Date.now()});
    },
    onGap() {
      throw new Error('the event stream broke');
    },
  });
}

function endOf(sandbox: Sandbox, id: string): number {
  const ended = /^ended: (.+)$/m.exec(readFileSync(artifactOf(sandbox, id), 'utf8'))?.[1];
  if (ended === undefined) throw new Error(`${id} has not ended`);
  return Date.parse(ended);
}

/** What OpenCode does while nothing happens, but for a delegation that is at work elsewhere. */
async function* idling(stage: Stage): AsyncGenerator<Row> {
  if (process.platform !== 'linux') return;
  const used = async (plugin: readonly string[], prompt: string): Promise<number> => {
    const sandbox = stage.sandbox({config: {plugin}});
    const opencode = await stage.userOpenCode(sandbox);
    await opencode.say(await opencode.session(), prompt);
    await delay(SETTLE_MS);
    const before = processorMs(opencode.pid);
    await delay(IDLE_MS);
    const took = processorMs(opencode.pid) - before;
    await opencode.kill();
    return took;
  };
  const [ours, none] = await Promise.all([used([PLUGIN], delegating(HELD_PROMPT)), used([], promptOf(0))]);
  stage.model.release();
  yield* [
    {
      what: `processor time of OpenCode in ${IDLE_MS / 1_000} s, idle with a delegation that runs (n=1)`,
      measured: ms(ours),
      baseline: `no plugin: ${ms(none)}`,
      ratio: times(ours / none),
      goal: '-',
    },
  ];
}

interface Start {
  /** Until the directory's first request was answered, for which plugins are loaded. */
  readonly ready: number;
  /** Until the model's first answer, for which MCP servers are started. */
  readonly answer: number;
}

/**
 * What the plugin adds to a start of OpenCode. With any plugin at all OpenCode looks for its own plugin package
 * first, so one that does nothing is measured as well.
 */
async function* starts(stage: Stage): AsyncGenerator<Row> {
  const idle = stage.sandbox();
  const file = join(idle.root, 'idle-plugin.js');
  writeFileSync(file, "export default {id: 'idle', server: async () => ({})};\n");
  idle.configure({...idle.config, plugin: [pathToFileURL(file).href]});
  const sandboxes = {none: stage.sandbox(), idle, ours: stage.sandbox({config: {plugin: [PLUGIN]}})};
  sandboxes.ours.env.OPENCODE_DELEGATE_HOST_IDLE_SECONDS = '1';
  const samples: Record<keyof typeof sandboxes, Start[]> = {none: [], idle: [], ours: []};
  for (let round = -1; round < STARTS; round++) {
    for (const name of ['none', 'idle', 'ours'] as const) {
      const start = await startOnce(stage, sandboxes[name]);
      if (round >= 0) samples[name].push(start);
    }
  }
  const rows = (what: string, key: keyof Start): readonly Row[] => {
    const of = (name: keyof typeof sandboxes) => median(samples[name].map((start) => start[key]));
    const ours = of('ours');
    const row = (baseline: string, base: number): Row => ({
      what: `OpenCode with the plugin, ${what} (n=${STARTS})`,
      measured: ms(ours),
      baseline: `${baseline}: ${ms(base)}`,
      ratio: times(ours / base),
      goal: '-',
    });
    return [row('no plugin', of('none')), row('a plugin that does nothing', of('idle'))];
  };
  yield* [...rows('start to ready', 'ready'), ...rows('start to first answer', 'answer')];
}

async function startOnce(stage: Stage, sandbox: Sandbox): Promise<Start> {
  const from = performance.now();
  const opencode: UserOpenCode = await stage.userOpenCode(sandbox);
  await opencode.client.app.agents();
  const ready = performance.now() - from;
  await opencode.say(await opencode.session(), promptOf(0));
  const answer = performance.now() - from;
  await opencode.kill();
  // The host stays for a second, with its own OpenCode: the next start shall not meet them.
  await allGone(sandbox.root, 30_000);
  return {ready, answer};
}
