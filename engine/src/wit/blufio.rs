// SPDX-License-Identifier: Apache-2.0
//! Core modules of the blufio ABI: checked by name and type, and made components by way of an adapter of our own (`blufio.wat`, `blufio.wit`).

use anyhow::{Context, Result, bail, ensure};
use wasi_preview1_component_adapter_provider as adapters;
use wasmparser::types::{EntityType, TypesRef};
use wasmparser::{ExternalKind, FuncType, Parser, Payload, Validator, WasmFeatures};
use wasmtime_c_api::{wasm_byte_vec_t, wasmtime_wat2wasm};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

use super::core_name;
use super::docs::leb128;

const MODULE: &str = "blufio";
const ADAPTER: &str = include_str!("blufio.wat");
const WORLDS: &str = include_str!("blufio.wit");
const SECTION_EXPORTS: u8 = 7;
const SECTION_START: u8 = 8;

pub fn component(module: &[u8]) -> Result<Vec<u8>> {
    ensure!(Parser::is_core_wasm(module), "not a core WebAssembly module");
    let types = Validator::new_with_features(WasmFeatures::all()).validate_all(module).context("the module is malformed")?;
    let mut adapter = adapter()?;
    let offered = Validator::new_with_features(WasmFeatures::all()).validate_all(&adapter)?;
    check_exports(types.as_ref(), has_imports(types.as_ref()))?;
    check_imports(types.as_ref(), offered.as_ref())?;

    let (resolve, world) = worlds()?;
    let mut module = start_as_initialize(module)?;
    embed_component_metadata(&mut module, &resolve, world("skill")?, StringEncoding::UTF8, false)?;
    embed_component_metadata(&mut adapter, &resolve, world("adapter")?, StringEncoding::UTF8, false)?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)?
        .adapter(MODULE, &adapter)?
        .adapter(adapters::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapters::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?
        .encode()
}

fn adapter() -> Result<Vec<u8>> {
    let mut bytes = wasm_byte_vec_t::default();
    // SAFETY: the text is readable, and `bytes` is an empty vector to be filled.
    let error = unsafe { wasmtime_wat2wasm(ADAPTER.as_ptr(), ADAPTER.len(), &mut bytes) };
    ensure!(error.is_none(), "the adapter is no WebAssembly text");
    Ok(bytes.take().into())
}

fn worlds() -> Result<(Resolve, impl Fn(&str) -> Result<WorldId>)> {
    let mut resolve = Resolve::default();
    let package = resolve.push_source("blufio.wit", WORLDS)?;
    let worlds = resolve.packages[package].worlds.clone();
    Ok((resolve, move |name: &str| worlds.get(name).copied().context("the adapter's WIT lacks a world")))
}

fn func<'a>(types: &'a TypesRef<'_>, ty: EntityType) -> Option<&'a FuncType> {
    match ty {
        EntityType::Func(id) | EntityType::FuncExact(id) => Some(types[id].unwrap_func()),
        _ => None,
    }
}

fn signature(ty: Option<&FuncType>) -> String {
    let Some(ty) = ty else { return "no function".to_string() };
    let list = |types: &[wasmparser::ValType]| types.iter().take(16).map(|t| t.to_string()).collect::<Vec<_>>().join(", ");
    format!("({}) -> ({})", list(ty.params()), list(ty.results()))
}

fn has_imports(types: TypesRef<'_>) -> bool {
    types.core_imports().is_some_and(|mut all| all.any(|(module, ..)| module == MODULE))
}

/// The texts are told apart by the caller: "of another type", "does not exist", "does not offer".
fn check_exports(types: TypesRef<'_>, uses_memory: bool) -> Result<()> {
    let find = |wanted: &str| types.core_exports().and_then(|mut all| all.find(|(name, _)| *name == wanted)).map(|(_, ty)| ty);
    let Some(run) = find("run") else { bail!("skill has no 'run' export") };
    let run = func(&types, run);
    ensure!(
        run.is_some_and(|ty| ty.params().is_empty() && ty.results().is_empty()),
        "skill has no 'run' export of type () -> (): it is of another type, {}",
        signature(run)
    );
    ensure!(!uses_memory || matches!(find("memory"), Some(EntityType::Memory(_))), "skill has no 'memory' export, which the functions of blufio read and write");
    Ok(())
}

fn check_imports(types: TypesRef<'_>, offered: TypesRef<'_>) -> Result<()> {
    for (module, name, ty) in types.core_imports().into_iter().flatten() {
        let shown = || format!("{}#{}", core_name(module), core_name(name));
        if module == adapters::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME {
            continue;
        }
        ensure!(module == MODULE, "the module imports {}, which Cordon does not offer", shown());
        let known = offered.core_exports().into_iter().flatten().find(|(known, _)| *known == name && !name.starts_with("cabi_"));
        let Some((_, known)) = known else { bail!("the module imports {}, which does not exist", shown()) };
        let (known, given) = (func(&offered, known), func(&types, ty));
        ensure!(known == given, "the module imports {}, which is of another type: {} instead of {}", shown(), signature(given), signature(known));
    }
    Ok(())
}

/// The start function as the export `_initialize`, which is called when the adapter is in its place; a start section runs before that, when the functions of
/// blufio are not there yet. Like a start section it runs once, before anything else of the module.
fn start_as_initialize(module: &[u8]) -> Result<Vec<u8>> {
    let mut start = None;
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::StartSection { func, .. } = payload? {
            start = Some(func);
        }
    }
    let Some(start) = start else { return Ok(module.to_vec()) };
    let mut made = module[..8].to_vec();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        let Some((id, range)) = payload.as_section() else { continue };
        match payload {
            Payload::StartSection { .. } => debug_assert_eq!(id, SECTION_START),
            Payload::ExportSection(exports) => append(&mut made, SECTION_EXPORTS, &exports_with_start(exports, start)?),
            _ => append(&mut made, id, &module[range.start as usize..range.end as usize]),
        }
    }
    Ok(made)
}

/// An `_initialize` of the module's own gives way: the ABI knows none.
fn exports_with_start(exports: wasmparser::ExportSectionReader<'_>, start: u32) -> Result<Vec<u8>> {
    let kept = exports.into_iter().filter(|e| !matches!(e, Ok(e) if e.name == "_initialize")).collect::<Result<Vec<_>, _>>()?;
    let mut section = Vec::new();
    leb128(&mut section, kept.len() + 1);
    for export in kept {
        let kind = match export.kind {
            ExternalKind::Func => 0,
            ExternalKind::Table => 1,
            ExternalKind::Memory => 2,
            ExternalKind::Global => 3,
            ExternalKind::Tag => 4,
            ExternalKind::FuncExact => bail!("the module exports a function in a form that Cordon does not know"),
        };
        export_entry(&mut section, export.name, kind, export.index);
    }
    export_entry(&mut section, "_initialize", 0, start);
    Ok(section)
}

fn export_entry(to: &mut Vec<u8>, name: &str, kind: u8, index: u32) {
    leb128(to, name.len());
    to.extend_from_slice(name.as_bytes());
    to.push(kind);
    leb128(to, index as usize);
}

fn append(to: &mut Vec<u8>, id: u8, content: &[u8]) {
    to.push(id);
    leb128(to, content.len());
    to.extend_from_slice(content);
}
