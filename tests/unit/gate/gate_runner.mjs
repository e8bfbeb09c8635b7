// Runs the gate under test: node gate_runner.mjs <templated gate>; one JSON question a line, one JSON answer a line.
// A question: {event, store: {key: value}, broken: [keys that fail], nowS}.
import crypto from 'node:crypto';
import fs from 'node:fs';
import readline from 'node:readline';
import vm from 'node:vm';

// What CloudFront Functions' runtime 2.0 lacks.
const MISSING = `
for (const name of ['at', 'findLast', 'findLastIndex', 'flat', 'flatMap', 'toReversed', 'toSorted', 'toSpliced', 'with']) {
    delete Array.prototype[name];
}
for (const name of ['at', 'matchAll', 'normalize', 'localeCompare']) delete String.prototype[name];
for (const name of ['fromEntries', 'groupBy', 'hasOwn']) delete Object[name];
for (const name of ['from', 'fromAsync', 'of']) delete Array[name];
for (const name of ['Map', 'Set', 'WeakMap', 'WeakSet', 'WeakRef', 'Proxy', 'Reflect', 'BigInt', 'Intl', 'Symbol',
    'WebAssembly', 'SharedArrayBuffer', 'Atomics', 'eval', 'Function']) delete globalThis[name];
delete globalThis.globalThis;
`;

const question = { current: null };
const asked = [];
const logged = [];

const has = (key) => Object.prototype.hasOwnProperty.call(question.current.store, key);
const store = {
    async get(key) {
        asked.push(`get ${key}`);
        if (question.current.broken.includes(key)) throw new Error('the store is on fire');
        if (!has(key)) throw new Error('no such key');
        return question.current.store[key];
    },
    async exists(key) {
        asked.push(`exists ${key}`);
        if (question.current.broken.includes(key)) throw new Error('the store is on fire');
        return has(key);
    },
};

const modules = {
    cloudfront: { kvs: () => store },
    crypto: { createHmac: (name, key) => crypto.createHmac(name, key) },
};

const context = vm.createContext(
    { modules, console: { log: (line) => logged.push(line) } },
    { codeGeneration: { strings: false, wasm: false } },
);
vm.runInContext(MISSING, context);
context.nowMs = 0;
vm.runInContext('Date.now = () => nowMs;', context);
const source = fs.readFileSync(process.argv[2], 'utf8');
const script = source.replace(/^import (\w+) from '(\w+)';$/gm, 'const $1 = modules.$2;');
vm.runInContext(`"use strict";${script}`, context, { filename: 'gate.js' });

for await (const line of readline.createInterface({ input: process.stdin })) {
    question.current = JSON.parse(line);
    context.nowMs = question.current.nowS * 1000 + 999;
    asked.length = logged.length = 0;
    context.text = JSON.stringify(question.current.event);
    const event = vm.runInContext('JSON.parse(text)', context);
    let answer;
    try {
        answer = { result: await context.handler(event) };
    } catch (error) {
        answer = { thrown: String(error) };
    }
    process.stdout.write(JSON.stringify({ ...answer, asked, logged }) + '\n');
}
