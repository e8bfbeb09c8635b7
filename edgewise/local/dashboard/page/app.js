// Asks for the figures every two seconds and shows them; says so when there is no answer.
/* global document, location */
import { Card } from './card.js';
import { attribute, element, fill, find, list, text } from './dom.js';
import * as format from './format.js';

const EVERY_MS = 2000;
const TIMEOUT_MS = 5000;
const ALARM_WORDS = { OK: 'OK', ALARM: 'In alarm', INSUFFICIENT_DATA: 'No data' };
const cards = new Map();
let lastHeardS = null;
let asking = 0;

function spanS() {
    return Number(document.querySelector('input[name="span"]:checked').value);
}

async function ask() {
    // What stands in the page's own address, a token for one, goes along.
    const url = new URL('dashboard.json', location.href);
    url.search = location.search;
    url.searchParams.set('span_s', spanS());
    const answer = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`the figures were answered with ${answer.status}`);
    return answer.json();
}

function showFunctions(figures) {
    const place = document.getElementById('functions');
    const frame = { nowS: figures.now_s, spanS: figures.span_s, stepS: figures.step_s };
    const present = new Set(figures.functions.map((each) => each.name));
    for (const [name, card] of cards) {
        if (!present.has(name)) {
            card.destroy();
            cards.delete(name);
        }
    }
    for (const told of figures.functions) {
        if (!cards.has(told.name)) {
            const card = new Card(told.name);
            cards.set(told.name, card);
            place.append(card.root);
        }
        cards.get(told.name).show(told, frame);
    }
}

function showAlarms(alarms) {
    const ringing = alarms.filter((alarm) => alarm.state === 'ALARM').length;
    const worstFirst = [...alarms].sort((a, b) => (b.state === 'ALARM') - (a.state === 'ALARM'));
    fill(document, 'alarms-count', ringing ? `${ringing} of ${alarms.length} in alarm` : '');
    find(document, 'alarms-empty').hidden = alarms.length > 0;
    list(document.getElementById('alarms'), worstFirst, {
        key: (alarm) => alarm.name,
        make: () => {
            const item = element('li');
            item.append(element('b', 'word'), element('span', 'what'), element('span', 'why'));
            return item;
        },
        update: (item, alarm) => {
            attribute(item, 'data-state', alarm.state);
            text(item.children[0], ALARM_WORDS[alarm.state] ?? alarm.state);
            text(item.children[1], alarm.name);
            const since = alarm.state === 'ALARM' && alarm.since_s ? `since ${format.dateAndTime(alarm.since_s)}` : '';
            const why = alarm.state === 'ALARM' ? alarm.reason : '';
            text(item.children[2], [since, why].filter(Boolean).join(': '));
        },
    });
}

function showAlerts(alerts) {
    find(document, 'alerts-empty').hidden = alerts.length > 0;
    list(document.getElementById('alerts'), alerts, {
        key: (alert) => `${alert.time_s} ${alert.subject}`,
        make: (alert) => {
            const item = element('li');
            const details = element('details');
            const summary = element('summary');
            summary.append(
                element('time', '', format.dateAndTime(alert.time_s)),
                element('span', 'subject', alert.subject),
            );
            details.append(summary, element('p', 'words', alert.text));
            item.append(details);
            return item;
        },
    });
}

function showContact(error) {
    const lost = find(document, 'lost');
    attribute(find(document, 'contact-box'), 'data-kind', error ? 'lost' : 'live');
    fill(document, 'contact', error ? 'No contact' : 'Live');
    lost.hidden = !error;
    if (!error) return;
    const since = lastHeardS === null ? 'No figures yet' : `The figures below are of ${format.timeOfDay(lastHeardS)}`;
    text(lost, `The local edge does not answer. ${since}; this page asks again every ${EVERY_MS / 1000} seconds.`);
}

function show(figures) {
    lastHeardS = figures.now_s;
    document.title = `Edgewise ${figures.stack}`;
    fill(document, 'stack', figures.stack);
    fill(document, 'now', format.timeOfDay(figures.now_s));
    showFunctions(figures);
    showAlarms(figures.alarms);
    showAlerts(figures.alerts);
}

async function refresh() {
    const mine = (asking += 1);
    let figures = null;
    let failure = null;
    try {
        figures = await ask();
    } catch (error) {
        failure = error;
    }
    // When the span was changed meanwhile, a newer question is under way.
    if (mine !== asking) return;
    showContact(failure);
    if (figures) show(figures);
}

async function forever() {
    await refresh();
    setTimeout(forever, EVERY_MS);
}

document.querySelector('.span').addEventListener('change', refresh);
forever();
