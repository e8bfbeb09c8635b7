// Runs one artefact in onnxruntime-web, the WebAssembly build, on one thread: node ask.mjs <model> <inputs> <spec>.
// The inputs lie one after the other in one file, as raw tensors; the spec is {dtype, shape}. Answers in JSON:
// {outputs: {name: [[value, ..] of each input]}, p50_ms}.
import fs from 'node:fs';
import * as ort from 'onnxruntime-web/wasm';

const ARRAYS = { uint8: Uint8Array, int16: Int16Array, float32: Float32Array };

const [modelPath, inputsPath, specText] = process.argv.slice(2);
const spec = JSON.parse(specText);
const Kind = ARRAYS[spec.dtype];
if (!Kind) throw new Error(`dtype ${spec.dtype}: expected one of ${Object.keys(ARRAYS)}`);

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';
const session = await ort.InferenceSession.create(new Uint8Array(fs.readFileSync(modelPath)), {
    executionProviders: ['wasm'],
});

const length = spec.shape.reduce((product, size) => product * size, 1);
const raw = fs.readFileSync(inputsPath);
const bytesEach = length * Kind.BYTES_PER_ELEMENT;
if (raw.byteLength % bytesEach) throw new Error(`${raw.byteLength} bytes are no whole number of inputs of ${bytesEach}`);

const outputs = Object.fromEntries(session.outputNames.map((name) => [name, []]));
const times = [];
for (let start = 0; start < raw.byteLength; start += bytesEach) {
    const bytes = raw.buffer.slice(raw.byteOffset + start, raw.byteOffset + start + bytesEach);
    const feeds = { [session.inputNames[0]]: new ort.Tensor(spec.dtype, new Kind(bytes), spec.shape) };
    const began = performance.now();
    const found = await session.run(feeds);
    times.push(performance.now() - began);
    for (const name of session.outputNames) outputs[name].push(Array.from(found[name].data, Number));
}
times.sort((one, other) => one - other);
process.stdout.write(JSON.stringify({ outputs, p50_ms: times[Math.floor(times.length / 2)] }));
