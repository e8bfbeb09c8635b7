// Numbers, money, bytes and times as people read them; a dash for what is not known.
export const NOT_KNOWN = '–';
const NEVER_S = 10 * 365 * 86400;

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const dollars = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const clock = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', hour: '2-digit', minute: '2-digit', second: '2-digit' });
const moment = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'UTC', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit',
});
const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

export const count = (value) => (isNumber(value) ? whole.format(value) : NOT_KNOWN);
export const usd = (value) => (isNumber(value) ? `${dollars.format(value)} USD` : NOT_KNOWN);

export function percent(share) {
    if (!isNumber(share)) return NOT_KNOWN;
    // Never rounded up to 100: one failure is to be seen.
    const shown = share === 1 ? 100 : Math.min(Math.floor(share * 10000) / 100, 99.99);
    return `${shown.toFixed(share === 1 ? 0 : 2)} %`;
}

// A share of all, where rounding hides nothing.
export const portion = (share) => (isNumber(share) ? `${(share * 100).toFixed(1)} %` : NOT_KNOWN);

export function milliseconds(value) {
    if (!isNumber(value)) return NOT_KNOWN;
    return value < 10 ? value.toFixed(1) : whole.format(value);
}

export function rate(value) {
    if (!isNumber(value)) return NOT_KNOWN;
    return value < 10 ? value.toFixed(1) : whole.format(value);
}

export function bytes(value) {
    if (!isNumber(value)) return NOT_KNOWN;
    const units = ['B', 'KB', 'MB', 'GB', 'TB'];
    let shown = value;
    let unit = 0;
    while (shown >= 999.5 && unit < units.length - 1) {
        shown /= 1000;
        unit += 1;
    }
    return `${unit && shown < 100 ? shown.toFixed(1) : whole.format(shown)} ${units[unit]}`;
}

export const timeOfDay = (seconds) => `${clock.format(seconds * 1000)} UTC`;
export const dateAndTime = (seconds) => `${moment.format(seconds * 1000)} UTC`;

export function span(seconds) {
    return seconds < 3600 ? `last ${seconds / 60} minutes` : `last ${seconds / 3600} hours`;
}

export function shortDigest(digest) {
    return digest.replace(/^sha256:/, '').slice(0, 12);
}

// Whether, and until when, a function takes requests.
export function state(told, nowS) {
    if (!told.enabled) return { kind: 'off', text: 'Disconnected: the distribution is disabled' };
    const until = told.closed_until_s;
    if (!until) return { kind: 'open', text: 'Open' };
    if (until - nowS > NEVER_S) return { kind: 'closed', text: 'Closed until somebody starts it' };
    return { kind: 'closed', text: `Closed until ${dateAndTime(until)}` };
}
