//! Layers: which folder of a crate imports which, and names that a path must not contain.

use super::imports::ImportGraph;
use super::source::RustFile;
use super::syntax::words_and_marks;
use std::collections::BTreeSet;

/// A crate of the workspace.
pub(crate) struct Member {
    /// Its folder.
    pub(crate) folder: &'static str,
    /// Name of its library in paths.
    pub(crate) library: &'static str,
    /// Folders of `src` and the folders that each may import. A folder `x` is `x.rs` with all of
    /// `x/`; imports inside of a folder are free. Every folder must be listed, unless the table is
    /// empty: then the folders are not checked.
    pub(crate) may_import: &'static [(&'static str, &'static [&'static str])],
}

/// The crates. To check a crate by folder, list the folders of its `src` here, from the top layer
/// to the bottom one.
pub(crate) const MEMBERS: &[Member] = &[
    Member {
        folder: "groove",
        library: "groove",
        may_import: &[
            ("learn", &["model", "pattern"]),
            ("generate", &["take", "model", "pattern"]),
            ("take", &["hearing", "pattern"]),
            ("hearing", &[]),
            ("play", &["pattern"]),
            ("synth", &["model", "pattern"]),
            ("model", &["pattern"]),
            ("lib", &["pattern"]),
            ("pattern", &[]),
            ("files", &[]),
        ],
    },
    Member {
        folder: "plugin",
        library: "deep_pocket",
        may_import: &[
            ("main", &["lib"]),
            ("clap_entry", &["lib", "session", "params", "project", "link"]),
            ("vst3_entry", &["lib", "params", "link"]),
            ("lib", &["host_events", "audio", "editor", "worker", "params", "project", "link"]),
            ("host_events", &["audio"]),
            ("editor", &["platform", "session", "params", "project", "link", "fault_injection"]),
            ("audio", &["params", "project", "link", "fault_injection"]),
            ("session", &["params", "project", "link"]),
            ("worker", &["platform", "project", "link", "fault_injection"]),
            ("params", &["project"]),
            ("project", &[]),
            ("link", &[]),
            ("platform", &[]),
            ("fault_injection", &[]),
        ],
    },
    Member {
        folder: "trainer",
        library: "trainer",
        may_import: &[
            ("main", &["lib", "commands", "train"]),
            ("lib", &["commands"]),
            (
                "commands",
                &["train", "metrics", "network", "data", "drum_map", "playback", "plot", "files"],
            ),
            ("train", &["metrics", "network", "data", "plot", "files"]),
            ("metrics", &["network", "data", "playback"]),
            ("network", &["data"]),
            ("data", &[]),
            ("drum_map", &[]),
            ("playback", &[]),
            ("plot", &["files"]),
            ("files", &[]),
        ],
    },
    Member {
        folder: "xtask",
        library: "xtask",
        may_import: &[
            ("main", &["commands", "build", "workspace"]),
            ("commands", &["build", "torture", "host", "process_usage", "workspace"]),
            ("build", &["workspace"]),
            ("lib", &[]),
            ("torture", &["host"]),
            ("host", &[]),
            ("process_usage", &[]),
            ("workspace", &[]),
        ],
    },
];

/// Names that files must not contain, as whole words in their code.
struct NameRule {
    /// Start of the files' paths from the workspace's root, with forward slashes.
    within: &'static str,
    /// Starts of paths that are exempt.
    except: &'static [&'static str],
    names: &'static [&'static str],
}

/// The engine has no plugin framework and no window, the network's mathematics stay in the model,
/// the audio half of the plugin knows neither worker nor window nor the other way round, and plugin
/// and trainer do not know each other.
const NAME_RULES: &[NameRule] = &[
    NameRule {
        within: "groove/src/",
        except: &["groove/src/model/", "groove/src/learn/"],
        names: &["candle_core", "candle_nn"],
    },
    NameRule {
        within: "groove/",
        except: &[],
        names: &["nice_plug", "nice_plug_egui", "egui", "deep_pocket::", "trainer::"],
    },
    NameRule {
        within: "groove/src/play/clock",
        except: &[],
        names: &["crate::model", "crate::generate", "crate::take", "crate::synth"],
    },
    NameRule {
        within: "groove/src/play/schedule",
        except: &[],
        names: &["crate::model", "crate::generate", "crate::take", "crate::synth"],
    },
    NameRule { within: "plugin/", except: &[], names: &["candle_core", "candle_nn", "trainer::"] },
    NameRule {
        within: "plugin/src/audio",
        except: &[],
        names: &["crate::worker", "crate::editor", "egui", "nice_plug_egui"],
    },
    NameRule {
        within: "plugin/src/editor",
        except: &[],
        names: &["crate::worker", "crate::audio", "groove::model", "groove::generate"],
    },
    NameRule {
        within: "plugin/src/session",
        except: &[],
        names: &["crate::worker", "crate::audio", "groove::model", "groove::generate", "egui"],
    },
    NameRule {
        within: "plugin/src/worker",
        except: &[],
        names: &["crate::audio", "crate::editor", "egui"],
    },
    NameRule { within: "trainer/", except: &[], names: &["deep_pocket::", "nice_plug"] },
    NameRule { within: "xtask/", except: &[], names: &["deep_pocket::", "trainer::"] },
];

/// Returns the imports between folders that the table of a crate does not allow, and the folders
/// that it lacks.
pub(crate) fn check_folders(graph: &ImportGraph, member: &Member) -> Vec<String> {
    let table = member.may_import;
    if table.is_empty() {
        return Vec::new();
    }
    let folder_of = |path: &str| folder_of(path.trim_start_matches(&graph.source_folder));
    let allowed = |folder: &str| table.iter().find(|(known, _)| *known == folder);
    let folders: BTreeSet<String> = graph.source_files().map(|it| folder_of(&it.path)).collect();
    let unknown = folders.iter().filter(|folder| allowed(folder).is_none()).map(|folder| {
        format!(
            "{}{folder} is not in the table of folders (xtask, `MEMBERS`).",
            graph.source_folder
        )
    });
    let forbidden = graph.edges.iter().filter_map(|&(file, imported)| {
        let (from, to) = (folder_of(graph.path(file)), folder_of(graph.path(imported)));
        let (_, may_import) = allowed(&from)?;
        let is_allowed = from == to || may_import.contains(&to.as_str());
        (!is_allowed).then(|| {
            let (file, imported) = (graph.path(file), graph.path(imported));
            format!("{file}: `{from}` must not import `{to}` ({imported}).")
        })
    });
    unknown.chain(forbidden).collect()
}

/// Returns the folder of a path below `src`: the first part, without `.rs`.
fn folder_of(path: &str) -> String {
    let first = path.split('/').next().unwrap_or_default();
    first.strip_suffix(".rs").unwrap_or(first).to_owned()
}

/// Returns the forbidden names in the code of a file, one sentence for each line, or a sentence that
/// the file cannot be read.
pub(crate) fn check_names(file: &RustFile) -> Vec<String> {
    let path = &file.path;
    let code = match words_and_marks(&file.text) {
        Ok(code) => code,
        Err(fault) => return vec![format!("{path} is not Rust: {fault}.")],
    };
    let applies = |rule: &&NameRule| {
        path.starts_with(rule.within) && !rule.except.iter().any(|except| path.starts_with(except))
    };
    let mut found = Vec::new();
    for name in NAME_RULES.iter().filter(applies).flat_map(|rule| rule.names) {
        let wanted = words_and_marks(name).unwrap_or_default();
        let is_named = |at: &&[(String, usize)]| {
            at.iter().map(|(word, _)| word).eq(wanted.iter().map(|(word, _)| word))
        };
        let mut lines: Vec<usize> =
            code.windows(wanted.len().max(1)).filter(is_named).map(|at| at[0].1).collect();
        lines.dedup();
        found.extend(
            lines.iter().map(|line| format!("{path}:{line}: `{name}` must not be named here.")),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> RustFile {
        RustFile { path: path.into(), text: text.into() }
    }

    #[test]
    fn an_import_against_the_table_is_found() {
        let member = Member {
            folder: "c",
            library: "c_lib",
            may_import: &[("main", &["top"]), ("lib", &[]), ("top", &["bottom"]), ("bottom", &[])],
        };
        let files = [
            file("c/src/lib.rs", "mod top; mod bottom; mod other;"),
            file("c/src/top.rs", "mod a; use crate::bottom::b; use a::A;"),
            file("c/src/top/a.rs", "pub struct A; fn f() { crate::bottom::b() }"),
            file("c/src/bottom.rs", "pub fn b() { crate::top::a::A; }"),
            file("c/src/other.rs", "use crate::top::a::A;"),
            file("c/tests/any.rs", "use c_lib::bottom;"),
        ];
        let graph = ImportGraph::new(&files, member.folder, member.library);
        let expected = [
            "c/src/other is not in the table of folders (xtask, `MEMBERS`).",
            "c/src/bottom.rs: `bottom` must not import `top` (c/src/top/a.rs).",
        ];
        assert_eq!(check_folders(&graph, &member), expected);
        let unchecked = Member { may_import: &[], ..member };
        assert!(check_folders(&graph, &unchecked).is_empty());
    }

    #[test]
    fn the_tables_list_layers_from_the_top_to_the_bottom() {
        for member in MEMBERS {
            for (place, (folder, may_import)) in member.may_import.iter().enumerate() {
                for imported in *may_import {
                    let below = &member.may_import[place + 1..];
                    assert!(
                        below.iter().any(|(name, _)| name == imported),
                        "{}: {imported} is not below {folder}",
                        member.folder
                    );
                }
            }
        }
    }

    #[test]
    fn a_forbidden_name_is_found_in_code_only() {
        let text = "//! Purpose.\nuse crate::worker::Worker;\n";
        assert_eq!(check_names(&file("plugin/src/audio/engine.rs", text)).len(), 1);
        assert!(check_names(&file("plugin/src/lib.rs", text)).is_empty());
        let text = "//! Names crate::worker.\nuse crate::workers; // crate::worker\nf(\"egui\");";
        assert!(check_names(&file("plugin/src/audio/engine.rs", text)).is_empty());
    }

    #[test]
    fn candle_may_be_named_in_the_model_only() {
        let names = |path| check_names(&file(path, "use candle_core::Tensor;\n")).len();
        assert_eq!([names("groove/src/model/file.rs"), names("groove/src/model/ops.rs")], [0, 0]);
        assert_eq!(
            [names("groove/src/generate/drummer.rs"), names("plugin/src/worker.rs")],
            [1, 1]
        );
    }
}
