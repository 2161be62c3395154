import { ERROR_NAMES } from '../errors/error-names.js';

/** The most key groups, and the most names of errors of others, that are told apart. */
const MOST_LABELS = 100;

/**
 * Names that label metrics. Each makes time series of its own, so that there may be so many only: further ones are
 * `other`, and none is the empty string.
 */
export class BoundedLabels {
  readonly #known = new Set<string>();

  /** @param always names that are never `other`, and are not counted */
  private constructor(private readonly always: ReadonlySet<string>) {}

  static ofKeyGroups(): BoundedLabels {
    return new BoundedLabels(new Set());
  }

  /** The errors of this module are always told apart, since alerts look for their names. */
  static ofErrors(): BoundedLabels {
    return new BoundedLabels(ERROR_NAMES);
  }

  of(name: string | undefined): string {
    if (name === undefined) return '';
    if (this.always.has(name) || this.#known.has(name)) return name;
    if (this.#known.size >= MOST_LABELS) return 'other';
    this.#known.add(name);
    return name;
  }
}
