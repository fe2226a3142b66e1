// The sentences of a text that have most of its words in them.

const SHORT = 4; // letters; what is shorter is mostly `the`, `und`, `que`
const WORDS = [5, 60]; // a sentence is not less, and one with more is a list

const words = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

export const sentencesOf = (text) => text.split(/(?<=[.!?…]["'”’)\]]?)\s+(?=["'“‘(\[]?[\p{Lu}\p{N}])/u);

export const countWords = (text) => words(text).length;

function weights(sentences, title) {
    const found = new Map();
    for (const word of sentences.flatMap(words)) if (word.length >= SHORT) found.set(word, (found.get(word) ?? 0) + 1);
    for (const word of new Set(words(title))) if (found.has(word)) found.set(word, found.get(word) * 2);
    return found;
}

// The average weight of its words, each counted once; the first sentences of a text say most.
function score(sentence, place, found) {
    const all = words(sentence);
    if (all.length < WORDS[0] || all.length > WORDS[1]) return 0;
    const sum = [...new Set(all)].reduce((total, word) => total + (found.get(word) ?? 0), 0);
    return (sum / all.length) * (1 + 1 / (1 + place));
}

// At most `count` of them, in the order of the text.
export function best(sentences, title, count) {
    const found = weights(sentences, title);
    return [...new Set(sentences)]
        .map((text, place) => ({ text, place, score: score(text, place, found) }))
        .filter((one) => one.score > 0)
        .sort((a, b) => b.score - a.score || a.place - b.place)
        .slice(0, count)
        .sort((a, b) => a.place - b.place)
        .map((one) => one.text);
}
