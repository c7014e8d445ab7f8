/** One call to the lab, in the order of arrival. */
export interface LoggedCall {
  n: number;
  system: "proxmox" | "netbox" | "bind9";
  method: string;
  path: string;
  status?: number;
}

/** What was asked of the lab: tests count and order by it. Holds no headers and no bodies. */
export class RequestLog {
  readonly calls: LoggedCall[] = [];

  begin(system: LoggedCall["system"], method: string, path: string): { n: number; end: (status: number) => void } {
    const call: LoggedCall = { n: this.calls.length + 1, system, method, path };
    this.calls.push(call);
    return {
      n: call.n,
      end: (status) => {
        call.status = status;
      },
    };
  }
}
