// SPDX-License-Identifier: Apache-2.0
//! Doc comments of WIT: kept in a component when it is made, and read out of it as JSON.
//!
//! A component does not carry doc comments by itself. `embed` writes them into custom sections: `package-docs`, which every tool reads, for the
//! component's own world, and `cordon-docs` for the packages of the interfaces that it imports or exports.

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};
use wasmparser::{Parser, Payload};
use wit_component::DecodedWasm;
use wit_parser::{Docs, Function, InterfaceId, PackageId, PackageMetadata, Resolve, Type, TypeDef, TypeDefKind, WorldId, WorldItem, WorldKey};

use crate::ffi;

const SECTION: &str = "cordon-docs";
/// What `PackageMetadata` encodes for a package without docs: version 1, an empty object.
const NO_DOCS: &[u8] = b"\x01{}";
const DEPTH_MAX: usize = 32;
const FUNCTION_NODES_MAX: usize = 4096;
const DOCS_MAX: usize = 4096;
const JSON_MAX: usize = 1 << 20;

/// Appends the doc comments of `world` to the component made for it.
pub fn embed(component: &mut Vec<u8>, resolve: &Resolve, world: WorldId) -> Result<()> {
    let DecodedWasm::Component(mut made, root) = wit_component::decode(component)? else { bail!("made a WIT package, not a component") };
    copy_world(resolve, world, &mut made, root);
    let mut others = Map::new();
    for (id, package) in made.packages.iter() {
        let docs = PackageMetadata::extract(&made, id).encode()?;
        if Some(id) == made.worlds[root].package {
            append_section(component, PackageMetadata::SECTION_NAME, &docs);
        } else if docs != NO_DOCS {
            others.insert(package.name.to_string(), String::from_utf8(docs)?.into());
        }
    }
    if let Some(others) = filled(others) {
        append_section(component, SECTION, json!(others).to_string().as_bytes());
    }
    Ok(())
}

/// Lays the section of `embed` on what was decoded. What it says about things that are not there is passed over.
pub fn inject(resolve: &mut Resolve, wasm: &[u8]) {
    let section = Parser::new(0).parse_all(wasm).find_map(|payload| match payload {
        Ok(Payload::CustomSection(s)) if s.name() == SECTION => serde_json::from_slice::<Map<String, Value>>(s.data()).ok(),
        _ => None,
    });
    let packages: Vec<(PackageId, String)> = resolve.packages.iter().map(|(id, p)| (id, p.name.to_string())).collect();
    for (id, name) in packages {
        let docs = section.as_ref().and_then(|s| s.get(&name)?.as_str());
        if let Some(Ok(docs)) = docs.map(|d| PackageMetadata::decode(d.as_bytes())) {
            docs.inject(resolve, id).ok();
        }
    }
}

pub(super) fn leb128(out: &mut Vec<u8>, mut n: usize) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn append_section(wasm: &mut Vec<u8>, name: &str, data: &[u8]) {
    let mut body = Vec::new();
    leb128(&mut body, name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(data);
    wasm.push(0);
    leb128(wasm, body.len());
    wasm.extend_from_slice(&body);
}

fn copy_world(from: &Resolve, source: WorldId, to: &mut Resolve, root: WorldId) {
    let source = &from.worlds[source];
    let mut world = to.worlds[root].clone();
    world.docs = source.docs.clone();
    for (items, sources) in [(&mut world.imports, &source.imports), (&mut world.exports, &source.exports)] {
        for (key, item) in items.iter_mut() {
            let name = to.name_world_key(key);
            let source = sources.iter().find(|(key, _)| from.name_world_key(key) == name);
            match (item, source.map(|(_, item)| item)) {
                (WorldItem::Function(f), Some(WorldItem::Function(s))) => f.docs = s.docs.clone(),
                (WorldItem::Type { id, .. }, Some(WorldItem::Type { id: s, .. })) => copy_type(&from.types[*s], &mut to.types[*id]),
                (WorldItem::Interface { id, docs, .. }, Some(WorldItem::Interface { id: s, docs: said, .. })) => {
                    *docs = said.clone();
                    copy_interface(from, *s, to, *id);
                }
                _ => {}
            }
        }
    }
    to.worlds[root] = world;
}

fn copy_interface(from: &Resolve, source: InterfaceId, to: &mut Resolve, id: InterfaceId) {
    let source = &from.interfaces[source];
    let interface = &mut to.interfaces[id];
    interface.docs = source.docs.clone();
    for (name, f) in interface.functions.iter_mut() {
        if let Some(s) = source.functions.get(name) {
            f.docs = s.docs.clone();
        }
    }
    for (name, id) in interface.types.iter() {
        if let Some(s) = source.types.get(name) {
            copy_type(&from.types[*s], &mut to.types[*id]);
        }
    }
}

fn copy_type(from: &TypeDef, to: &mut TypeDef) {
    fn zip<'a>(from: impl Iterator<Item = &'a Docs>, to: impl Iterator<Item = &'a mut Docs>) {
        from.zip(to).for_each(|(from, to)| *to = from.clone());
    }
    to.docs = from.docs.clone();
    match (&from.kind, &mut to.kind) {
        (TypeDefKind::Record(a), TypeDefKind::Record(b)) => zip(a.fields.iter().map(|m| &m.docs), b.fields.iter_mut().map(|m| &mut m.docs)),
        (TypeDefKind::Variant(a), TypeDefKind::Variant(b)) => zip(a.cases.iter().map(|m| &m.docs), b.cases.iter_mut().map(|m| &mut m.docs)),
        (TypeDefKind::Enum(a), TypeDefKind::Enum(b)) => zip(a.cases.iter().map(|m| &m.docs), b.cases.iter_mut().map(|m| &mut m.docs)),
        (TypeDefKind::Flags(a), TypeDefKind::Flags(b)) => zip(a.flags.iter().map(|m| &m.docs), b.flags.iter_mut().map(|m| &mut m.docs)),
        _ => {}
    }
}

/// The docs of a component as JSON (shape: shim_wit.h).
pub fn describe(decoded: &DecodedWasm) -> Result<String> {
    let DecodedWasm::Component(resolve, world) = decoded else { bail!("a WIT package, not a component") };
    let (world, mut d) = (&resolve.worlds[*world], Describer { resolve, nodes: 0, room: JSON_MAX - 256 });
    let world_docs = d.docs(&world.docs);
    let mut functions = Map::new();
    for (key, item) in &world.exports {
        let name = resolve.name_world_key(key);
        match item {
            WorldItem::Function(f) => d.function(name, f, &mut functions),
            WorldItem::Interface { id, .. } => {
                resolve.interfaces[*id].functions.iter().for_each(|(f_name, f)| d.function(format!("{name}#{f_name}"), f, &mut functions));
            }
            WorldItem::Type { .. } => {}
        }
    }
    let imports: Vec<Value> = world.imports.iter().filter_map(|(key, item)| d.import(key, item)).collect();
    let rest = [("functions", Some(functions.into())), ("imports", Some(imports.into())), ("world_docs", world_docs)];
    Ok(object(rest).unwrap_or_default().to_string())
}

/// An object of the members that are there, nothing of none.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Option<Value> {
    let there = members.into_iter().filter_map(|(key, value)| Some((key.to_string(), value?)));
    filled(there.collect()).map(Value::Object)
}

fn filled(map: Map<String, Value>) -> Option<Map<String, Value>> {
    (!map.is_empty()).then_some(map)
}

/// Collects docs. Whatever is beyond a ceiling is left out: docs never make a component unusable.
struct Describer<'a> {
    resolve: &'a Resolve,
    nodes: usize, // left for this function
    room: usize,  // bytes of JSON left
}

impl Describer<'_> {
    /// Takes the room of `text` and of the punctuation and keys around it.
    fn pay(&mut self, text: &str) -> bool {
        let need = json!(text).to_string().len() + 48;
        let paid = need <= self.room;
        self.room -= if paid { need } else { 0 };
        paid
    }

    fn docs(&mut self, docs: &Docs) -> Option<Value> {
        let text = ffi::cut(docs.contents.as_deref()?.trim(), DOCS_MAX);
        (!text.is_empty() && self.pay(text)).then(|| text.into())
    }

    fn import(&mut self, key: &WorldKey, item: &WorldItem) -> Option<Value> {
        let docs = match item {
            WorldItem::Interface { id, docs, .. } if docs.is_empty() => &self.resolve.interfaces[*id].docs,
            WorldItem::Interface { docs, .. } => docs,
            WorldItem::Function(f) => &f.docs,
            WorldItem::Type { .. } => return None,
        };
        let name = self.resolve.name_world_key(key);
        if !self.pay(&name) {
            return None;
        }
        object([("docs", self.docs(docs)), ("name", Some(name.into()))])
    }

    fn function(&mut self, name: String, f: &Function, out: &mut Map<String, Value>) {
        self.nodes = FUNCTION_NODES_MAX;
        let nothing = Docs::default();
        let params = self.members(f.params.iter().map(|p| (p.name.clone(), &nothing, Some(&p.ty))), 0);
        let params = params.map(|members| members.into_iter().map(|(name, mut member)| (name, member["type"].take())).collect());
        let result = f.result.as_ref().and_then(|ty| self.node(ty, 0));
        let node = object([("docs", self.docs(&f.docs)), ("params", params), ("result", result)]);
        if let Some(node) = node.filter(|_| self.pay(&name)) {
            out.insert(name, node);
        }
    }

    fn node(&mut self, ty: &Type, depth: usize) -> Option<Value> {
        let Type::Id(id) = ty else { return None };
        if depth == DEPTH_MAX || self.nodes == 0 {
            return None;
        }
        self.nodes -= 1;
        let (resolve, next, nothing) = (self.resolve, depth + 1, Docs::default());
        let def = &resolve.types[*id];
        let (mut members, mut elem, mut err) = (None, None, None);
        match &def.kind {
            TypeDefKind::Record(r) => members = self.members(r.fields.iter().map(|m| (m.name.clone(), &m.docs, Some(&m.ty))), next),
            TypeDefKind::Variant(v) => members = self.members(v.cases.iter().map(|m| (m.name.clone(), &m.docs, m.ty.as_ref())), next),
            TypeDefKind::Enum(e) => members = self.members(e.cases.iter().map(|m| (m.name.clone(), &m.docs, None)), next),
            TypeDefKind::Flags(f) => members = self.members(f.flags.iter().map(|m| (m.name.clone(), &m.docs, None)), next),
            TypeDefKind::Tuple(t) => members = self.members(t.types.iter().zip(0..).map(|(ty, i)| (format!("{i}"), &nothing, Some(ty))), next),
            TypeDefKind::Option(t) | TypeDefKind::List(t) | TypeDefKind::FixedLengthList(t, _) => elem = self.node(t, next),
            TypeDefKind::Result(r) => {
                elem = r.ok.as_ref().and_then(|ty| self.node(ty, next));
                err = r.err.as_ref().and_then(|ty| self.node(ty, next));
            }
            TypeDefKind::Type(target) => {
                // An alias without docs of its own speaks with its target's.
                let (docs, mut node) = (self.docs(&def.docs), self.node(target, next));
                if let (Some(docs), Some(node)) = (&docs, &mut node) {
                    node["docs"] = docs.clone();
                }
                return node.or_else(|| object([("docs", docs)]));
            }
            _ => {}
        }
        object([("docs", self.docs(&def.docs)), ("elem", elem), ("err", err), ("members", members.map(Value::Object))])
    }

    fn members<'a>(&mut self, members: impl Iterator<Item = (String, &'a Docs, Option<&'a Type>)>, depth: usize) -> Option<Map<String, Value>> {
        let mut out = Map::new();
        for (name, docs, ty) in members {
            if self.nodes == 0 {
                break;
            }
            self.nodes -= 1;
            let member = object([("docs", self.docs(docs)), ("type", ty.and_then(|ty| self.node(ty, depth)))]);
            if let Some(member) = member.filter(|_| self.pay(&name)) {
                out.insert(name, member);
            }
        }
        filled(out)
    }
}
