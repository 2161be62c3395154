import { bareText, isMarked } from '../../../lib/store/tagged-text.js';

/** A value under the one key of a history: what wrote it, and the state of the database it was made of. */
export interface Value {
  readonly id: number;
  readonly state: number;
}

export const valueOf = (text: string): Value => JSON.parse(text) as Value;

/** What was so when a call began. */
export interface Began {
  readonly floor: number;
  readonly invalidated: ReadonlyMap<string, number>;
  /** The values the call may be given although they are older, since it joined a run or a search for them. */
  readonly mayJoin: ReadonlySet<number>;
}

/** Reads the values under Redis keys, of the module and of others. */
export type Peek = (key: string) => Promise<string | null>;

/** Knows what a call may be given, and what may stand in the store. */
export class Oracle {
  readonly violations: string[] = [];
  /** How old what stands may be: the state that the last write or delete of the module was about, once it had resolved. */
  floor = 0;
  /** By tag, the state that its last invalidation was about, once it had resolved. */
  readonly #invalidated = new Map<string, number>();
  /** What values were stored with. What another program has set carries no tag. */
  readonly #tags = new Map<number, readonly string[]>();
  /** Made by runs that found nothing, where no lease tells of a delete: another process' delete does not hold them up. */
  readonly #cold = new Set<number>();
  #ids = 0;

  constructor(
    private readonly peek: Peek,
    private readonly keys: { readonly entry: string; readonly tokens: string; readonly tag: string },
  ) {}

  /** A new value, made of a state of the database. */
  value(state: number, tags: readonly string[] = []): Value {
    const value = { id: ++this.#ids, state };
    this.#tags.set(value.id, tags);
    return value;
  }

  tagsOf({ id }: Value): readonly string[] {
    return this.#tags.get(id) ?? [];
  }

  wasMadeCold({ id }: Value): void {
    this.#cold.add(id);
  }

  invalidated(tags: readonly string[], state: number): void {
    for (const tag of tags) this.#invalidated.set(tag, state);
  }

  begin(mayJoin: ReadonlySet<number>): Began {
    return { floor: this.floor, invalidated: new Map(this.#invalidated), mayJoin };
  }

  /** A call was given a value. */
  given(value: Value, { floor, invalidated, mayJoin }: Began): void {
    const text = JSON.stringify(value);
    for (const tag of this.tagsOf(value)) {
      const since = invalidated.get(tag) ?? 0;
      if (value.state < since)
        this.violations.push(
          `invalid: ${text} was given to a call that began after the invalidation of ${tag} at ${since}`,
        );
    }
    if (value.state < floor && !mayJoin.has(value.id) && !this.#cold.has(value.id))
      this.violations.push(`stale: ${text} was given to a call that began at ${floor}`);
  }

  /** What stands is never older than what the module last wrote or deleted. */
  async check(): Promise<void> {
    const text = await this.peek(this.keys.entry);
    if (text === null) return;
    const { id, state } = valueOf(text);
    if (state < this.floor && !this.#cold.has(id))
      this.violations.push(`undone: ${text} stands, though ${this.floor} was written or deleted`);
  }

  /** The text that stands, where every token that it was stored with does. */
  async valid(): Promise<string | undefined> {
    const text = await this.peek(this.keys.entry);
    if (text === null) return undefined;
    if (!isMarked(text)) return text;
    const companion = await this.peek(this.keys.tokens);
    const { t } = JSON.parse(companion ?? '{}') as { t?: Readonly<Record<string, string>> };
    if (t === undefined) return undefined;
    for (const [tag, token] of Object.entries(t))
      if ((await this.peek(this.keys.tag + tag)) !== token) return undefined;
    return bareText(text);
  }

  overwritten(text: string, by: string): void {
    this.violations.push(`overwritten: ${text} was valid, and ${by} took it for absent`);
  }
}
