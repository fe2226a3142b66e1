// SPDX-License-Identifier: Apache-2.0
// A guest on StarlingMonkey, whose `fetch` is wasi:http. What is thrown is its own error.

function told(response, text) {
    return `${response.status} ${response.headers.get('x-kind')} ${text}`;
}

async function asked(url, options) {
    try {
        const response = await fetch(url, options);
        return [response, await response.text()];
    } catch (why) {
        throw String(why);
    }
}

export async function grab(url) {
    return told(...await asked(url, { headers: { 'x-from': 'guest' } }));
}

export async function post(url, body) {
    return told(...await asked(url, { method: 'POST', body }));
}

export async function large(url, size) {
    const body = 'abcdefghij'.repeat(size / 10);
    const [response, text] = await asked(url, { method: 'POST', body });
    return told(response, `${text.length} ${text === body ? 'the same' : 'another'}`);
}

export async function follow(url) {
    const [response] = await asked(url);
    return told(...await asked(response.headers.get('location')));
}
