/** The web page of an object of NetBox's, or of all of its kind: NetBox has both under the API's own path. */
export const pageOf = (netboxUrl: string, path: string, id?: number): string =>
  `${netboxUrl}/${path}/${id === undefined ? "" : `${id}/`}`;
