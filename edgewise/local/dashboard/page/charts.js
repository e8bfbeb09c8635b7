// Line charts with uPlot. Colours are CSS variables, read at each drawing, so a change of the colour scheme is a redraw.
/* global document, window, getComputedStyle, ResizeObserver */
import uPlot from './uPlot.esm.js';
import { attribute, element, list, text } from './dom.js';
import { NOT_KNOWN, span as spanText } from './format.js';

const HEIGHT_PX = 190;
const colour = (variable) => getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
const charts = new Set();

window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    charts.forEach((chart) => chart.redraw());
});

function axis(size, extra) {
    return {
        size,
        stroke: () => colour('--muted'),
        grid: { stroke: () => colour('--line'), width: 1 },
        ticks: { show: false },
        font: '12px system-ui, sans-serif',
        gap: 6,
        ...extra,
    };
}

function faded(variable) {
    return (plot) => {
        const { top, height } = plot.bbox;
        const gradient = plot.ctx.createLinearGradient(0, top, 0, top + height);
        const solid = colour(variable);
        gradient.addColorStop(0, `${solid}38`);
        gradient.addColorStop(1, `${solid}04`);
        return gradient;
    };
}

// One chart in a figure. `show` takes a list of lines: {name, variable, values, fill, format}.
export class Chart {
    constructor(figure, { most } = {}) {
        this.place = figure.querySelector('.plot');
        this.legend = figure.querySelector('.legend');
        this.title = figure.querySelector('h3').textContent;
        this.most = most;
        this.range = [0, 1];
        this.lines = [];
        charts.add(this);
        new ResizeObserver(() => this.resize()).observe(this.place);
    }

    show({ times, lines, nowS, spanS }) {
        this.range = [nowS - spanS, nowS];
        const names = lines.map((line) => `${line.name} ${line.variable}`).join('|');
        this.lines = lines;
        const data = [times, ...lines.map((line) => line.values)];
        if (this.names !== names) this.draw(names, data);
        else this.plot.setData(data, true);
        this.tell(null);
        const last = lines.map((line) => `${line.name} ${line.format(this.latest(line))}`).join(', ');
        attribute(this.place, 'aria-label', `${this.title}, ${spanText(spanS)}. Now: ${last || 'nothing'}.`);
    }

    draw(names, data) {
        this.plot?.destroy();
        this.names = names;
        this.plot = new uPlot(this.options(), data, this.place);
    }

    options() {
        return {
            width: this.place.clientWidth || 300,
            height: HEIGHT_PX,
            legend: { show: false },
            padding: [10, 20, 0, 0],
            cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
            tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
            scales: {
                x: { time: true, range: () => this.range },
                y: { range: (_, least, greatest) => this.scale(least, greatest) },
            },
            axes: [
                axis(26, { space: 70, values: [[3600, '{HH}:{mm}'], [60, '{HH}:{mm}'], [1, '{HH}:{mm}:{ss}']] }),
                axis(44, { space: 36, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString('en-US')) }),
            ],
            series: [
                {},
                ...this.lines.map((line) => ({
                    label: line.name,
                    stroke: () => colour(line.variable),
                    width: 2,
                    dash: line.dash,
                    fill: line.fill ? faded(line.variable) : undefined,
                    spanGaps: true,
                    points: { show: (plot, _, first, last) => last - first < 3, size: 6 },
                })),
            ],
            hooks: { setCursor: [(plot) => this.tell(plot.cursor.idx)] },
        };
    }

    scale(least, greatest) {
        if (this.most !== undefined) {
            const floor = least === null ? 0 : Math.max(0, Math.floor(least / 5 - 0.2) * 5);
            return [Math.min(floor, this.most - 10), this.most];
        }
        return [0, greatest > 0 ? greatest * 1.15 : 1];
    }

    latest(line) {
        return line.values.findLast((value) => value !== null && value !== undefined);
    }

    // The legend has the figures under the cursor, else the latest.
    tell(index) {
        const hovered = index !== null && index !== undefined;
        list(this.legend, this.lines, {
            key: (line) => line.name,
            make: (line) => {
                const item = element('li');
                item.append(element('i', 'swatch'), element('span', '', line.name), element('b'));
                return item;
            },
            update: (item, line) => {
                item.firstChild.style.backgroundColor = `var(${line.variable})`;
                const value = hovered ? line.values[index] : this.latest(line);
                text(item.lastChild, value === undefined ? NOT_KNOWN : line.format(value));
            },
        });
    }

    resize() {
        const width = this.place.clientWidth;
        if (this.plot && width && width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT_PX });
    }

    redraw() {
        this.plot?.redraw();
    }

    destroy() {
        charts.delete(this);
        this.plot?.destroy();
    }
}
