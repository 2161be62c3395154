/**
 * Names that label metrics. Each makes time series of its own, so that there may be so many only: further ones are
 * `other`, and none is the empty string.
 */
export class BoundedLabels {
  readonly #known = new Set<string>();

  constructor(private readonly most: number) {}

  of(name: string | undefined): string {
    if (name === undefined || this.#known.has(name)) return name ?? '';
    if (this.#known.size >= this.most) return 'other';
    this.#known.add(name);
    return name;
  }
}

/** The most key groups, and the most names of errors, that are told apart. */
export const MOST_LABELS = 100;
