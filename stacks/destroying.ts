/** Is it a destroy of ours (cli/run-defaults.ts)? The engine doesn't tell a program. */
export const isDestroy = (): boolean => process.env.NETBOX_PROXMOX_COMMAND === "destroy";
