//! Files that import each other in a circle.

use super::imports::ImportGraph;
use petgraph::algo::{astar, tarjan_scc};
use petgraph::graphmap::DiGraphMap;

/// Returns one sentence for each group of files that import each other, with a shortest circle
/// through the first of them.
pub(crate) fn find(graph: &ImportGraph) -> Vec<String> {
    let imports = DiGraphMap::<usize, ()>::from_edges(&graph.edges);
    let mut groups = tarjan_scc(&imports);
    groups.iter_mut().for_each(|group| group.sort_unstable());
    groups.sort_unstable();
    let sentence = |group: &Vec<usize>| {
        let circle = shortest_circle(&imports, group[0])?;
        let names: Vec<&str> = circle.iter().map(|file| graph.path(*file)).collect();
        let circle = names.join(" -> ");
        let more = match group.len() - (names.len() - 1) {
            0 => String::new(),
            more => format!(" ({more} more files are in circles with these)"),
        };
        Some(format!("Files import each other in a circle: {circle}{more}."))
    };
    groups.iter().filter_map(sentence).collect()
}

/// Returns the files of a shortest circle, from `start` to `start`, if it is in one.
fn shortest_circle(imports: &DiGraphMap<usize, ()>, start: usize) -> Option<Vec<usize>> {
    let back = |next| astar(imports, next, |file| file == start, |_| 1, |_| 0);
    let (_, path) = imports.neighbors(start).filter_map(back).min_by_key(|(length, _)| *length)?;
    Some([&[start], path.as_slice()].concat())
}

#[cfg(test)]
mod tests {
    use super::super::source::RustFile;
    use super::*;

    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<RustFile> = files
            .iter()
            .map(|(path, text)| RustFile { path: format!("c/src/{path}"), text: (*text).into() })
            .collect();
        find(&ImportGraph::new(&files, "c", "c_lib"))
    }

    #[test]
    fn a_circle_of_three_files_is_reported_once() {
        let found = circles(&[
            ("lib.rs", "mod a; mod b; mod c; mod d;"),
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "use crate::c::C; use crate::d::D; pub struct B;"),
            ("c.rs", "pub struct C; fn f() -> crate::a::A { todo!() }"),
            ("d.rs", "pub struct D;"),
        ]);
        let circle = "c/src/a.rs -> c/src/b.rs -> c/src/c.rs -> c/src/a.rs";
        assert_eq!(found, [format!("Files import each other in a circle: {circle}.")]);
    }

    #[test]
    fn imports_in_one_direction_are_no_circle() {
        let found = circles(&[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::{b::B, c::C};"),
            ("b.rs", "use crate::c::C; pub struct B;"),
            ("c.rs", "pub struct C;"),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn a_parent_that_declares_or_re_exports_its_children_is_no_circle() {
        let found = circles(&[
            ("lib.rs", "pub mod a; pub use a::{A, C};"),
            ("a.rs", "mod b; mod c; pub use b::*; pub use c::C; pub struct A;"),
            ("a/b.rs", "use super::A; use crate::C; pub struct B;"),
            ("a/c.rs", "use crate::A; pub struct C;"),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn a_parent_that_uses_a_child_that_imports_it_is_a_circle() {
        let child = ("a/b.rs", "use super::A; pub struct B;");
        for parent in [
            "mod b; use b::B; pub struct A;",
            "mod b; pub use b::B; pub struct A(B);",
            "mod b; pub struct A; fn f() { b::f() }",
            "mod b; pub struct A; fn f() { self::b::f() }",
        ] {
            let found = circles(&[("lib.rs", "pub mod a;"), ("a.rs", parent), child]);
            assert_eq!(found.len(), 1, "{parent}");
        }
    }

    #[test]
    fn test_code_is_left_out() {
        let found = circles(&[
            ("lib.rs", "mod a; mod b;\n#[cfg(test)] mod helper;"),
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "pub struct B;\n#[cfg(test)]\nmod tests { use crate::a::A; }"),
            ("helper.rs", "use crate::b::B;"),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }
}
