// Runs CloudFront Functions (runtime 2.0) for the local edge. JSON lines over an inherited socket, whose file
// descriptor is the only argument: {op: "store"|"load"|"call", ...}; answers are {id, result|error, logs}.
//
// node:vm is no security boundary: the code is the stack's own. What is taken away here is what AWS's
// runtime does not have, so that a gate that works here works there.
import { createHash, createHmac } from "node:crypto";
import { Buffer } from "node:buffer";
import net from "node:net";
import vm from "node:vm";

// AWS promises less than a millisecond; this is only to get out of an endless loop, on a busy machine too.
const TIMEOUT_MS = 250;
const MAX_LOG_BYTES = 10240; // CloudFront Developer Guide, "Restrictions on CloudFront Functions": logs
const IMPORT = /^[ \t]*import[ \t]+([A-Za-z_$][\w$]*)[ \t]+from[ \t]+(['"])(cloudfront|crypto)\2[ \t]*;?/gm;
const HASHES = ["md5", "sha1", "sha256"];
const ENCODINGS = ["hex", "base64", "base64url"];

// Runs inside the context, before the gate. `host` holds the only functions that come from outside.
const PRELUDE = `(function (host) {
  "use strict";
  const global = globalThis;
  const RealDate = Date;
  let now = 0;
  let logs = [];

  // Date stands still while a function runs.
  function StillDate(...parts) {
    if (!new.target) return new RealDate(now).toString();
    return parts.length ? new RealDate(...parts) : new RealDate(now);
  }
  StillDate.prototype = RealDate.prototype;
  StillDate.now = () => now;
  StillDate.parse = RealDate.parse;
  StillDate.UTC = RealDate.UTC;
  global.Date = StillDate;

  global.console = Object.freeze({ log: (value) => { logs.push(String(value)); } });
  global.atob = host.atob;
  global.btoa = host.btoa;
  global.Buffer = host.Buffer;
  global.TextEncoder = host.TextEncoder;
  global.TextDecoder = host.TextDecoder;

  const kvs = (id) => {
    host.open(id);
    return Object.freeze({
      get: async (key, options) => {
        const text = host.get(key);
        if (text === undefined) throw new Error("KeyNotFound: " + key);
        const format = (options && options.format) || "string";
        if (format === "json") return JSON.parse(text);
        if (format === "bytes") return host.Buffer.from(text);
        return text;
      },
      exists: async (key) => host.get(key) !== undefined,
      meta: async () => JSON.parse(host.meta()),
    });
  };
  const modules = { cloudfront: Object.freeze({ kvs: kvs }), crypto: host.crypto };
  global.require = (name) => {
    if (!Object.prototype.hasOwnProperty.call(modules, name)) throw new Error("Cannot find module " + name);
    return modules[name];
  };

  global.__edgewise = Object.freeze({
    module: (name) => modules[name],
    begin: (time) => { now = time; logs = []; },
    logs: () => JSON.stringify(logs),
    call: async (handler, event) => JSON.stringify(await handler(JSON.parse(event))),
  });

  // Not in AWS's runtime: globals, then methods of the builtins that stay.
  for (const name of ["eval", "Function", "Map", "Set", "WeakMap", "WeakSet", "WeakRef", "Proxy", "Reflect",
    "BigInt", "BigInt64Array", "BigUint64Array", "Intl", "Atomics", "SharedArrayBuffer", "WebAssembly",
    "FinalizationRegistry", "AggregateError", "escape", "unescape"]) delete global[name];
  const missing = [
    [Array, ["from", "fromAsync"]],
    [Array.prototype, ["at", "flat", "flatMap", "findLast", "findLastIndex", "toSorted", "toReversed", "toSpliced",
      "with"]],
    [String.prototype, ["at", "matchAll", "isWellFormed", "toWellFormed"]],
    [Object, ["fromEntries", "groupBy", "hasOwn"]],
  ];
  for (const [owner, names] of missing) for (const name of names) delete owner[name];
})`;

/** One function's context. */
class Gate {
  constructor(code, store) {
    this.store = store;
    this.reads = 0;
    const context = vm.createContext(
      {},
      { microtaskMode: "afterEvaluate", codeGeneration: { strings: false, wasm: false } },
    );
    this.context = context;
    vm.runInContext(PRELUDE, context)(this.host());
    const rewritten = code.replace(IMPORT, 'const $1 = __edgewise.module("$3");');
    vm.runInContext(`"use strict";${rewritten}\n;globalThis.__handler = handler;`, context, {
      filename: "gate.js",
      timeout: TIMEOUT_MS,
    });
    this.script = new vm.Script(
      `__edgewise.call(__handler, __event).then((r) => { __done = r; }, (e) => { __failed = String(e); })`,
    );
  }

  host() {
    const gate = this;
    const hash = (make) => (algorithm, key) => {
      if (!HASHES.includes(algorithm)) throw new Error(`hash ${algorithm} is not supported`);
      const inner = make(algorithm, key);
      const outer = {
        update: (data) => { inner.update(data); return outer; },
        digest: (encoding) => {
          if (encoding !== undefined && !ENCODINGS.includes(encoding)) {
            throw new Error(`encoding ${encoding} is not supported`);
          }
          return inner.digest(encoding);
        },
      };
      return outer;
    };
    return {
      atob, btoa, Buffer, TextEncoder, TextDecoder,
      crypto: Object.freeze({
        createHash: hash((algorithm) => createHash(algorithm)),
        createHmac: hash((algorithm, key) => createHmac(algorithm, key)),
      }),
      open: (id) => {
        if (gate.store === undefined) throw new Error("no key-value store is associated with this function");
        if (id !== undefined && id !== gate.store.id) throw new Error(`key-value store ${id} is not associated`);
      },
      // Each get, exists and meta is a read that CloudFront bills.
      get: (key) => { gate.reads += 1; return gate.store.values.get(key); },
      meta: () => { gate.reads += 1; return JSON.stringify({ keyCount: gate.store.values.size }); },
    };
  }

  call(event, offsetMs) {
    const box = this.context;
    box.__event = event;
    box.__done = undefined;
    box.__failed = undefined;
    box.__edgewise.begin(Date.now() + offsetMs);
    this.script.runInContext(box, { timeout: TIMEOUT_MS });
    const logs = JSON.parse(box.__edgewise.logs());
    if (box.__failed !== undefined) return { error: box.__failed, logs };
    if (box.__done === undefined) return { error: "the function never returned", logs };
    return { result: JSON.parse(box.__done), logs };
  }
}

const stores = new Map();
const gates = new Map();

/** Do what one line says; return the answer's line, or nothing. */
function serve(message) {
  if (message.op === "store") {
    const id = message.arn.split("/").pop();
    const store = stores.get(message.arn) || { id, values: new Map() };
    store.values = new Map(Object.entries(message.values));
    stores.set(message.arn, store);
    return undefined;
  }
  if (message.op === "load") {
    return attempt(message.id, () => {
      gates.set(message.name, new Gate(message.code, stores.get(message.store)));
      return { result: null, logs: [] };
    });
  }
  const gate = gates.get(message.name);
  gate.reads = 0;
  const answer = attempt(message.id, () => gate.call(message.event, message.offset));
  return { ...answer, reads: gate.reads };
}

function attempt(id, work) {
  try {
    const { result, error, logs } = work();
    return { id, result, error, logs: JSON.stringify(logs).slice(0, MAX_LOG_BYTES) };
  } catch (error) {
    return { id, error: String(error), logs: "[]" };
  }
}

const socket = new net.Socket({ fd: Number(process.argv[2]) });
let rest = "";
socket.setEncoding("utf8");
socket.on("data", (chunk) => {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop();
  let answers = "";
  for (const line of lines) {
    const answer = serve(JSON.parse(line));
    if (answer !== undefined) answers += JSON.stringify(answer) + "\n";
  }
  if (answers) socket.write(answers);
});
socket.on("close", () => process.exit(0));
socket.resume();
