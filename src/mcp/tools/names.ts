import {z} from 'zod';

/** The longest names that there are of agents, models and delegations are far shorter. */
const MAX_NAME_CHARS = 300;
/** As long as paths can be on Linux. */
const MAX_PATH_CHARS = 4_096;

/** A name as an argument: a refusal can say it back. */
export const nameArgument = () => z.string().max(MAX_NAME_CHARS);

/** A path as an argument. */
export const pathArgument = () => z.string().max(MAX_PATH_CHARS);
