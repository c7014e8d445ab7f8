import { z } from "zod";

/** The names of the custom fields that programs read. */
export const customFieldsSchema = z.strictObject({
  type: z.string().default("proxmox_vm_type"),
  vmid: z.string().default("proxmox_vmid"),
  node: z.string().default("proxmox_node"),
  storage: z.string().default("proxmox_vm_storage"),
  template: z.string().default("proxmox_vm_templates"),
  lxcTemplate: z.string().default("proxmox_lxc_templates"),
  sshKeys: z.string().default("proxmox_public_ssh_key"),
  pool: z.string().default("proxmox_pool"),
  ha: z.string().default("proxmox_ha"),
  user: z.string().default("proxmox_user"),
  nameservers: z.string().default("proxmox_nameservers"),
  searchDomain: z.string().default("proxmox_search_domain"),
  rebootPolicy: z.string().default("proxmox_reboot_policy"),
  rebuild: z.string().default("proxmox_rebuild"),
  /** The end date of a hold (site.holdTag). */
  holdUntil: z.string().default("proxmox_hold_until"),
  diskStorage: z.string().default("proxmox_disk_storage_volume"),
  bridge: z.string().default("proxmox_bridge"),
  netModel: z.string().default("proxmox_net_model"),
  allocateFrom: z.string().default("allocate_from"),
  gateway: z.string().default("gateway"),
  dnsAliases: z.string().default("dns_aliases"),
  dnsTxt: z.string().default("dns_txt"),
  /** A custom field named so and then as a PVE option (`proxmox_option_cpu`) sets that option. */
  optionPrefix: z.string().min(1).default("proxmox_option_"),
});

export type CustomFieldNames = z.infer<typeof customFieldsSchema>;
