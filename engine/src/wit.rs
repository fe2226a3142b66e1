// SPDX-License-Identifier: Apache-2.0
//! WIT work: C bindings of a world, components made of core modules, and what either says about itself.
//!
//! Runs in the bounded helper process: its input is a stranger's, and the libraries below may panic, or take long, on a hostile one.
//! Each `extern "C"` function is declared and described in src/engine/shim_wit.h; its safety is that header's.

mod blufio;
mod docs;
mod finish;

use std::collections::BTreeMap;
use std::ffi::c_int;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Map, json};
use wasi_preview1_component_adapter_provider as adapters;
use wasmparser::{ExternalKind, Parser, Payload, TypeRef, Validator, WasmFeatures};
use wit_component::{ComponentEncoder, DecodedWasm, StringEncoding, WitPrinter, embed_component_metadata};
use wit_parser::{PackageId, ParseError, Resolve, ResolveError, SourceMap, Span, UnresolvedPackageGroup, WorldId};

use crate::ffi::{self, ShimBytes};

const CORE_ITEMS_MAX: usize = 10_000;
const CORE_NAME_MAX: usize = 256;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_wit_describe(component: *const u8, len: usize, ret: *mut ShimBytes, err: *mut ShimBytes) -> c_int {
    unsafe { ffi::answer(ret, err, || docs::describe(&decode(ffi::bytes(component, len))?)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_wit_print(component: *const u8, len: usize, ret: *mut ShimBytes, err: *mut ShimBytes) -> c_int {
    unsafe { ffi::answer(ret, err, || print(&decode(ffi::bytes(component, len))?)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_wit_bindings_c(sources: *const u8, sources_len: usize, ret: *mut ShimBytes, err: *mut ShimBytes) -> c_int {
    unsafe { ffi::answer(ret, err, || bindings_c(load(ffi::bytes(sources, sources_len))?)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_wit_componentize(
    module: *const u8,
    len: usize,
    sources: *const u8,
    sources_len: usize,
    ret: *mut ShimBytes,
    err: *mut ShimBytes,
) -> c_int {
    unsafe { ffi::answer(ret, err, || componentize(ffi::bytes(module, len), load(ffi::bytes(sources, sources_len))?)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_wit_finish(
    made: *const u8,
    len: usize,
    sources: *const u8,
    sources_len: usize,
    ret: *mut ShimBytes,
    err: *mut ShimBytes,
) -> c_int {
    unsafe { ffi::answer(ret, err, || finish::component(ffi::bytes(made, len), load(ffi::bytes(sources, sources_len))?)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_wit_world(sources: *const u8, sources_len: usize, ret: *mut ShimBytes, err: *mut ShimBytes) -> c_int {
    unsafe { ffi::answer(ret, err, || load(ffi::bytes(sources, sources_len)).map(|(resolve, world)| world_name(&resolve, world))) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_wit_command(module: *const u8, len: usize, ret: *mut ShimBytes, err: *mut ShimBytes) -> c_int {
    unsafe { ffi::answer(ret, err, || encode(ffi::bytes(module, len), adapters::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_wit_blufio(module: *const u8, len: usize, ret: *mut ShimBytes, err: *mut ShimBytes) -> c_int {
    unsafe { ffi::answer(ret, err, || blufio::component(ffi::bytes(module, len))) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_wit_core_info(module: *const u8, len: usize, ret: *mut ShimBytes, err: *mut ShimBytes) -> c_int {
    unsafe { ffi::answer(ret, err, || core_info(ffi::bytes(module, len))) }
}

/// One file of WIT: the package it belongs to ("" for the main one, else any name of a dependency), where it lies, its text.
type Source = (String, String, String);

/// The only world of the main package.
fn load(sources: &[u8]) -> Result<(Resolve, WorldId)> {
    let sources: Vec<Source> = serde_json::from_slice(sources).context("the list of WIT files is malformed")?;
    let mut packages = BTreeMap::<String, SourceMap>::new();
    for (package, path, text) in sources {
        packages.entry(package).or_default().push_str(&path, text);
    }
    let main = packages.remove("").context("no WIT given")?;
    let mut resolve = Resolve::default();
    let main = parse(main)?;
    let deps = packages.into_values().map(parse).collect::<Result<Vec<_>>>()?;
    let package = resolve.push_groups(main, deps).map_err(|e| located(&e.into(), |span| resolve.render_location(span)))?;
    let world = only_world(&resolve, package)?;
    Ok((resolve, world))
}

fn parse(map: SourceMap) -> Result<UnresolvedPackageGroup> {
    map.parse().map_err(|(map, e)| located(&e.into(), |span| map.render_location(span)))
}

fn only_world(resolve: &Resolve, package: PackageId) -> Result<WorldId> {
    let package = &resolve.packages[package];
    let worlds: Vec<&String> = package.worlds.keys().collect();
    match worlds[..] {
        [name] => Ok(package.worlds[name]),
        [] => bail!("the package {} has no world", package.name),
        _ => bail!("the package {} has {} worlds, leave one: {}", package.name, worlds.len(), worlds.iter().map(|w| w.as_str()).collect::<Vec<_>>().join(", ")),
    }
}

fn world_name(resolve: &Resolve, world: WorldId) -> String {
    let world = &resolve.worlds[world];
    world.package.map_or_else(|| world.name.clone(), |package| resolve.id_of_name(package, &world.name))
}

/// A WIT error as one line with its place, instead of the parser's drawing of it.
fn located(error: &anyhow::Error, place: impl Fn(Span) -> String) -> anyhow::Error {
    let layers = error.chain().map(|layer| {
        let parse = layer.downcast_ref::<ParseError>().map(|e| e.kind().span());
        match parse.or_else(|| layer.downcast_ref::<ResolveError>().map(|e| e.kind().span())) {
            Some(span) if span.is_known() => format!("{}: {layer}", place(span)),
            _ => layer.to_string(),
        }
    });
    anyhow!(layers.collect::<Vec<_>>().join(": "))
}

fn bindings_c((mut resolve, world): (Resolve, WorldId)) -> Result<String> {
    // No object file with the type, which `componentize` embeds; the symbol that would pull it in is defined here instead.
    let world_name = world_name(&resolve, world);
    let opts = wit_bindgen_c::Opts { no_object_file: true, ..Default::default() };
    let mut files = wit_bindgen_core::Files::default();
    opts.build().generate(&mut resolve, world, &mut files)?;
    let mut texts = Map::new();
    for (name, content) in files.iter() {
        let mut text = std::str::from_utf8(content)?.to_string();
        if let Some(world) = name.strip_suffix(".c") {
            text += &format!("\nvoid __component_type_object_force_link_{world}(void) {{}}\n");
        }
        texts.insert(name.to_string(), text.into());
    }
    Ok(json!({ "world": world_name, "files": texts }).to_string())
}

fn componentize(module: &[u8], (resolve, world): (Resolve, WorldId)) -> Result<Vec<u8>> {
    let mut module = module.to_vec();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    let mut component = encode(&module, adapters::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?;
    docs::embed(&mut component, &resolve, world)?;
    Ok(component)
}

fn encode(module: &[u8], adapter: &[u8]) -> Result<Vec<u8>> {
    ensure!(Parser::is_core_wasm(module), "not a core WebAssembly module");
    // First, because the encoder panics on a truncated module.
    Validator::new_with_features(WasmFeatures::all()).validate_all(module).context("the module is malformed")?;
    ComponentEncoder::default().validate(true).module(module)?.adapter(adapters::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter)?.encode()
}

fn decode(wasm: &[u8]) -> Result<DecodedWasm> {
    ensure!(Parser::is_component(wasm), "not a WebAssembly component");
    let mut decoded = wit_component::decode(wasm)?;
    let (DecodedWasm::Component(resolve, _) | DecodedWasm::WitPackage(resolve, _)) = &mut decoded;
    docs::inject(resolve, wasm);
    Ok(decoded)
}

fn print(decoded: &DecodedWasm) -> Result<String> {
    let (resolve, main) = (decoded.resolve(), decoded.package());
    let nested: Vec<PackageId> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != main).collect();
    let mut printer = WitPrinter::default();
    printer.print(resolve, main, &nested)?;
    Ok(printer.output.to_string())
}

fn core_info(wasm: &[u8]) -> Result<String> {
    ensure!(Parser::is_core_wasm(wasm), "not a core WebAssembly module");
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    ensure!(imports.len() < CORE_ITEMS_MAX, "the module has more than {CORE_ITEMS_MAX} imports");
                    imports.push(json!([core_name(import.module), core_name(import.name), import_kind(import.ty)]));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    ensure!(exports.len() < CORE_ITEMS_MAX, "the module has more than {CORE_ITEMS_MAX} exports");
                    exports.push(json!([core_name(export.name), export_kind(export.kind)]));
                }
            }
            _ => {}
        }
    }
    Ok(json!({ "imports": imports, "exports": exports }).to_string())
}

/// A name that is cut ends in `…`, so that it is never taken for another.
fn core_name(name: &str) -> String {
    let short = ffi::cut(name, CORE_NAME_MAX);
    if short.len() < name.len() { format!("{short}…") } else { short.to_string() }
}

fn import_kind(ty: TypeRef) -> &'static str {
    match ty {
        TypeRef::Func(_) | TypeRef::FuncExact(_) => "func",
        TypeRef::Table(_) => "table",
        TypeRef::Memory(_) => "memory",
        TypeRef::Global(_) => "global",
        TypeRef::Tag(_) => "tag",
    }
}

fn export_kind(kind: ExternalKind) -> &'static str {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => "func",
        ExternalKind::Table => "table",
        ExternalKind::Memory => "memory",
        ExternalKind::Global => "global",
        ExternalKind::Tag => "tag",
    }
}
