// What a reader sees of a page: title, description, and its text in blocks. No parser of HTML: it goes through the bytes once, whatever they are.

const RAW = new Set(['script', 'style', 'noscript', 'template', 'svg', 'textarea', 'iframe', 'math']); // what is in there is no text
const AROUND = new Set(['nav', 'footer', 'aside', 'form', 'select', 'button', 'dialog']); // text, but not the page's own
const BLOCKS = new Set('address article blockquote body br dd div dl dt figcaption figure h1 h2 h3 h4 h5 h6 header hr html li main ol p pre section table tbody td th thead title tr ul'.split(' '));
const OWN = new Set(['main', 'article']);
const OWN_AT_LEAST = 200; // characters; with less in them, the whole page counts

const ENTITIES = {
    amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', shy: '', mdash: '—', ndash: '–', hellip: '…', lsquo: '‘', rsquo: '’', ldquo: '“', rdquo: '”', laquo: '«', raquo: '»', bull: '•',
    middot: '·', copy: '©', reg: '®', trade: '™', euro: '€', deg: '°', auml: 'ä', ouml: 'ö', uuml: 'ü', Auml: 'Ä', Ouml: 'Ö', Uuml: 'Ü', szlig: 'ß', eacute: 'é', egrave: 'è', agrave: 'à', ccedil: 'ç',
};

function character(code) {
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : '\ufffd';
}

function decode(text) {
    return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z]{2,8}));/g, (all, decimal, hex, name) => {
        if (decimal) return character(Number(decimal));
        if (hex) return character(parseInt(hex, 16));
        return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : all;
    });
}

export const tidy = (text) => decode(text).replace(/\s+/g, ' ').trim();

// The end of the tag that begins at `at`: behind its `>`, but not the one of an attribute.
function tagEnd(html, at) {
    for (let quote = ''; at < html.length; at++) {
        const c = html[at];
        if (quote) quote = c === quote ? '' : quote;
        else if (c === '>') return at + 1;
        else if ((c === '"' || c === "'") && html[at - 1] === '=') quote = c;
    }
    return html.length;
}

const behind = (html, what, from) => {
    const at = html.indexOf(what, from);
    return at < 0 ? html.length : at + what.length;
};

// The end of what cannot hold tags.
function rawEnd(html, name, from) {
    const end = new RegExp(`</${name}[\\s/>]`, 'gi');
    end.lastIndex = from;
    return end.exec(html)?.index ?? html.length;
}

// {text} and {name, closes, tag}, in their order.
function* pieces(html) {
    for (let at = 0; at < html.length; ) {
        let open = html.indexOf('<', at);
        if (open < 0) open = html.length;
        if (open > at) yield { text: html.slice(at, open) };
        if (open === html.length) return;
        const [, slash, name] = /^<(\/?)([A-Za-z][A-Za-z0-9]*)/.exec(html.slice(open, open + 32)) ?? [];
        if (name) {
            at = tagEnd(html, open);
            yield { name: name.toLowerCase(), closes: slash === '/', tag: html.slice(open, at) };
            if (!slash && RAW.has(name.toLowerCase())) at = rawEnd(html, name, at);
        } else if (html.startsWith('<!--', open)) at = behind(html, '-->', open + 4);
        else if (/[!?/]/.test(html[open + 1] ?? '')) at = behind(html, '>', open);
        else {
            yield { text: '<' };
            at = open + 1;
        }
    }
}

function attribute(tag, name) {
    const [, quoted, single, bare] = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, 'i').exec(tag) ?? [];
    return tidy(quoted ?? single ?? bare ?? '');
}

export function readPage(html) {
    const page = { title: '', description: '', blocks: [] };
    const depth = { around: 0, own: 0 };
    let [said, wanted] = ['', null]; // the text of the present block; what it is, if it is more than text
    const end = () => {
        const text = tidy(said);
        if (text && wanted === 'title') page.title ||= text;
        else if (text && !depth.around) page.blocks.push({ text, own: depth.own > 0, heading: wanted === 'heading' });
        [said, wanted] = ['', null];
    };
    for (const { text, name, closes, tag } of pieces(html)) {
        if (text !== undefined) {
            said += text;
            continue;
        }
        if (BLOCKS.has(name) || AROUND.has(name)) end();
        if (name === 'meta' && /^(og:)?description$/i.test(attribute(tag, 'name') || attribute(tag, 'property'))) page.description ||= attribute(tag, 'content');
        const step = closes ? -1 : 1;
        if (AROUND.has(name)) depth.around = Math.max(0, depth.around + step);
        if (OWN.has(name)) depth.own = Math.max(0, depth.own + step);
        if (!closes && name === 'title') wanted = 'title';
        if (!closes && /^h[1-6]$/.test(name)) wanted = 'heading';
    }
    end();
    const own = page.blocks.filter((block) => block.own);
    if (own.reduce((sum, block) => sum + block.text.length, 0) >= OWN_AT_LEAST) page.blocks = own;
    return page;
}
