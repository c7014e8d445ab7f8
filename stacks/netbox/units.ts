/** NetBox's MB in PVE's MiB, whole ones. */
export const toMebibytes = (value: number, baseUnit: 1000 | 1024): number => Math.ceil((value * 1024) / baseUnit);

/** PVE's MiB in NetBox's MB, whole ones. */
export const toMegabytes = (value: number, baseUnit: 1000 | 1024): number => Math.floor((value * baseUnit) / 1024);
