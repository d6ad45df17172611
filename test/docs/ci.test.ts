import {load} from 'js-yaml';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {SHOWN_COMMANDS} from '../../src/cli/commands.ts';
import {EXIT} from '../../src/cli/line/command.ts';
import {Page, readText} from '../support/markdown.ts';

const page = new Page('docs/ci.md');
const workflow = z.object({
  on: z.literal('pull_request'),
  permissions: z.object({contents: z.literal('read')}),
  jobs: z.record(
    z.string(),
    z.object({
      'timeout-minutes': z.number(),
      steps: z.array(z.object({run: z.string().optional(), uses: z.string().optional()})),
    }),
  ),
});
const {jobs} = workflow.parse(load(page.fence('## A GitHub workflow', 'yaml')));
const steps = Object.values(jobs).flatMap((job) => job.steps);
const runs = steps.flatMap(({run}) => run ?? []);

describe('the page about CI', () => {
  it('uses only commands and options that there are', async () => {
    const lines = page.fences
      .join('\n')
      .matchAll(/opencode-delegate ([a-z]+)((?:(?!opencode-delegate)[^\n&|>])*)/g);
    const used = [...lines].filter(([, name = '']) => name in SHOWN_COMMANDS);
    expect(used.length).toBeGreaterThan(7);
    for (const [, name = '', rest = ''] of used) {
      const command = await SHOWN_COMMANDS[name]?.load();
      for (const [, option = ''] of rest.matchAll(/ --([a-z-]+)/g))
        expect(Object.keys(command?.options ?? {}), `${name} --${option}`).toContain(option);
    }
  });

  it('says what the exit codes of the gate mean', () => {
    const {ok, failed, needsAnswer, timedOut} = EXIT;
    expect(page.text).toContain(
      `${ok} when all have completed, ${failed} when one has not, ${needsAnswer} when one needs an answer, ${timedOut} when the time`,
    );
  });

  it('has a workflow that waits in the job in which it delegates, and shows the result in any case', () => {
    expect(Object.keys(jobs)).toHaveLength(1);
    const [run, gate, show] = [/ run "/, / wait .* --exit-status --timeout /, / show /].map((step) =>
      runs.findIndex((line) => step.test(line)),
    );
    expect(run).toBeGreaterThan(0);
    expect(gate).toBeGreaterThan(run ?? 0);
    expect(show).toBeGreaterThan(gate ?? 0);
  });

  it('has a workflow that puts nothing of others into a command, and uses steps in exactly one version', () => {
    for (const line of runs) expect(line).not.toMatch(/\$\{\{\s*github\./);
    const own = readText('.github/workflows/check.yml');
    for (const {uses} of steps.filter((step) => step.uses !== undefined)) {
      expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
      expect(own).toContain(uses);
    }
  });
});
