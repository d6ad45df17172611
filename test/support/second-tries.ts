import {stripVTControlCharacters} from 'node:util';
import type {Reporter, TestCase} from 'vitest/node';

/**
 * Names at the end of a run what passed at its second try alone, with what was wrong at the first: such a test has met
 * a fault of the program or of its own, and both want to be found.
 */
export class SecondTries implements Reporter {
  readonly #passed: TestCase[] = [];

  onTestCaseResult(test: TestCase): void {
    if (test.diagnostic()?.flaky === true) this.#passed.push(test);
  }

  onTestRunEnd(): void {
    for (const test of this.#passed) {
      const wrong = test.result().errors?.map(({message}) => stripVTControlCharacters(message)) ?? [];
      console.error(`\nPassed at the second try alone: ${test.module.relativeModuleId} > ${test.fullName}`);
      for (const message of wrong) console.error(`  ${message}`);
    }
  }
}
