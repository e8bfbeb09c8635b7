// The gate: a CloudFront Function (runtime cloudfront-js-2.0) on viewer-request of EVERY behaviour.
// What it refuses never reaches Lambda. Cheap checks come first; no path reads the store more than three times,
// because each read is billed. eslint.config.js holds the language that the runtime takes.
import cf from 'cloudfront';
import crypto from 'crypto';

const CONFIG = __GATE_CONFIG__;
// Lambda@Edge hands at most 1 MB of a body to an origin-request function and cuts off the rest.
const MAX_REQUEST_BYTES = 1000000;
// A stop has no end, but a client that sleeps for years never comes back.
const MAX_RETRY_AFTER_S = 604800;
const STORE_RETRY_AFTER_S = 5;

const INFERENCE_PATH = /^\/v1\/([a-z][a-z0-9-]{0,30}[a-z0-9])\/([A-Za-z0-9][A-Za-z0-9._-]{0,63})$/;
const MODEL_PATH = /^\/models\/[0-9a-f]{64}\.onnx$/;
const AUTHORIZATION = /^Edgewise ([a-z0-9]{1,8})\.([1-9][0-9]{0,11})\.([0-9a-f]{64})$/;
const FETCH_TOKEN = /^([a-z0-9]{1,8})\.([0-9a-f]{32,128})$/;
const MASTER_KEY = /^[0-9a-f]{64}$/;

const TITLES = {
    'wrong-size': 'The body has the wrong size',
    'signature': 'The signature is not accepted',
    'not-found': 'There is nothing at this path',
    'method': 'The method is not allowed',
    'length-required': 'Content-Length is required',
    'too-large': 'The body is too large',
    'wrong-type': 'The content type is not accepted',
    'closed': 'The function is closed',
};

const store = cf.kvs();

function refuse(status, slug, detail, headers, members) {
    const problem = {type: 'urn:edgewise:problem:' + slug, title: TITLES[slug], status: status, detail: detail};
    Object.assign(problem, members || {});
    const all = {
        'content-type': {value: 'application/problem+json'},
        'cache-control': {value: 'no-store'},
    };
    Object.assign(all, headers || {});
    return {
        statusCode: status,
        statusDescription: TITLES[slug],
        headers: all,
        body: {encoding: 'text', data: JSON.stringify(problem)},
    };
}

function refuseUnsigned(detail, nowS) {
    // The server's time lets a device with a wrong clock sign again.
    return refuse(401, 'signature', detail, {'www-authenticate': {value: 'Edgewise'}}, {time: nowS});
}

function refuseClosed(detail, retryAfterS) {
    return refuse(503, 'closed', detail, {'retry-after': {value: String(retryAfterS)}});
}

// The header's one value; undefined when it is absent or was sent more than once: which of two a later
// station would believe is not known.
function single(headers, name) {
    const header = headers[name];
    if (!header || (header.multiValue && header.multiValue.length > 1)) {
        return undefined;
    }
    return header.value;
}

// Its time depends on the lengths only, not on where the first difference lies.
function same(left, right) {
    if (left.length !== right.length) {
        return false;
    }
    let difference = 0;
    for (let i = 0; i < left.length; i++) {
        difference |= left.charCodeAt(i) ^ right.charCodeAt(i);
    }
    return difference === 0;
}

function hmac(key, message) {
    return crypto.createHmac('sha256', key).update(message).digest('hex');
}

// undefined for a missing key; throws when the store fails. get() rejects in both cases, so a second question
// tells them apart: the text of its error is not documented.
async function read(key) {
    try {
        return await store.get(key);
    } catch (error) {
        if (await store.exists(key)) {
            throw error;
        }
        return undefined;
    }
}

function checkBody(headers) {
    const length = single(headers, 'content-length');
    if (length === undefined || !/^[0-9]+$/.test(length) || headers['transfer-encoding']) {
        return refuse(411, 'length-required', 'Send one Content-Length in bytes, and no Transfer-Encoding.');
    }
    if (Number(length) > MAX_REQUEST_BYTES) {
        return refuse(413, 'too-large', 'At most ' + MAX_REQUEST_BYTES + ' bytes are read; got ' + Number(length) + '.');
    }
    if (Number(length) !== CONFIG.requestBytes) {
        const detail = 'Expected exactly ' + CONFIG.requestBytes + ' bytes; got ' + Number(length) + '.';
        return refuse(400, 'wrong-size', detail);
    }
    const type = single(headers, 'content-type');
    if (type === undefined || type.trim().toLowerCase() !== 'application/octet-stream') {
        return refuse(415, 'wrong-type', 'Send Content-Type: application/octet-stream.');
    }
    return undefined;
}

async function checkOpen(nowS) {
    const text = await read('closed_until');
    // Without a readable value nothing says that the function is open: spending safety wins.
    if (text === undefined || !/^[0-9]{1,15}$/.test(text)) {
        return refuseClosed('The store holds no valid closed_until.', STORE_RETRY_AFTER_S);
    }
    const leftS = Number(text) - nowS;
    if (leftS <= 0) {
        return undefined;
    }
    return refuseClosed('Closed by its quota or its owner.', Math.min(leftS, MAX_RETRY_AFTER_S));
}

async function checkSignature(headers, deviceId, nowS) {
    const parts = AUTHORIZATION.exec(single(headers, 'authorization') || '');
    if (!parts) {
        return refuseUnsigned('Send one Authorization: Edgewise <kid>.<expires>.<64 hexadecimal digits>.', nowS);
    }
    const kid = parts[1];
    const expires = Number(parts[2]);
    if (expires <= nowS) {
        return refuseUnsigned('The signature has expired.', nowS);
    }
    if (expires > nowS + CONFIG.maxExpiryAheadS) {
        return refuseUnsigned('It expires more than ' + CONFIG.maxExpiryAheadS + ' s ahead.', nowS);
    }
    const closed = await checkOpen(nowS);
    if (closed) {
        return closed;
    }
    const master = await read('key:' + kid);
    if (master !== undefined && !MASTER_KEY.test(master)) {
        throw new Error('a master key is not 64 hexadecimal digits');
    }
    const message = kid + '\n' + CONFIG.function + '\n' + deviceId + '\n' + parts[2];
    if (master === undefined || !same(hmac(hmac(master, deviceId), message), parts[3])) {
        return refuseUnsigned('The signature does not fit this function, device and expiry.', nowS);
    }
    if (await store.exists('deny:' + deviceId)) {
        return refuseUnsigned('This device is denied.', nowS);
    }
    return undefined;
}

async function checkInference(request, deviceId, nowS) {
    if (request.method !== 'POST') {
        return refuse(405, 'method', 'Only POST is allowed here.', {allow: {value: 'POST'}});
    }
    return checkBody(request.headers) || (await checkSignature(request.headers, deviceId, nowS));
}

async function checkModel(request, nowS) {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
        return refuse(405, 'method', 'Only GET and HEAD are allowed here.', {allow: {value: 'GET, HEAD'}});
    }
    const parts = FETCH_TOKEN.exec(single(request.headers, 'x-edgewise-fetch') || '');
    const token = parts ? await read('fetch:' + parts[1]) : undefined;
    if (token === undefined || !same(token, parts[2])) {
        return refuseUnsigned('Models are fetched with a valid x-edgewise-fetch only.', nowS);
    }
    return undefined;
}

async function check(request) {
    const nowS = Math.floor(Date.now() / 1000);
    if (MODEL_PATH.test(request.uri)) {
        return await checkModel(request, nowS);
    }
    const names = INFERENCE_PATH.exec(request.uri);
    if (!names || names[1] !== CONFIG.function) {
        return refuse(404, 'not-found', 'Paths are /v1/' + CONFIG.function + '/<device-id>, without escapes.');
    }
    return await checkInference(request, names[2], nowS);
}

// eslint-disable-next-line no-unused-vars -- CloudFront calls it by this name
async function handler(event) {
    const request = event.request;
    let refusal;
    try {
        refusal = await check(request);
    } catch (_) {
        // Not logged: a flood during a store's outage would buy a log line each. CloudFront counts the 503s.
        refusal = refuseClosed('The gate cannot read its store.', STORE_RETRY_AFTER_S);
    }
    if (refusal) {
        return refusal;
    }
    delete request.headers['authorization'];
    delete request.headers['x-edgewise-fetch'];
    request.querystring = {};
    return request;
}
