// SPDX-License-Identifier: Apache-2.0
//
// The guest in JavaScript. An input is a verb and its argument; what is thrown is the skill's own error.
import { getContext, httpGet, log } from 'boternity:skill/host';

const verbs = {
    echo: (text) => text,
    upper(text) {
        log('info', `upper of ${text.length}`);
        return text.toUpperCase();
    },
    context() {
        const context = getContext();
        return `${context.skillName} ${context.invocationId.length}`;
    },
    fetch: (url) => httpGet(url),
    fail(text) {
        throw text;
    },
    panic(text) {
        throw new RangeError(text);
    },
    clock: () => String(Date.now() / 1000),
    random: () => String(Math.random()),
    spin() {
        for (;;);
    },
    hog() {
        const kept = [];
        for (;;) kept.push(new Uint8Array(1 << 20));
    },
    deep() {
        const down = (n) => down(n + 1) + 1;
        return String(down(0));
    },
};

export function getName() {
    return 'guest';
}

export function getDescription() {
    return 'Does what its input says.';
}

export function execute(input) {
    const [, verb, argument] = /^(\S+) ?(.*)$/s.exec(input) ?? [];
    if (!Object.hasOwn(verbs, verb)) throw `no verb ${verb}`;
    return verbs[verb](argument);
}

export function measure(text) {
    const words = text.split(' ').filter((word) => word !== '');
    if (words.length === 0) throw 'there are no words';
    return { words: words.length, longest: words.reduce((a, b) => (b.length > a.length ? b : a)) };
}
