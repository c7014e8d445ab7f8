/** One call to the lab, in the order of arrival. */
export interface LoggedCall {
  n: number;
  system: "proxmox" | "netbox" | "bind9" | "node";
  method: string;
  path: string;
  status?: number;
}

/** What was asked of the lab: tests count and order by it. Holds no headers and no bodies. */
export class RequestLog {
  readonly calls: LoggedCall[] = [];
  /** The most calls that a system had to answer at one time. */
  readonly greatest = { proxmox: 0, netbox: 0, bind9: 0, node: 0 };
  private readonly underWay = { proxmox: 0, netbox: 0, bind9: 0, node: 0 };

  begin(system: LoggedCall["system"], method: string, path: string): { n: number; end: (status: number) => void } {
    const call: LoggedCall = { n: this.calls.length + 1, system, method, path };
    this.calls.push(call);
    this.greatest[system] = Math.max(this.greatest[system], ++this.underWay[system]);
    return {
      n: call.n,
      end: (status) => {
        call.status = status;
        this.underWay[system]--;
      },
    };
  }

  /** Begins anew: what is under way counts on. */
  clear(): void {
    this.calls.length = 0;
    Object.assign(this.greatest, this.underWay);
  }
}
