// What was counted.

export class Tally {
  answered = 0;
  /** By status, those that are not 2xx. */
  readonly bad = new Map<number, number>();
  readonly lost: string[] = [];
  idleCloses = 0;
  /** Answers by "SLOT VERSION", as the router and the service say it. */
  readonly places = new Map<string, number>();
  /** Sessions that went back to the slot they had left. */
  readonly backwards: string[] = [];

  get failed(): number {
    return this.lost.length + [...this.bad.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Percent of the answers that came from a slot. */
  share(slot: "blue" | "green"): number {
    let count = 0;
    for (const [place, times] of this.places) if (place.startsWith(`${slot} `)) count += times;
    return (100 * count) / this.answered;
  }

  add(status: number, place: string): void {
    this.answered++;
    if (status < 200 || status > 299) this.bad.set(status, (this.bad.get(status) ?? 0) + 1);
    this.places.set(place, (this.places.get(place) ?? 0) + 1);
  }

  toString(): string {
    const places = [...this.places].sort().map(([place, count]) => `${place}: ${count}`).join(", ");
    const bad = [...this.bad].map(([status, count]) => `${count} x ${status}`).join(", ") || "0";
    return `${this.answered} answers (${places}), ${this.lost.length} lost, not 2xx: ${bad}, ${this.idleCloses} idle closes`;
  }
}
