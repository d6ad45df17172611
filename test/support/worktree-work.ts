/** The delegation that worktrees are made for in the tests of git. */
export const OF = {project: 'shop', id: 'swift-amber-otter'};

/** What it has done, as far as git is told. */
export const WORK = {id: OF.id, title: 'Mend the gate', files: []};

/** Of what nobody stops. */
export const NEVER = new AbortController().signal;
