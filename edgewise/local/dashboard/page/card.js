// One function's part of the page.
/* global document */
import { Chart } from './charts.js';
import { attribute, element, fill, find, list, text } from './dom.js';
import * as format from './format.js';

const DIGEST_COLOURS = 8;
// A canary has a request or two a step: their success is told over so many seconds, or the line would jump.
const SMOOTHED_S = 60;
const FATES = [
    ['answered', 'Answered', '--ok'],
    ['failed', 'Failed', '--bad'],
    ['refused_ledger', 'Refused at the ledger, at least', '--ledger'],
    ['refused_gate', 'Refused at the gate', '--gate'],
    ['blocked', 'Blocked by the firewall', '--firewall'],
    ['disabled', 'Turned away while disconnected', '--muted'],
];

// In percent, over a window of steps that ends with each; nothing where none was told of.
function successOver({ answered, failed }, steps) {
    let good = 0;
    let bad = 0;
    return answered.map((_, index) => {
        good += answered[index] - (answered[index - steps] ?? 0);
        bad += failed[index] - (failed[index - steps] ?? 0);
        return good + bad ? (good / (good + bad)) * 100 : null;
    });
}

export class Card {
    constructor(name) {
        const template = document.getElementById('function-template');
        this.root = template.content.firstElementChild.cloneNode(true);
        this.colours = new Map();
        const title = find(this.root, 'name');
        title.id = `function-${name}`;
        this.root.setAttribute('aria-labelledby', title.id);
        find(this.root, 'digests-region').setAttribute('aria-label', `${name} by digest`);
        fill(this.root, 'name', name);
        const chart = (kind, options) => new Chart(this.root.querySelector(`[data-chart="${kind}"]`), options);
        this.charts = { requests: chart('requests'), latency: chart('latency'), success: chart('success', { most: 100 }) };
    }

    show(told, { nowS, spanS, stepS }) {
        const state = format.state(told, nowS);
        const pill = find(this.root, 'state');
        attribute(pill, 'data-kind', state.kind);
        text(pill, state.text);
        this.money(told);
        for (const box of this.root.querySelectorAll('[data-quota]')) this.quota(box, told.quota[box.dataset.quota]);
        this.tiles(told, spanS);
        this.fates(told.totals);
        this.digests(told.digests, spanS);
        const nothing = told.series.t.length === 0;
        find(this.root, 'nothing').hidden = !nothing;
        find(this.root, 'charts').hidden = nothing;
        if (!nothing) this.lines(told, { nowS, spanS, stepS });
    }

    money(told) {
        const { spent_usd: spent, committed_usd: committed, bound_usd: bound, budget_usd: budget } = told;
        const most = Math.max(spent ?? 0, committed ?? 0, bound ?? 0, budget ?? 0) || 1;
        fill(this.root, 'spent', format.usd(spent));
        fill(this.root, 'spent-of', bound === null ? 'no bound is known' : `of ${format.usd(bound)} at most`);
        const named = { spent, committed, bound, budget };
        for (const [name, value] of Object.entries(named)) {
            fill(this.root, `${name}-key`, format.usd(value));
            const mark = this.root.querySelector(`.gauge .${name}`);
            mark.hidden = value === null;
            mark.style.setProperty('--at', `${((value ?? 0) / most) * 100}%`);
        }
        const words = Object.entries(named).map(([name, value]) => `${name} ${format.usd(value)}`);
        attribute(find(this.root, 'gauge'), 'aria-label', words.join(', '));
    }

    quota(box, { limit, left }) {
        const day = box.dataset.quota === 'day';
        box.hidden = limit === null && !day;
        fill(box, 'left', format.count(left));
        fill(box, 'of', `of ${format.count(limit)} ${day ? 'today' : 'this month'}`);
        const share = limit ? Math.min(1, Math.max(0, left / limit)) : 0;
        const bar = box.querySelector('.rest span');
        bar.style.setProperty('--at', `${share * 100}%`);
        attribute(bar, 'data-low', String(share < 0.2));
    }

    tiles(told, spanS) {
        const { window } = told;
        fill(this.root, 'success', format.percent(window.success));
        fill(this.root, 'p50', window.p50_ms === null ? format.NOT_KNOWN : `${format.milliseconds(window.p50_ms)} ms`);
        fill(this.root, 'p99', window.p99_ms === null ? format.NOT_KNOWN : `${format.milliseconds(window.p99_ms)} ms`);
        fill(this.root, 'answered', format.count(window.answered));
        fill(this.root, 'egress', format.bytes(window.bytes_out));
        const missing = find(this.root, 'missing');
        text(missing, `${format.count(told.missing_receipts)} (${format.count(told.unaccounted)} requests)`);
        attribute(find(this.root, 'success'), 'data-bad', String(window.success !== null && window.success < 0.99));
        fill(this.root, 'digests-span', format.span(spanS));
    }

    fates(totals) {
        const all = FATES.reduce((sum, [name]) => sum + totals[name], 0);
        const fates = FATES.filter(([name]) => name !== 'disabled' || totals.disabled > 0);
        list(this.root.querySelector('.stackbar'), fates, {
            key: ([name]) => name,
            make: ([, , variable]) => {
                const part = element('span');
                part.style.backgroundColor = `var(${variable})`;
                return part;
            },
            update: (part, [name]) => part.style.setProperty('flex-grow', String(all ? totals[name] / all : 0)),
        });
        list(this.root.querySelector('.fatelist'), fates, {
            key: ([name]) => name,
            make: ([, title, variable]) => {
                const row = element('div');
                const term = element('dt');
                const swatch = element('i', 'swatch');
                swatch.style.backgroundColor = `var(${variable})`;
                term.append(swatch, title);
                row.append(term, element('dd'));
                return row;
            },
            update: (row, [name]) => text(row.lastChild, format.count(totals[name])),
        });
    }

    // A digest keeps its colour while the page is open.
    colour(digest) {
        if (!this.colours.has(digest)) this.colours.set(digest, `--digest-${this.colours.size % DIGEST_COLOURS}`);
        return this.colours.get(digest);
    }

    digests(digests, spanS) {
        find(this.root, 'digests-empty').hidden = digests.length > 0;
        find(this.root, 'digests-region').hidden = digests.length === 0;
        fill(this.root, 'digests-span', format.span(spanS));
        list(this.root.querySelector('tbody'), digests, {
            key: (each) => each.digest,
            make: (each) => {
                const row = element('tr');
                const head = element('th');
                head.scope = 'row';
                const swatch = element('i', 'swatch');
                swatch.style.backgroundColor = `var(${this.colour(each.digest)})`;
                const code = element('code', '', format.shortDigest(each.digest));
                code.title = each.digest;
                head.append(swatch, code);
                row.append(head, ...Array.from({ length: 5 }, () => element('td')));
                return row;
            },
            update: (row, each) => {
                const shown = [
                    format.portion(each.share), format.percent(each.success), format.count(each.failed),
                    format.milliseconds(each.p50_ms), format.milliseconds(each.p99_ms),
                ];
                shown.forEach((value, index) => text(row.children[index + 1], value));
                attribute(row.children[2], 'data-bad', String(each.success !== null && each.success < 0.99));
            },
        });
    }

    lines(told, { nowS, spanS, stepS }) {
        const { series } = told;
        // The step that has not ended yet would look like a fall.
        const ended = series.t.filter((start) => start + stepS <= nowS).length || series.t.length;
        const cut = (values) => values.slice(0, ended);
        const perSecond = (values) => cut(values).map((value) => value / stepS);
        const frame = { times: cut(series.t), nowS, spanS };
        const live = series.served.some(Boolean);
        const requests = [
            { name: 'answered', variable: '--ok', values: perSecond(live ? series.served : series.answered), fill: true },
            { name: 'failed', variable: '--bad', values: perSecond(series.failed) },
            { name: 'refused', variable: '--gate', values: perSecond(series.refused) },
            { name: 'blocked', variable: '--firewall', values: perSecond(series.blocked) },
        ];
        const latency = [
            { name: 'p99', variable: '--p99', values: cut(series.p99_ms) },
            { name: 'p50', variable: '--p50', values: cut(series.p50_ms), fill: true },
        ];
        const success = told.digests.map((each) => ({
            name: format.shortDigest(each.digest),
            variable: this.colour(each.digest),
            values: cut(successOver(each.series, Math.ceil(SMOOTHED_S / stepS))),
            format: (value) => format.percent(value === undefined || value === null ? null : value / 100),
        }));
        const withFormat = (lines, shown) => lines.map((line) => ({ ...line, format: shown }));
        this.charts.requests.show({ ...frame, lines: withFormat(requests, format.rate) });
        this.charts.latency.show({ ...frame, lines: withFormat(latency, format.milliseconds) });
        this.charts.success.show({ ...frame, lines: success });
    }

    destroy() {
        Object.values(this.charts).forEach((chart) => chart.destroy());
        this.root.remove();
    }
}
