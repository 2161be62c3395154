import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A series of a scrape. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** An alert of the page "Observing": its expression on one line. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
}

const PAGE = join(import.meta.dirname, '../../docs/observing.md');

/** The rules of the page "Observing". */
export const alertRules = (page = readFileSync(PAGE, 'utf8')): AlertRule[] =>
  [...page.matchAll(/- alert: (\w+)\n +expr: (?:>-)?(.*?)(?=\n *(?:for:|- alert|```))/gs)].map(
    ([, alert = '', expr = '']) => ({ alert, expr: expr.trim().replaceAll(/\s+/g, ' ') }),
  );

/** The series of a scrape in the text format. */
export const seriesOf = (scrape: string): Series[] =>
  [...scrape.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value]) => ({
    name,
    labels: Object.fromEntries(
      [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', text = '']) => [label, text]),
    ),
    value: Number(value),
  }));

const SELECTOR = String.raw`\w*\{[^}]*\}`;
const RATE = new RegExp(String.raw`^sum(?: by \(\w+\))? ?\(rate\((${SELECTOR})\[\d+m\]\)\) > 0$`);
const NEW = new RegExp(String.raw`^sum\((${SELECTOR}) unless (${SELECTOR}) offset \d+m\) > 0$`);
const QUANTILE = new RegExp(
  String.raw`^histogram_quantile\(([\d.]+), sum by \(le\) \(rate\((${SELECTOR})\[\d+m\]\)\)\) > ([\d.]+)$`,
);

/**
 * Evaluates an expression over two scrapes, one before and one after what happened, as Prometheus does: a series that
 * only the second has no rate. Only the forms of the page are known.
 */
export const fires = (expr: string, before: readonly Series[], after: readonly Series[]): boolean =>
  expr.split(' or ').some((term) => {
    const [, rate] = RATE.exec(term) ?? [];
    if (rate !== undefined) return increases(rate, before, after).some(({ value }) => value > 0);
    const [, present, past] = NEW.exec(term) ?? [];
    if (present !== undefined && present === past)
      return after.some((one) => matcher(present)(one) && one.value > 0 && !isIn(before, one));
    const [, quantile, buckets, limit] = QUANTILE.exec(term) ?? [];
    if (buckets !== undefined)
      return isSlower(increases(buckets, before, after), Number(quantile), Number(limit));
    throw new Error(`no form of an expression that is known here: ${term}`);
  });

/** What the series of a selector that both scrapes have grew by. */
const increases = (selector: string, before: readonly Series[], after: readonly Series[]): Series[] =>
  after.filter(matcher(selector)).flatMap((one) => {
    const earlier = before.find((other) => isSame(one, other));
    return earlier === undefined ? [] : [{ ...one, value: one.value - earlier.value }];
  });

/** True if more calls than the quantile leaves took longer than the limit, which is a bound of a bucket. */
const isSlower = (buckets: readonly Series[], quantile: number, limit: number): boolean => {
  const countUpTo = (le: string): number =>
    buckets.filter(({ labels }) => labels.le === le).reduce((sum, { value }) => sum + value, 0);
  return countUpTo(String(limit)) < quantile * countUpTo('+Inf');
};

const isSame = (one: Series, other: Series): boolean =>
  one.name === other.name && JSON.stringify(one.labels) === JSON.stringify(other.labels);

const isIn = (scrape: readonly Series[], one: Series): boolean => scrape.some((other) => isSame(one, other));

/** Whether a series has the name of a selector and its labels. */
const matcher = (selector: string): ((series: Series) => boolean) => {
  const [, metric = '', conditions = ''] = /^(\w*)\{(.*)\}$/.exec(selector)!;
  const matchers = [...conditions.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)].map(
    ([, label = '', operator = '', text = '']) =>
      (series: Series): boolean => {
        const value = label === '__name__' ? series.name : (series.labels[label] ?? '');
        if (operator === '=' || operator === '!=') return (value === text) === (operator === '=');
        return new RegExp(`^(?:${text})$`).test(value) === (operator === '=~');
      },
  );
  return (series) =>
    (metric === '' || series.name === metric) && matchers.every((matches) => matches(series));
};
