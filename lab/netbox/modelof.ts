import { type ModelName, models } from "./models";

/** The model behind django's name of it. */
export const modelOf = (contentType: unknown): ModelName | undefined =>
  (Object.keys(models) as ModelName[]).find((name) => models[name].contentType === contentType);

/** Django's number of a content type; a real NetBox has its own. */
export function contentTypeId(contentType: unknown): number | undefined {
  const place = Object.values(models).findIndex((model) => model.contentType === contentType);
  return place < 0 ? undefined : place + 1;
}
