/** As `provider/model`. */
export function joinModel({providerID, modelID}: {providerID: string; modelID: string}): string {
  return `${providerID}/${modelID}`;
}

/** Splits `provider/model`; the model's own name may contain further slashes. */
export function splitModel(model: string): {providerID: string; modelID: string} {
  const slash = model.indexOf('/');
  return {providerID: model.slice(0, slash), modelID: model.slice(slash + 1)};
}
