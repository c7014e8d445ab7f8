import { type ModelName, models } from "./models";

/** The model behind django's name of it. */
export const modelOf = (contentType: unknown): ModelName | undefined =>
  (Object.keys(models) as ModelName[]).find((name) => models[name].contentType === contentType);
