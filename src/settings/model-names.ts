/** A name, and the models that it stands for: the first is taken, each other one where those before it are refused. */
export interface ModelName {
  readonly name: string;
  readonly models: readonly string[];
}

/** They stand in the description of a tool, which every model reads. */
const MAX_NAMES = 20;
const NAME = /^[a-z][\w.-]{0,29}$/i;
const MODEL = /^[^/\s|,=]+\/[^\s|,=]+$/;

/**
 * Reads `fast=anthropic/claude-haiku-4|openai/gpt-5-mini,deep=openai/gpt-5`.
 *
 * @param complain called with each problem, as what can follow the variable and its value.
 */
export function modelNamesIn(
  text: string | undefined,
  complain: (problem: string) => void,
): readonly ModelName[] {
  const names: ModelName[] = [];
  for (const entry of text?.split(',') ?? []) {
    const [name = '', ...rest] = entry.split('=').map((part) => part.trim());
    const models = rest
      .join('=')
      .split('|')
      .map((model) => model.trim());
    const wrong = models.find((model) => !MODEL.test(model));
    if (!NAME.test(name) || rest.length === 0) {
      complain(
        `has "${entry.trim()}", which must be like fast=provider/model, or fast=provider/model|provider/other`,
      );
    } else if (wrong !== undefined) {
      complain(`has "${wrong}" for ${name}, which must be written as provider/model`);
    } else if (new Set(models).size < models.length) complain(`names a model twice for ${name}`);
    else if (names.some((one) => one.name === name.toLowerCase())) complain(`names ${name} twice`);
    else names.push({name: name.toLowerCase(), models});
  }
  if (names.length > MAX_NAMES) complain(`has ${names.length} names; ${MAX_NAMES} are the most`);
  return names;
}
