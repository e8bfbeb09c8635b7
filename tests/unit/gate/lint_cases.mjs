// Lints many sources in one Node: [[file name, source], ..] on stdin, [[message, ..], ..] on stdout.
import { ESLint } from 'eslint';
import { text } from 'node:stream/consumers';

const cases = JSON.parse(await text(process.stdin));
const eslint = new ESLint({ cwd: process.cwd() });
const found = [];
for (const [filePath, source] of cases) {
    const [result] = await eslint.lintText(source, { filePath });
    found.push(result.messages.map((message) => `${message.ruleId}: ${message.message}`));
}
process.stdout.write(JSON.stringify(found));
