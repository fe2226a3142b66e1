// SPDX-License-Identifier: Apache-2.0
//! What another toolchain made, finished: a component that fits the project's world, without names and producers, with the docs of its WIT.

use anyhow::{Context, Result, bail, ensure};
use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};
use wit_component::{DecodedWasm, WitPrinter};
use wit_parser::{CloneMaps, PackageId, Resolve, SourceMap, Span, UnresolvedPackageGroup, WorldId, WorldKey};

use super::{adapters, docs, encode, only_world, parse};

const COMPONENT_HEADER: &[u8] = b"\0asm\x0d\0\x01\0";
const MODULE_HEADER: &[u8] = b"\0asm\x01\0\0\0";
/// Section numbers inside a component.
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;

/// `made` is a component, or a core module that carries its own component type, as bindings for Rust do.
pub fn component(made: &[u8], (resolve, world): (Resolve, WorldId)) -> Result<Vec<u8>> {
    let encoded = if Parser::is_core_wasm(made) { Some(encode(made, adapters::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?) } else { None };
    let made = encoded.as_deref().unwrap_or(made);
    ensure!(Parser::is_component(made), "neither a WebAssembly component nor a core module");
    Validator::new_with_features(WasmFeatures::all()).validate_all(made).context("the component is malformed")?;
    let name = &resolve.worlds[world].name;
    wit_component::targets(&with_wasi(&resolve, world, made)?, world, made, true).with_context(|| format!("it does not fit the world {name}"))?;
    let mut component = strip(made)?;
    docs::embed(&mut component, &resolve, world)?;
    Ok(component)
}

/// The world with what `made` imports of WASI: that comes with a toolchain, and no world of a project says so. Loading compares it with what Cordon offers, as all imports.
fn with_wasi(resolve: &Resolve, world: WorldId, made: &[u8]) -> Result<Resolve> {
    let mut wide = resolve.clone();
    let DecodedWasm::Component(own, own_world) = wit_component::decode(made)? else { bail!("a package of WIT and not a component") };
    let is_wasi = |package: PackageId| own.packages[package].name.namespace == "wasi";
    let imports: Vec<String> = own.worlds[own_world].imports.keys().filter_map(|key| match key {
        WorldKey::Interface(id) if own.interfaces[*id].package.is_some_and(is_wasi) => own.id_of(*id),
        _ => None,
    }).collect();
    if imports.is_empty() {
        return Ok(wide);
    }
    let lines: String = imports.iter().map(|name| format!("import {name};")).collect();
    let main = text("main.wit", &format!("package cordon:wasi; world imports {{ {lines} }}"))?;
    let deps = own.packages.iter().map(|(id, _)| id).filter(|id| is_wasi(*id)).map(|id| {
        let mut printer = WitPrinter::default();
        printer.print(&own, id, &[])?;
        text("wasi.wit", &printer.output.to_string())
    }).collect::<Result<Vec<_>>>()?;
    let mut wasi = Resolve::default();
    let package = wasi.push_groups(main, deps)?;
    let imported = only_world(&wasi, package)?;
    let map = wide.merge(wasi)?;
    wide.merge_worlds(map.map_world(imported, Span::default())?, world, &mut CloneMaps::default())?;
    Ok(wide)
}

fn text(name: &str, text: &str) -> Result<UnresolvedPackageGroup> {
    let mut map = SourceMap::default();
    map.push_str(name, text);
    parse(map)
}

/// Without custom sections, at any depth.
fn strip(wasm: &[u8]) -> Result<Vec<u8>> {
    let (mut out, mut outer) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding, .. } => out.extend_from_slice(if *encoding == Encoding::Component { COMPONENT_HEADER } else { MODULE_HEADER }),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => outer.push(std::mem::take(&mut out)),
            Payload::End(_) => {
                let Some(around) = outer.pop() else { break };
                let inner = std::mem::replace(&mut out, around);
                let id = if inner.starts_with(COMPONENT_HEADER) { COMPONENT } else { CORE_MODULE };
                section(&mut out, id, &inner);
            }
            Payload::CustomSection(_) => {}
            _ => {
                if let Some((id, range)) = payload.as_section() {
                    section(&mut out, id, &wasm[range.start as usize..range.end as usize]);
                }
            }
        }
    }
    Ok(out)
}

fn section(out: &mut Vec<u8>, id: u8, data: &[u8]) {
    out.push(id);
    docs::leb128(out, data.len());
    out.extend_from_slice(data);
}
