import {textDigest} from '../../base/text-digest.ts';

/**
 * The project that the worker's own delegation of a job has. It is the job's alone, and found from the job's id by any
 * process, so that all that lies in its folders can be removed with the job.
 */
export function projectOfJob(job: string): string {
  return `job-${textDigest(job).slice(0, 16)}`;
}
