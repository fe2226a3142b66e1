// SPDX-License-Identifier: Apache-2.0

/** The host said no, or could not: `message` is its words. What a skill throws ends the call as the skill's own error, with that message. */
export class HostError extends Error {}

/** The operator has not granted it. */
export class DeniedError extends HostError {}

/** Who runs this, and for whom. */
export interface Context {
    botName: string;
    botSlug: string;
    skillName: string;
    /** Another one for each call. */
    invocationId: string;
}

/** The text of a file. Needs a `read` grant. */
export function read(path: string): string;
/** Writes a file, whole. Needs a `write` grant. */
export function write(path: string, text: string): void;
/** The body of what lies at a URL. A status other than 2xx throws, with the status and the body. Needs a `net` grant. */
export function get(url: string): string;
/** Sends a text, and gives the answer's body; else as `get`. */
export function post(url: string, body: string): string;
/** The value of a secret. Needs a `secret` grant of that name. */
export function secret(name: string): string;
/** The value of an environment variable. Needs an `env` grant of that name. */
export function env(name: string): string;
/** What the bot remembers of that, the best first. Empty without a `memory` grant. */
export function recall(query: string, limit?: number): string[];
export function context(): Context;

/** `read`, parsed. What is no JSON throws, and says where. */
export function readJson<T = unknown>(path: string): T;
/** Writes a value as JSON, indented. */
export function writeJson(path: string, value: unknown): void;
/** `get`, parsed. */
export function getJson<T = unknown>(url: string): T;
/** Sends a value as JSON, and gives the answer, parsed. */
export function postJson<T = unknown>(url: string, value: unknown): T;

/** The `execute` of a skill that takes JSON and answers with JSON: `export const execute = jsonSkill((input) => ...)`. An empty input is `undefined`. */
export function jsonSkill<T = unknown>(run: (input: T) => unknown): (input: string) => string;

/** Adds a line to the log of the call. What is no text is shown as JSON, an error with its place. */
type Line = (...values: unknown[]) => void;
export const log: { error: Line; warn: Line; info: Line; debug: Line; trace: Line };

declare global {
    /** There once this module is imported. */
    var console: { error: Line; warn: Line; info: Line; debug: Line; trace: Line; log: Line };
}
