// SPDX-License-Identifier: Apache-2.0
//
// What a skill may ask of its host, as JavaScript has it: values, errors that say what was refused, JSON in and out, a console. It needs componentize-qjs and nothing
// else; a project has a copy of its own. cordon.d.ts has the types, and says of each what it does.
import * as host from 'boternity:skill/host';

export class HostError extends Error {
    get name() {
        return 'HostError';
    }
}

export class DeniedError extends HostError {
    get name() {
        return 'DeniedError';
    }
}

const DENIED = /^capability denied\b/;

function ask(call) {
    try {
        return call();
    } catch (thrown) {
        const message = typeof thrown === 'string' ? thrown : thrown.message;
        throw new (DENIED.test(message) ? DeniedError : HostError)(message, { cause: thrown });
    }
}

/* ---- what it may ask for ---- */

export const read = (path) => ask(() => host.readFile(path));
export const write = (path, text) => ask(() => host.writeFile(path, text));
export const get = (url) => ask(() => host.httpGet(url));
export const post = (url, body) => ask(() => host.httpPost(url, body));
export const secret = (name) => ask(() => host.getSecret(name));
export const env = (name) => ask(() => host.readEnv(name));
export const recall = (query, limit = 10) => host.recallMemory(query, limit);
export const context = () => host.getContext();

/* ---- JSON ---- */

function parse(text, what) {
    try {
        return JSON.parse(text);
    } catch (why) {
        throw new Error(`${what} is not JSON: ${why.message}`, { cause: why });
    }
}

export const readJson = (path) => parse(read(path), path);
export const writeJson = (path, value) => write(path, `${JSON.stringify(value, null, 2)}\n`);
export const getJson = (url) => parse(get(url), 'the answer');
export const postJson = (url, value) => parse(post(url, JSON.stringify(value)), 'the answer');

export function jsonSkill(run) {
    return (input) => JSON.stringify(run(input.trim() === '' ? undefined : parse(input, 'the input')) ?? null);
}

/* ---- words for whoever runs it ---- */

function shown(value) {
    if (typeof value === 'string') return value;
    if (value instanceof Error) return value.stack ? `${value}\n${value.stack}`.trimEnd() : String(value);
    try {
        return JSON.stringify(value) ?? String(value);
    } catch {
        return String(value);  // a cycle, a BigInt
    }
}

const line = (level) => (...values) => host.log(level, values.map(shown).join(' '));

export const log = { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug'), trace: line('trace') };

// What others wrote expects one.
globalThis.console ??= { ...log, log: log.info };
