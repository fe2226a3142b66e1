// SPDX-License-Identifier: Apache-2.0
//
// build-js.mjs PROJECT PACKAGES WIT SCRATCH: a project in JavaScript or TypeScript becomes SCRATCH/made.wasm. `cordon build` runs it in the sandbox for tools, with the
// node_modules in PACKAGES.
//
// The compiler's own guest reads modules below one folder and follows no link out of it, and the packages may lie elsewhere. So the sources are copied into the scratch
// folder, with the packages that are no tools. Nothing is copied with its mode: that would be a system call that the sandbox refuses.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join, relative, sep } from 'node:path';

const [project, packages, wit, scratch] = process.argv.slice(2);
const work = join(scratch, 'work');
const SOURCES = new Set(['.js', '.mjs', '.json', '.ts', '.mts']);

class Wrong extends Error {}

function copy(from, to, wanted) {
    for (const entry of readdirSync(from, { withFileTypes: true })) {
        const [here, there] = [join(from, entry.name), join(to, entry.name)];
        if (entry.name === 'node_modules' || entry.name.startsWith('.')) continue;
        if (entry.isDirectory()) copy(here, there, wanted);
        else if (entry.isFile() && wanted(here)) {
            mkdirSync(to, { recursive: true });
            writeFileSync(there, readFileSync(here));
        }
    }
}

function readJson(path) {
    try {
        return JSON.parse(readFileSync(path, 'utf8'));
    } catch (why) {
        throw new Wrong(`${relative(project, path)}: ${why.message}`);
    }
}

function entryOf(manifest) {
    const names = manifest.main ? [manifest.main] : ['skill.ts', 'skill.js'];
    const name = names.find((one) => existsSync(join(work, one)));
    if (!name) throw new Wrong(manifest.main ? `package.json: main is ${manifest.main}, and there is no such file` : 'there is no skill.js or skill.ts, and package.json names no main');
    if (relative(work, join(work, name)).startsWith('..')) throw new Wrong('package.json: main lies outside of the project');
    return join(work, name);
}

/* ---- TypeScript ---- */

function compileTypes(entry) {
    const tsc = join(packages, 'typescript/bin/tsc');
    if (!existsSync(tsc)) throw new Wrong('TypeScript is compiled by the package typescript, and devDependencies has none');
    if (!existsSync(join(work, 'tsconfig.json'))) throw new Wrong('there is no tsconfig.json');
    const out = join(scratch, 'module');
    symlinkSync(packages, join(work, 'node_modules'));
    const words = ['-p', work, '--rootDir', work, '--outDir', out, '--noEmit', 'false', '--noEmitOnError', 'true', '--declaration', 'false', '--sourceMap', 'false',
        '--incremental', 'false', '--composite', 'false', '--module', 'esnext', '--rewriteRelativeImportExtensions', 'true', '--pretty', 'false'];
    const done = spawnSync(process.execPath, [tsc, ...words], { cwd: work, stdio: 'inherit' });
    if (done.status !== 0) throw new Wrong('the TypeScript compiler refused it');
    copy(work, out, (path) => ['.js', '.mjs', '.json'].includes(extname(path)) && !existsSync(join(out, relative(work, path))));
    const compiled = join(out, relative(work, entry)).replace(/\.(m?)ts$/, '.$1js');
    if (!existsSync(compiled)) throw new Wrong(`the TypeScript compiler made nothing of ${relative(work, entry)}: does tsconfig.json include it?`);
    return [out, compiled];
}

/* ---- what is imported ---- */

// The compiler's guest knows modules alone.
function makeModulesOfJson(folder) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (entry.isDirectory() && entry.name !== 'node_modules') makeModulesOfJson(path);
        if (entry.isFile() && extname(path) === '.json' && !['package.json', 'package-lock.json', 'tsconfig.json'].includes(entry.name))
            writeFileSync(path, `export default JSON.parse(${JSON.stringify(readFileSync(path, 'utf8'))});\n`);
    }
}

function copyDependencies(root) {
    const lock = readJson(join(project, 'package-lock.json'));
    for (const [path, entry] of Object.entries(lock.packages ?? {})) {
        const at = path.split('/').slice(1).join(sep);
        if (path.startsWith('node_modules/') && !entry.dev && !entry.devOptional && existsSync(join(packages, at)))
            copy(join(packages, at), join(root, 'node_modules', at), () => true);
    }
}

/* ---- what is exported ---- */

// An export of the world that the module lacks would be found out by the first call. The compiler's guest has the names where its own script left them. And without WASI, the
// engine's clock is a trap: an error that says so can be caught.
function checked(root, main) {
    const file = join(root, 'cordon-checked.mjs');
    const from = JSON.stringify(`./${relative(root, main)}`);
    const source = `
        import * as skill from ${from};
        export * from ${from};
        const noClock = () => {
            throw new Error('a skill has no clock');
        };
        globalThis.Date = new Proxy(Date, {
            construct: (type, given, made) => (given.length ? Reflect.construct(type, given, made) : noClock()),
            apply: noClock,
            get: (type, name) => (name === 'now' ? noClock : Reflect.get(type, name)),
        });
        globalThis.performance = { now: noClock };
        const isOfResource = (name) => /^(constructor|method|static)[A-Z]/.test(name);
        for (const [name, wanted] of Object.entries(globalThis.__cqjs?.asyncExports ?? {})) {
            const found = skill[name];
            if (typeof wanted === 'function' && typeof found !== 'function') throw new Error(\`the world wants a function \${name}, which the module does not export\`);
            if (typeof wanted === 'object' && (typeof found !== 'object' || found === null))
                throw new Error(\`the world wants an object \${name}, an interface of its exports, which the module does not export\`);
            if (typeof wanted === 'object')
                for (const one of Object.keys(wanted))
                    if (!isOfResource(one) && typeof found[one] !== 'function') throw new Error(\`the world wants a function \${one} of \${name}, which the module does not export\`);
        }
    `;
    writeFileSync(file, source);
    return { jsSource: source, jsPath: file };
}

/* ---- all of it ---- */

async function build() {
    const manifest = readJson(join(project, 'package.json'));
    copy(project, work, (path) => SOURCES.has(extname(path)));
    const entry = entryOf(manifest);
    const [root, main] = /\.m?ts$/.test(entry) ? compileTypes(entry) : [work, entry];
    makeModulesOfJson(root);
    copyDependencies(root);
    const { componentize } = createRequire(join(packages, 'componentize-qjs/'))('componentize-qjs');
    const { component } = await componentize({
        ...checked(root, main), moduleRoot: root, witPath: wit,
        sync: true,      // Cordon has no asynchronous components
        stubWasi: true,  // it asks for what its world asks for, and nothing else
        optSize: true,
    });
    writeFileSync(join(scratch, 'made.wasm'), component);
}

try {
    await build();
} catch (why) {
    let text = why instanceof Wrong || why.code === 'GenericFailure' ? why.message.replace(/^: /, '') : why.stack;
    if (/type not valid to be used as/.test(text))
        text += '\nA record of the world that holds another one is too much for componentize-qjs: put both into an interface of wit/, and `use` them in the world.';
    console.error(text);
    process.exitCode = 1;
}
