import {MarkdownStore} from '../../src/store/markdown-store.ts';
import {FakeLog} from './fakes.ts';
import type {Sandbox} from './sandbox.ts';

/** The project of a sandbox's directory, as anyone who comes first writes it down. */
export function projectOf({project, dataDir}: Sandbox): Promise<string> {
  return new MarkdownStore({root: dataDir, log: new FakeLog()}).projectOf(project);
}
