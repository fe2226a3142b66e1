// Fetches a web page and tells what is in it: title, headings, and the sentences that say most.
import { get, log } from './cordon.js';
import { readPage } from './html.js';
import { best, countWords, sentencesOf } from './rank.js';

const PAGE_MAX = 256 * 1024; // characters; a page of nothing but text then takes 3.5 G of fuel
const HEADINGS_MAX = 20;

export function summariseHtml(html, sentences) {
    if (html.length > PAGE_MAX) log.warn(`the page has ${html.length} characters: only the first ${PAGE_MAX} are read`);
    const page = readPage(html.slice(0, PAGE_MAX));
    const texts = page.blocks.filter((block) => !block.heading).map((block) => block.text);
    const headings = page.blocks.filter((block) => block.heading).map((block) => block.text);
    if (texts.length === 0 && !page.title) throw new Error('there is no text in that page');
    return {
        title: page.title || headings[0] || '',
        description: page.description || undefined,
        words: texts.reduce((sum, text) => sum + countWords(text), 0),
        headings: headings.slice(0, HEADINGS_MAX),
        sentences: best(texts.flatMap(sentencesOf), page.title, sentences),
    };
}

export function summarise(url, sentences) {
    const html = get(url);
    log.info(`${url}: ${html.length} characters`);
    return summariseHtml(html, sentences);
}
