//! Imports between the files of a crate.
//!
//! A file imports another one if a `use` statement or a path in its code leads to an item of that
//! file. Re-exports are followed to the file that defines the item; a `pub use` alone imports
//! nothing. Declaring a module imports nothing either.

use super::source::RustFile;
use super::syntax::{ModuleSource, parse};
use std::collections::{BTreeMap, BTreeSet};

/// Name of the root of the library and of the program in module keys.
const ROOTS: [&str; 2] = ["lib", "main"];

/// Deepest chain of re-exports that is followed; ends chains that lead in a circle.
const MAX_DEPTH: usize = 24;

/// The root's name and the names of the modules from there on.
type Key = Vec<String>;

/// A module of the crate.
struct Module {
    /// Index of its file.
    file: usize,
    source: ModuleSource,
}

/// End of a resolved path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Location {
    Module(Key),
    /// An item in a module.
    Item(Key),
}

/// Files of a crate and the imports between them. Test code and files that only tests declare are
/// left out.
pub(crate) struct ImportGraph<'a> {
    files: &'a [RustFile],
    /// Path of the crate's sources, with a slash at the end.
    pub(crate) source_folder: String,
    /// Pairs of an importing and an imported file, as indices.
    pub(crate) edges: BTreeSet<(usize, usize)>,
}

impl<'a> ImportGraph<'a> {
    /// Finds the imports in the `src` folder of a workspace member. `library` is the name of its
    /// library in paths.
    pub(crate) fn new(files: &'a [RustFile], member: &str, library: &str) -> Self {
        let source_folder = format!("{member}/src/");
        let mut tree = ModuleTree { library, modules: BTreeMap::new() };
        for root in ROOTS {
            tree.add_root(files, &source_folder, root);
        }
        let edges = tree.edges();
        ImportGraph { files, source_folder, edges }
    }

    /// Path of a file from the workspace's root.
    pub(crate) fn path(&self, file: usize) -> &'a str {
        &self.files[file].path
    }

    /// Files that a file imports or that import it, and all others that lie in the source folder.
    pub(crate) fn source_files(&self) -> impl Iterator<Item = &'a RustFile> {
        self.files.iter().filter(|file| file.path.starts_with(&self.source_folder))
    }
}

struct ModuleTree<'a> {
    library: &'a str,
    modules: BTreeMap<Key, Module>,
}

impl ModuleTree<'_> {
    /// Adds the modules of the library or the program, from its root file on.
    fn add_root(&mut self, files: &[RustFile], source_folder: &str, root: &str) {
        let index: BTreeMap<&str, usize> =
            files.iter().enumerate().map(|(at, file)| (file.path.as_str(), at)).collect();
        // Module, its file, and the folder of its children.
        let path = format!("{source_folder}{root}.rs");
        let mut rest = vec![(vec![root.to_owned()], path, source_folder.to_owned())];
        while let Some((key, path, folder)) = rest.pop() {
            let Some(&file) = index.get(path.as_str()) else { continue };
            let own_folder = &path[..=path.rfind('/').unwrap_or(0)];
            // A file that does not parse is a violation of its own.
            for source in parse(&files[file].text).unwrap_or_default() {
                let key = [key.as_slice(), &source.nesting].concat();
                let nested: String = source.nesting.iter().map(|name| format!("{name}/")).collect();
                for child in &source.declarations {
                    let name = &child.name;
                    let child_key = [key.as_slice(), std::slice::from_ref(name)].concat();
                    let children = format!("{folder}{nested}{name}/");
                    let candidates = match &child.path {
                        Some(path) => vec![format!("{own_folder}{path}")],
                        None => {
                            vec![format!("{folder}{nested}{name}.rs"), format!("{children}mod.rs")]
                        }
                    };
                    let found = candidates.into_iter().find(|it| index.contains_key(it.as_str()));
                    rest.extend(found.map(|path| (child_key, path, children)));
                }
                self.modules.insert(key, Module { file, source });
            }
        }
    }

    /// Returns all pairs of an importing and an imported file.
    fn edges(&self) -> BTreeSet<(usize, usize)> {
        let mut edges = BTreeSet::new();
        for (key, module) in &self.modules {
            let mut add = |target: &Key| {
                let imported = self.modules[target].file;
                if imported != module.file {
                    edges.insert((module.file, imported));
                }
            };
            for import in &module.source.imports {
                let is_used =
                    import.name.as_ref().is_none_or(|it| module.source.words.contains(it));
                let is_forwarded = import.exported && (import.name.is_none() || !is_used);
                match self.locate(key, &import.path, 0) {
                    Some(Location::Item(target)) if !is_forwarded => add(&target),
                    // A glob of a module's items; the name of a module is used in paths.
                    Some(Location::Module(target)) if !import.exported && import.name.is_none() => {
                        add(&target);
                    }
                    _ => {}
                }
            }
            for path in &module.source.paths {
                if let Some(Location::Item(target)) = self.locate(key, path, 0) {
                    add(&target);
                }
            }
        }
        edges
    }

    /// Follows a path from a module; `None` if it leads out of the crate.
    fn locate(&self, from: &Key, path: &[String], depth: usize) -> Option<Location> {
        let (first, rest) = path.split_first().filter(|_| depth < MAX_DEPTH)?;
        let library = vec![ROOTS[0].to_owned()];
        let mut location = match first.as_str() {
            "crate" => Location::Module(from[..1].to_vec()),
            "self" => Location::Module(from.clone()),
            "super" => Location::Module(parent(from)?),
            name if name == self.library && self.modules.contains_key(&library) => {
                Location::Module(library)
            }
            name => self.look_up(from, name, depth + 1)?,
        };
        for segment in rest {
            let Location::Module(module) = &location else { break };
            location = if segment == "super" {
                Location::Module(parent(module)?)
            } else {
                // A name that a macro or a foreign glob makes belongs to the module.
                self.look_up(module, segment, depth + 1)
                    .unwrap_or_else(|| Location::Item(module.clone()))
            };
        }
        Some(location)
    }

    /// Finds a name in a module: a child module, an item, or an import.
    fn look_up(&self, module: &Key, name: &str, depth: usize) -> Option<Location> {
        let child = [module.as_slice(), &[name.to_owned()]].concat();
        if self.modules.contains_key(&child) {
            return Some(Location::Module(child));
        }
        let source = &self.modules.get(module)?.source;
        if source.items.contains(name) {
            return Some(Location::Item(module.clone()));
        }
        if depth >= MAX_DEPTH {
            return None;
        }
        let named = source.imports.iter().find(|it| it.name.as_deref() == Some(name));
        if let Some(import) = named {
            return self.locate(module, &import.path, depth + 1);
        }
        let globs = source.imports.iter().filter(|it| it.name.is_none());
        globs
            .filter_map(|glob| match self.locate(module, &glob.path, depth + 1)? {
                Location::Module(target) if target != *module => {
                    self.look_up(&target, name, depth + 1)
                }
                _ => None,
            })
            .next()
    }
}

/// Returns the module around a module.
fn parent(module: &Key) -> Option<Key> {
    let (_, outer) = module.split_last()?;
    (!outer.is_empty()).then(|| outer.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Imports between files of a crate, as "a.rs -> b.rs".
    fn imports(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<RustFile> = files
            .iter()
            .map(|(path, text)| RustFile { path: format!("c/src/{path}"), text: (*text).into() })
            .collect();
        let graph = ImportGraph::new(&files, "c", "c_lib");
        let name = |file: usize| graph.path(file).trim_start_matches("c/src/");
        graph.edges.iter().map(|&(from, to)| format!("{} -> {}", name(from), name(to))).collect()
    }

    #[test]
    fn use_statements_and_inline_paths_lead_to_files() {
        let found = imports(&[
            ("lib.rs", "mod a; mod b; mod d;"),
            ("a.rs", "use crate::b::{self, c::C}; fn f() { b::g(); super::d::D::new() }"),
            ("b/mod.rs", "pub mod c; pub fn g() {}"),
            ("b/c.rs", "pub struct C; fn f() { super::g(); super::super::d::h::<C>(); }"),
            ("d.rs", "pub struct D; pub fn h<T>() {}"),
        ]);
        let expected = [
            "a.rs -> b/mod.rs",
            "a.rs -> b/c.rs",
            "a.rs -> d.rs",
            "b/c.rs -> b/mod.rs",
            "b/c.rs -> d.rs",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn re_exports_lead_to_the_file_with_the_item() {
        let found = imports(&[
            ("lib.rs", "mod a; mod b; pub use a::{A as Renamed, c}; pub use b::*;"),
            ("a.rs", "pub mod c; pub struct A;"),
            ("a/c.rs", "pub struct C;"),
            ("b.rs", "pub struct B;"),
            ("main.rs", "use c_lib::{Renamed, B}; fn main() { c_lib::c::C; }"),
        ]);
        let files = ["a.rs", "a/c.rs", "b.rs"];
        assert_eq!(found, files.map(|file| format!("main.rs -> {file}")));
    }

    #[test]
    fn a_program_and_a_library_have_modules_of_their_own() {
        let found = imports(&[
            ("lib.rs", "pub mod a; pub mod b; pub fn root() {}"),
            ("a.rs", "use crate::root;"),
            ("b.rs", "pub struct B;"),
            ("main.rs", "mod m;"),
            ("m.rs", "use crate::run; use c_lib::b::B; use outside::a::A;"),
        ]);
        // `crate::run` is in the program, and defined by a macro.
        assert_eq!(found, ["a.rs -> lib.rs", "m.rs -> b.rs", "m.rs -> main.rs"]);
    }

    #[test]
    fn inline_modules_and_path_attributes_are_followed() {
        let found = imports(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "#[path = \"elsewhere.rs\"] pub mod c;\nmod inner { use super::c::C; }"),
            ("elsewhere.rs", "pub struct C; use crate::b::B;"),
            ("b.rs", "pub struct B;"),
        ]);
        assert_eq!(found, ["a.rs -> elsewhere.rs", "elsewhere.rs -> b.rs"]);
    }

    #[test]
    fn imports_that_lead_in_a_circle_end() {
        assert!(imports(&[("lib.rs", "use b as a; use a as b; fn f() { a::g() }")]).is_empty());
    }
}
