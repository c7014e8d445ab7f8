// Guests' agents hang, sleep and go: they have places and a time of their own.

/** Requests at once to a cluster's agents, and of these to one node's, as pvedaemon has three workers a node. */
export const agentPlaces = 6;
export const agentPlacesANode = 2;
/** Seconds after which one agent is not waited for. */
const agentDeadline = 5;

/** The time that a cluster's agents have together. One that answers costs none of it, however many there are. */
export class AgentTime {
  private lost = 0;

  /** @param seconds that those may cost which say nothing */
  constructor(private readonly seconds: number) {}

  /** Seconds for the next one; none where all is lost. */
  next(): number {
    return this.lost < this.seconds ? agentDeadline : 0;
  }

  /** @param places that were asked at once meanwhile */
  lose(seconds: number, places: number): void {
    this.lost += seconds / places;
  }
}
