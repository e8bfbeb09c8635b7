"""The lint catches what CloudFront's runtime does not take, and takes what it does."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests.unit.gate.gate_runner import GATE, ROOT

# Each stands for a form that is not on AWS's list: "JavaScript runtime 2.0 features for CloudFront Functions".
FORBIDDEN = {
    "class": "class A {} new A();",
    "class expression": "const A = class {}; new A();",
    "for-of": "for (const x of [1]) { f(x); }",
    "for await": "async function g(xs) { for await (const x of xs) { f(x); } } g();",
    "spread in a call": "f(...[1]);",
    "spread in an array": "f([...[1]]);",
    "spread in an object": "f({...{a: 1}});",
    "object destructuring": "const {a} = f(); f(a);",
    "array destructuring": "const [a] = f(); f(a);",
    "parameter destructuring": "const g = function ({a: b}) { return b; }; g();",
    "default parameter": "const g = (a = 1) => a; g();",
    "optional chaining": "f(f()?.a);",
    "optional call": "f?.();",
    "nullish coalescing": "f(f() ?? 1);",
    "nullish assignment": "let a = null; a ??= 1; f(a);",
    "or assignment": "let a = null; a ||= 1; f(a);",
    "and assignment": "let a = null; a &&= 1; f(a);",
    "generator": "function* g() { yield 1; } g();",
    "async arrow": "const g = async () => 1; g();",
    "async function expression": "const g = async function () { return 1; }; g();",
    "nested async function": "function g() { async function h() { return 1; } return h(); } g();",
    "await in arguments": "async function g() { return f(await f()); } g();",
    "await deep in arguments": "async function g() { return f({a: [await f()]}); } g();",
    "BigInt literal": "f(1n);",
    "BigInt": "f(BigInt(1));",
    "catch without binding": "try { f(); } catch { f(); }",
    "Map": "f(new Map());",
    "Set": "f(new Set());",
    "WeakMap": "f(new WeakMap());",
    "Proxy": "f(new Proxy({}, {}));",
    "Reflect": "f(Reflect.ownKeys({}));",
    "Symbol": "f(Symbol('a'));",
    "Intl": "f(Intl.NumberFormat());",
    "Array.from": "f(Array.from('ab'));",
    "Array.of": "f(Array.of(1));",
    "flat": "f([[1]].flat());",
    "at": "f([1].at(0));",
    "toSorted": "f([1].toSorted());",
    "matchAll": "f('a'.matchAll(/a/g));",
    "localeCompare": "f('a'.localeCompare('b'));",
    "Object.fromEntries": "f(Object.fromEntries([]));",
    "Object.hasOwn": "f(Object.hasOwn({}, 'a'));",
    "URL": "f(new URL('https://a.example'));",
    "URLSearchParams": "f(new URLSearchParams('a=1'));",
    "structuredClone": "f(structuredClone({}));",
    "timingSafeEqual": "import crypto from 'crypto'; f(crypto.timingSafeEqual);",
    "sha512": "import crypto from 'crypto'; f(crypto.createHash('sha512'));",
    "a hash by variable": "import crypto from 'crypto'; f(crypto.createHmac(f(), 'key'));",
    "eval": "eval('1');",
    "new Function": "f(new Function('return 1'));",
    "constructor": "f((() => 1).constructor('return 1'));",
    "setTimeout": "setTimeout(f, 1);",
    "setInterval": "setInterval(f, 1);",
    "process": "f(process.env);",
    "fetch": "fetch('https://a.example');",
    "XMLHttpRequest": "f(new XMLHttpRequest());",
    "globalThis": "f(globalThis.a);",
    "require": "f(require('crypto'));",
    "another module": "import fs from 'fs'; f(fs);",
    "a named import": "import {createHmac} from 'crypto'; f(createHmac);",
    "a namespace import": "import * as crypto from 'crypto'; f(crypto);",
    "dynamic import": "f(import('crypto'));",
    "export": "export const a = 1;",
    "console with two arguments": "console.log('a', 1);",
    "console without arguments": "console.log();",
    "console.error": "console.error('a');",
    "tagged template": "f(f`a`);",
    "shorthand property": "const a = 1; f({a});",
    "shorthand method": "f({a() { return 1; }});",
    "computed name": "f({['a']: 1});",
    "new.target": "function g() { return new.target; } g();",
    "import.meta": "f(import.meta);",
    "sticky regex": "f(/a/y);",
    "dotall regex": "f(/a/s);",
    "unicode regex": "f(/a/u);",
    "lookbehind": "f(/(?<=a)b/);",
    "Promise.all": "f(Promise.all([]));",
    "Promise chain": "f().then(f);",
    "a private name": "class A { #a = 1; b() { return this.#a; } } new A();",
    "debugger": "debugger;",
    "with": "f(function () { return 1; }); with (f) { f(); }",
    "top-level await": "await f();",
    "an undeclared name": "f(notThere);",
    "11 KB": "f('" + "x" * 11_000 + "');",
}

ALLOWED = {
    "ES 5.1": "var a = {b: [1, 2], 'c': function (d) { return d; }}; for (var k in a) { if (k) { f(a[k]); } }",
    "let and const": "let a = 1; const b = 2; a += b; f(a);",
    "arrow": "f((a, b) => a + b);",
    "rest parameter": "function g(...all) { return all; } g();",
    "template literal": "const a = 1; f(`a${a}`);",
    "exponent": "f(2 ** 3);",
    "numeric separator": "f(1_000);",
    "named group": "f(/(?<year>[0-9]+)/gim.exec('1'));",
    "async function": "async function g() { return await f(); } g();",
    "await beside an operator": "async function g() { return f() || (await f()); } g();",
    "catch": "try { f(); } catch (error) { f(error); } finally { f(); }",
    "Buffer": "f(Buffer.from('a').toString('base64url'));",
    "typed array": "f(new Uint8Array(1));",
    "replaceAll": "f('a'.replaceAll('a', 'b'));",
    "modules": "import cf from 'cloudfront'; import crypto from 'crypto'; f(cf, crypto.createHmac('sha256', 'k'));",
    "console": "console.log('a' + 1);",
    "labels": "outer: for (;;) { for (;;) { break outer; } }",
    "switch": "switch (f()) { case 1: f(); break; default: f(); }",
}


def lint(cases: dict[str, str], file: str = "inference/gate/case.js") -> dict[str, list[str]]:
    node = shutil.which("node")
    assert node, "node is needed to lint the gate; install Node 20"
    head = "" if file.endswith(".mjs") else "function f() { return f; }\nf();\n"
    question = json.dumps([[file, head + source] for source in cases.values()])
    script = "tests/unit/gate/lint_cases.mjs"
    done = subprocess.run([node, script], input=question, cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(zip(cases, json.loads(done.stdout), strict=True))


@pytest.fixture(scope="module")
def messages() -> dict[str, list[str]]:
    return lint(FORBIDDEN)


@pytest.mark.parametrize("form", FORBIDDEN)
def test_a_form_that_the_runtime_lacks_is_caught(messages: dict[str, list[str]], form: str) -> None:
    # THEN it is caught for what it is, not for a name that the case leaves unused
    assert [message for message in messages[form] if not message.startswith("no-unused")]


def test_forms_that_the_runtime_takes_pass() -> None:
    assert {form: found for form, found in lint(ALLOWED).items() if found} == {}


def test_the_gate_passes() -> None:
    node = shutil.which("node")
    assert node
    eslint = ROOT / "node_modules" / "eslint" / "bin" / "eslint.js"
    done = subprocess.run([node, str(eslint), str(GATE)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_other_files_are_linted_as_plain_modern_javascript() -> None:
    modern, unused = "export const a = () => new Map([...process.argv]);", "const a = 1;"
    found = lint({"modern": modern, "unused": unused}, "a.mjs")
    assert found["modern"] == []
    assert any("no-unused-vars" in message for message in found["unused"])
