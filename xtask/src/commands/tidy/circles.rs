//! Files that import each other in a circle.

use super::imports::ImportGraph;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Returns one sentence for each group of files that import each other, with a shortest circle
/// through the first of them.
pub(crate) fn find(graph: &ImportGraph) -> Vec<String> {
    let mut reachable: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for &(file, _) in &graph.edges {
        reachable.entry(file).or_insert_with(|| reachable_from(graph, file));
    }
    let mutual = |a: usize, b: usize| {
        reachable.get(&a).is_some_and(|from_a| from_a.contains(&b))
            && reachable.get(&b).is_some_and(|from_b| from_b.contains(&a))
    };
    let mut reported = BTreeSet::new();
    let mut sentences = Vec::new();
    for &file in reachable.keys() {
        if !mutual(file, file) || !reported.insert(file) {
            continue;
        }
        let group: Vec<usize> =
            reachable.keys().copied().filter(|&other| mutual(file, other)).collect();
        let names: Vec<&str> =
            shortest_circle(graph, file).into_iter().map(|file| graph.path(file)).collect();
        let circle = names.join(" -> ");
        let more = match group.len() - (names.len() - 1) {
            0 => String::new(),
            more => format!(" ({more} more files are in circles with these)"),
        };
        sentences.push(format!("Files import each other in a circle: {circle}{more}."));
        reported.extend(group);
    }
    sentences
}

/// Returns all files that a file imports, directly or through others.
fn reachable_from(graph: &ImportGraph, start: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut rest = vec![start];
    while let Some(file) = rest.pop() {
        rest.extend(graph.imports_of(file).filter(|&next| found.insert(next)));
    }
    found
}

/// Returns the files of a shortest circle, from `start` to `start`.
fn shortest_circle(graph: &ImportGraph, start: usize) -> Vec<usize> {
    let mut previous = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for next in graph.imports_of(file) {
            if let Entry::Vacant(unseen) = previous.entry(next) {
                unseen.insert(file);
                queue.push_back(next);
            }
        }
    }
    let mut circle = vec![start];
    let mut file = start;
    while let Some(&before) = previous.get(&file) {
        circle.push(before);
        file = before;
        if file == start {
            break;
        }
    }
    circle.reverse();
    circle
}

#[cfg(test)]
mod tests {
    use super::super::source::SourceFile;
    use super::*;

    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<SourceFile> = files
            .iter()
            .map(|(path, text)| SourceFile { path: format!("c/src/{path}"), text: (*text).into() })
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
