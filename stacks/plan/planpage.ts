/** The page of a stack's plan. @param planUrl `site.planUrl` */
export const planPage = (planUrl: string | undefined, stack: string): string | undefined =>
  planUrl?.replaceAll("{stack}", encodeURIComponent(stack));
