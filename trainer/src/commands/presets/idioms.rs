//! Idioms of the factory presets, from `idioms.toml`.

use std::sync::LazyLock;

use anyhow::{Context, Result};

use crate::metrics::idiom::{Idiom, IdiomFile, LimitEntry, limits};

/// Idioms of the factory presets, in the order of their files.
pub static IDIOMS: LazyLock<Vec<Idiom>> =
    LazyLock::new(|| read(include_str!("idioms.toml")).unwrap_or_else(|fault| panic!("{fault:#}")));

fn read(text: &str) -> Result<Vec<Idiom>> {
    let IdiomFile { shared, entries } =
        toml::from_str::<IdiomFile<Vec<LimitEntry>>>(text).context("idioms.toml")?;
    let idiom = |(file, entries): (String, Vec<LimitEntry>)| {
        Ok(Idiom { file, limits: limits(entries, &shared)? })
    };
    entries.into_iter().map(idiom).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::idiom::{Limit, Rule};

    #[test]
    fn files_and_idioms_match() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/presets");
        let entries = std::fs::read_dir(folder).expect("a folder");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            let path = entry.expect("an entry").path();
            path.file_stem().expect("a name").to_string_lossy().into_owned()
        };
        let mut files: Vec<String> = entries.map(name).collect();
        files.sort();
        let idioms: Vec<&str> = IDIOMS.iter().map(|idiom| idiom.file.as_str()).collect();
        assert_eq!(files, idioms);
    }

    #[test]
    fn an_unknown_shared_limit_is_named() {
        let fault = read("shared = {}\npresets = { a = [\"kick on 9\"] }").expect_err("unknown");
        assert_eq!(fault.to_string(), "no shared limit kick on 9");
    }

    #[test]
    fn limits_have_unique_names_and_include_the_number_of_hits() {
        for idiom in IDIOMS.iter() {
            let limits = &idiom.limits;
            let limited = limits.iter().any(|limit| matches!(limit.rule, Rule::Hits(..)));
            assert!(limited, "{}", idiom.file);
            for (number, limit) in limits.iter().enumerate() {
                let same = |other: &Limit| other.words == limit.words;
                assert!(!limits[..number].iter().any(same), "{}: {}", idiom.file, limit.words);
            }
        }
    }
}
