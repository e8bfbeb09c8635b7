// Lints the gate for the language of CloudFront Functions' runtime 2.0, and every other file as plain JavaScript.
//
// The runtime is ECMAScript 5.1 and a list of later features: AWS, "JavaScript runtime 2.0 features for CloudFront
// Functions". What is not on the list fails at the edge with a 503 for every request, so the gate is held to an ALLOW
// list of syntax nodes and of globals. A forbidden METHOD can be told by its name only: those that were found missing
// are listed here, and the gate's tests run it without them.
import js from '@eslint/js';
import globals from 'globals';

// AWS, "Quotas on CloudFront Functions": 10 KB. The template grows by its configuration's JSON.
const MAX_GATE_BYTES = 10240;
const CONFIG_ALLOWANCE_BYTES = 256;

const ALLOWED_NODES = new Set([
    'ArrayExpression', 'ArrowFunctionExpression', 'AssignmentExpression', 'AwaitExpression', 'BinaryExpression',
    'BlockStatement', 'BreakStatement', 'CallExpression', 'CatchClause', 'ConditionalExpression', 'ContinueStatement',
    'DoWhileStatement', 'EmptyStatement', 'ExpressionStatement', 'ForInStatement', 'ForStatement',
    'FunctionDeclaration', 'FunctionExpression', 'Identifier', 'IfStatement', 'ImportDeclaration',
    'ImportDefaultSpecifier', 'LabeledStatement', 'Literal', 'LogicalExpression', 'MemberExpression', 'NewExpression',
    'ObjectExpression', 'Program', 'Property', 'RestElement', 'ReturnStatement', 'SequenceExpression', 'SwitchCase',
    'SwitchStatement', 'TemplateElement', 'TemplateLiteral', 'ThisExpression', 'ThrowStatement', 'TryStatement',
    'UnaryExpression', 'UpdateExpression', 'VariableDeclaration', 'VariableDeclarator', 'WhileStatement',
]);

const ALLOWED_GLOBALS = [
    'Array', 'ArrayBuffer', 'Boolean', 'Buffer', 'DataView', 'Date', 'Error', 'EvalError', 'Float32Array',
    'Float64Array', 'Infinity', 'Int16Array', 'Int32Array', 'Int8Array', 'JSON', 'Math', 'NaN', 'Number', 'Object',
    'Promise', 'RangeError', 'ReferenceError', 'RegExp', 'String', 'SyntaxError', 'TextDecoder', 'TextEncoder',
    'TypeError', 'URIError', 'Uint16Array', 'Uint32Array', 'Uint8Array', 'Uint8ClampedArray', 'atob', 'btoa', 'console',
    'decodeURI', 'decodeURIComponent', 'encodeURI', 'encodeURIComponent', 'isFinite', 'isNaN', 'parseFloat',
    'parseInt', 'undefined',
];

// Instance methods that are missing in the runtime.
const MISSING_METHODS = [
    'at', 'findLast', 'findLastIndex', 'flat', 'flatMap', 'isWellFormed', 'localeCompare', 'matchAll', 'normalize',
    'toReversed', 'toSorted', 'toSpliced', 'toWellFormed', 'with',
];

const FORBIDDEN = [
    ['AssignmentExpression[operator=/^(\\?\\?|\\|\\||&&)=$/]', 'logical assignment'],
    ['LogicalExpression[operator="??"]', '?? (nullish coalescing)'],
    [':matches(ArrowFunctionExpression, FunctionExpression)[async=true]', 'an async closure'],
    [':not(Program) > FunctionDeclaration[async=true]', 'an async function that is not at the top level'],
    [':function[generator=true]', 'a generator'],
    ['AwaitExpression:not(:function AwaitExpression)', 'await outside a function'],
    ['.arguments AwaitExpression, AwaitExpression.arguments', 'await inside arguments'],
    ['CatchClause[param=null]', 'catch without a binding'],
    ['Literal[bigint]', 'BigInt'],
    ['Literal[regex.flags=/[^gim]/]', 'a regular expression flag other than g, i and m'],
    ['Literal[regex.pattern=/\\(\\?<[=!]/]', 'lookbehind'],
    ['Literal[regex.pattern=/\\\\p\\{/i]', 'Unicode property escapes'],
    ['Property[shorthand=true]', 'a shorthand property'],
    ['Property[method=true]', 'a shorthand method'],
    ['Property[computed=true]', 'a computed property name'],
    ['ImportDeclaration[source.value!=/^(buffer|cloudfront|crypto|querystring)$/]', 'this module'],
    ['CallExpression[callee.object.name="console"][callee.property.name!="log"]', 'console beyond log'],
    ['CallExpression[callee.object.name="console"][arguments.length!=1]', 'console.log with more or less than one argument'],
    [`MemberExpression[computed=false][property.name=/^(${MISSING_METHODS.join('|')})$/]`, 'this method'],
    ['MemberExpression[object.name="Array"][property.name=/^(from|fromAsync|of)$/]', 'this Array method'],
    ['MemberExpression[object.name="Object"][property.name=/^(fromEntries|groupBy|hasOwn)$/]', 'this Object method'],
    ['MemberExpression[object.name="crypto"][property.name!=/^create(Hash|Hmac)$/]', 'crypto beyond createHash and createHmac'],
    ['CallExpression[callee.property.name=/^create(Hash|Hmac)$/]:not([arguments.0.value=/^(md5|sha1|sha256)$/])', 'this hash'],
    ['MemberExpression[computed=false][property.name="then"]', 'a Promise chain (it may run out of memory: await)'],
    ['MemberExpression[object.name="Promise"]', 'a Promise combinator (it may run out of memory: await)'],
    ['MemberExpression[computed=false][property.name="constructor"]', 'constructor (a way to eval)'],
];

const runtime = {
    rules: {
        syntax: {
            create: (context) => ({
                '*'(node) {
                    if (!ALLOWED_NODES.has(node.type)) {
                        context.report({ node, message: `${node.type} is not in the runtime's language.` });
                    }
                },
            }),
        },
        size: {
            create: (context) => ({
                Program(node) {
                    const bytes = Buffer.byteLength(context.sourceCode.text);
                    const most = MAX_GATE_BYTES - CONFIG_ALLOWANCE_BYTES;
                    if (bytes > most) {
                        context.report({ node, message: `${bytes} bytes; at most ${most} leave room for the configuration.` });
                    }
                },
            }),
        },
    },
};

const off = (names) => Object.fromEntries(Object.keys(names).map((name) => [name, 'off']));

export default [
    { ignores: ['.edgewise/', '.venv/', 'node_modules/', '**/*.generated.js'] },
    { ...js.configs.recommended, files: ['**/*.js', '**/*.mjs', '**/*.cjs'] },
    {
        files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
        ignores: ['inference/gate/**'],
        languageOptions: { globals: globals.node },
    },
    { linterOptions: { reportUnusedDisableDirectives: 'error' } },
    {
        files: ['inference/gate/*.js'],
        plugins: { runtime },
        languageOptions: {
            ecmaVersion: 'latest', // so that what is forbidden can be named
            sourceType: 'module',
            globals: {
                ...off(globals.builtin),
                ...Object.fromEntries(ALLOWED_GLOBALS.map((name) => [name, 'readonly'])),
                __GATE_CONFIG__: 'readonly',
            },
        },
        rules: {
            // The runtime takes no `catch {`, so an error that nobody looks at still needs a name.
            'no-unused-vars': ['error', { caughtErrors: 'none' }],
            'runtime/syntax': 'error',
            'runtime/size': 'error',
            'no-restricted-syntax': [
                'error',
                ...FORBIDDEN.map(([selector, what]) => ({ selector, message: `The runtime does not take ${what}.` })),
            ],
        },
    },
];
