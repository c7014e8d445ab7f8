/** Tells how far a long piece of work is: each step as it begins, and every tenth of it. The engine shows what is printed. */
export class Progress {
  private said = 0;

  constructor(
    private readonly title: string,
    private readonly say: (line: string) => void = console.log,
  ) {}

  step(what: string): void {
    this.said = 0;
    this.say(`${this.title}: ${what}`);
  }

  /** A line of a command or a task, which may say a percentage. */
  readonly line = (text: string): void => {
    const percent = Number(/(\d{1,3})(?:\.\d+)?\s?%/.exec(text)?.[1] ?? 0);
    if (percent < this.said + 10 || percent > 100) return;
    this.said = percent - (percent % 10);
    this.say(`${this.title}: ${this.said} %`);
  };
}
