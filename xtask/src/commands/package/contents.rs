//! List of contents (SBOM): every package that is linked into the plugin, in the JSON of SPDX 2.3.

use anyhow::{Context, Result};
use krates::Krates;
use serde_json::{Value, json};
use xtask::workspace::NAME;

/// Returns the list for the packages of a target.
///
/// # Errors
/// If the plugin is not among the packages.
pub(super) fn contents(krates: &Krates, target: &str, created: &str) -> Result<Value> {
    let version = env!("CARGO_PKG_VERSION");
    let mut packages = Vec::new();
    let mut relations = Vec::new();
    let mut plugin = None;
    for node in krates.graph().node_indices() {
        let krates::Node::Krate { krate, .. } = &krates.graph()[node] else { continue };
        let id = spdx_id(&krate.name, &krate.version.to_string());
        if krate.name == "plugin" && krate.source.is_none() {
            plugin = Some(id.clone());
        }
        for dependency in krates.direct_dependencies(node) {
            let on = spdx_id(&dependency.krate.name, &dependency.krate.version.to_string());
            relations.push(relation(&id, "DEPENDS_ON", &on));
        }
        // The old separator of alternatives.
        let licence = krate.license.as_deref().unwrap_or("NOASSERTION").replace('/', " OR ");
        let mut package = json!({
            "SPDXID": id,
            "name": krate.name,
            "versionInfo": krate.version.to_string(),
            "downloadLocation": krate.repository.as_deref().unwrap_or("NOASSERTION"),
            "filesAnalyzed": false,
            "licenseConcluded": "NOASSERTION",
            "licenseDeclared": licence,
            "copyrightText": "NOASSERTION",
        });
        if krate.source.is_some() {
            package["externalRefs"] = json!([{
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": format!("pkg:cargo/{}@{}", krate.name, krate.version),
            }]);
        }
        packages.push(package);
    }
    let plugin = plugin.context("the plugin is not among its own packages")?;
    relations.push(relation("SPDXRef-DOCUMENT", "DESCRIBES", &plugin));
    packages.sort_by_key(|package| package["SPDXID"].to_string());
    relations.sort_by_key(Value::to_string);
    Ok(json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": format!("{NAME} {version} for {target}"),
        "documentNamespace": format!("https://spdx.org/spdxdocs/deep-pocket-{version}-{target}"),
        "creationInfo": { "created": created, "creators": ["Tool: cargo-xtask"] },
        "packages": packages,
        "relationships": relations,
    }))
}

fn relation(from: &str, kind: &str, to: &str) -> Value {
    json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to })
}

/// Returns the identifier of a package within the list: letters, digits, dots and hyphens.
fn spdx_id(name: &str, version: &str) -> String {
    let text = format!("SPDXRef-{name}-{version}");
    let fits = |letter: char| letter.is_ascii_alphanumeric() || ".-".contains(letter);
    text.chars().map(|letter| if fits(letter) { letter } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::package::archive::linked;
    use std::collections::{BTreeSet, VecDeque};
    use xtask::workspace::Workspace;

    #[test]
    fn the_list_of_contents_is_connected_and_has_what_is_linked() -> Result<()> {
        let list = contents(
            &linked(&Workspace::find()?, "x86_64-unknown-linux-gnu")?,
            "target",
            "1970-01-01T00:00:00Z",
        )?;
        // As another program reads it.
        let list: Value = serde_json::from_str(&list.to_string())?;
        assert_eq!(list["spdxVersion"], "SPDX-2.3");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let packages = list["packages"].as_array().context("packages")?;
        let ids: BTreeSet<String> = packages.iter().map(|it| text(&it["SPDXID"])).collect();
        assert_eq!(ids.len(), packages.len(), "each package once");
        let has = |name: &str| packages.iter().any(|package| package["name"] == name);
        assert!(has("plugin") && has("groove") && has("candle-core") && has("nice-plug"));
        assert!(!has("proptest") && !has("clack-host"), "what only tests need is not linked");
        for package in packages {
            let licence = text(&package["licenseDeclared"]);
            assert!(!licence.is_empty() && !licence.contains('/'), "{package}");
        }
        // Every package is reached from the document.
        let relations = list["relationships"].as_array().context("relationships")?;
        let mut reached = BTreeSet::new();
        let mut left = VecDeque::from(["SPDXRef-DOCUMENT".to_owned()]);
        while let Some(from) = left.pop_front() {
            for relation in relations.iter().filter(|it| text(&it["spdxElementId"]) == from) {
                let to = text(&relation["relatedSpdxElement"]);
                assert!(ids.contains(&to), "{to} is no package");
                if reached.insert(to.clone()) {
                    left.push_back(to);
                }
            }
        }
        assert_eq!(reached, ids);
        Ok(())
    }
}
