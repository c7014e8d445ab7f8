const command = (): string | undefined => process.env.NETBOX_PROXMOX_COMMAND;

/** Is it a destroy of ours (cli/run-defaults.ts)? The engine doesn't tell a program. */
export const isDestroy = (): boolean => command() === "destroy";

/** Is it a refresh of ours? */
export const isRefresh = (): boolean => command() === "refresh";
