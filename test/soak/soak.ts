import {setTimeout as pause} from 'node:timers/promises';
import {withTimeout} from '../../src/base/with-timeout.ts';
import {Cast} from './cast.ts';
import {type Fault, Faults} from './faults.ts';
import {Findings} from './findings.ts';
import {expectNothingLeft} from './leftovers.ts';
import {Random} from './random.ts';
import {renderProgress, type SoakResult} from './report.ts';
import {settle} from './settle.ts';
import {expectNoneWithheld} from './stored.ts';
import type {Work} from './work.ts';
import {openWorld, type World} from './world.ts';

/** Told once in so many kills. */
const REPORT_EVERY = 50;
/** Mostly, the model is asked so often at most between two kills, so that they hit work on fast and slow machines. */
const MOST_REQUESTS = 8;
/** The other kills come while what was killed is about to come back. */
const AT_WORK = 0.8;
/** After that, at most so long, so that kills hit all of a turn's moments. */
const PAUSE_MS = 800;
/** A kill waits no longer than this for the model to be asked. */
const UNASKED_MS = 30_000;
/** Of the kills, this share comes before there is a person at OpenCode. */
const WITHOUT_PERSON = 0.6;

export interface SoakOptions {
  readonly kills: number;
  readonly seed: number;
  /** At most so long, however many kills there were by then. */
  readonly minutes: number;
  /** The folder that all happened in stays. */
  readonly keep: boolean;
  /** No more kills when it aborts: what there was is looked at as at the end. */
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/** Kills at random while clients work, and looks whether what must hold does. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const random = new Random(options.seed);
  const world = await openWorld(new Findings(options));
  const cast = new Cast(world, random);
  try {
    const struck = await killing(options, {world, cast, random});
    await cast.stop();
    await settle(world);
    await cast.person.expectAllTold();
    await expectNoneWithheld(world);
    await expectNothingLeft(world);
    return {struck, world};
  } finally {
    await cast.person.kill();
    await world.model.close();
    if (!options.keep) await world.sandbox.remove();
  }
}

interface Scene {
  readonly world: World;
  readonly cast: Cast;
  readonly random: Random;
}

async function killing(
  {kills, minutes, signal, tell}: SoakOptions,
  {world, cast, random}: Scene,
): Promise<readonly Fault[]> {
  const {findings, records, work, sandbox} = world;
  const faults = new Faults({...cast, ...sandbox, random});
  const deadline = Date.now() + minutes * 60_000;
  const struck: Fault[] = [];
  while (struck.length < kills && Date.now() < deadline && !signal.aborted) {
    if (struck.length >= kills * WITHOUT_PERSON) cast.letPersonIn();
    await moment(random, work);
    struck.push(await faults.strike());
    findings.round = struck.length;
    records.look();
    if (struck.length % REPORT_EVERY === 0) tell(renderProgress(world));
  }
  return struck;
}

/** Mostly while the model works, now and then while what was killed is about to come back. */
async function moment(random: Random, work: Work): Promise<void> {
  if (random.chance(AT_WORK))
    await withTimeout(UNASKED_MS, work.requests.more(random.between(1, MOST_REQUESTS)), undefined);
  await pause(random.between(0, PAUSE_MS));
}
