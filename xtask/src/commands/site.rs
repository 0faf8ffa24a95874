//! `cargo xtask site`: README and `docs` as a static site in `target/site`.
//!
//! Every Markdown file that README or a page of `docs` links to is a page as well, and every other
//! linked file is copied. A link or picture that leads nowhere is an error.

mod links;
mod page;

use anyhow::{Context, Result, bail};
use links::Target;
use page::Page;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use xtask::workspace::Workspace;

/// Pages of the menu at the top, with their titles there. Other pages are reached by links.
const MENU: [(&str, &str); 9] = [
    ("README.md", "Deep Pocket"),
    ("docs/first-use.md", "First session"),
    ("docs/routing.md", "Routing"),
    ("docs/faq.md", "Questions"),
    ("docs/presets.md", "Presets"),
    ("docs/clips.md", "Clips"),
    ("docs/kit.md", "Kit"),
    ("docs/training-data.md", "Training data"),
    ("CHANGELOG.md", "Changes"),
];

const STYLE: &str = include_str!("site/style.css");

/// Pages and files of the site, and what is wrong with its links.
struct Site {
    /// Pages by the path of their source.
    pages: BTreeMap<String, Page>,
    /// Other files that pages link to or show.
    files: BTreeSet<String>,
    faults: Vec<String>,
}

/// Writes the site and returns the path of its first page.
///
/// # Errors
/// If a link or picture leads nowhere, or a file cannot be read or written.
pub(crate) fn site(workspace: &Workspace) -> Result<PathBuf> {
    let site = Site::read(&workspace.root)?;
    if !site.faults.is_empty() {
        bail!("{}", site.faults.join("\n"));
    }
    let folder = workspace.target.join("site");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    site.write(&workspace.root, &folder)?;
    Ok(folder.join("index.html"))
}

impl Site {
    /// Reads README, `docs`, and all that they link to.
    fn read(root: &Path) -> Result<Site> {
        let mut site = Site { pages: BTreeMap::new(), files: BTreeSet::new(), faults: Vec::new() };
        let menu = MENU.iter().map(|(path, _)| *path);
        let mut left: Vec<String> =
            menu.filter(|path| root.join(path).is_file()).map(str::to_owned).collect();
        for entry in fs::read_dir(root.join("docs"))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if is_page(&name) {
                left.push(format!("docs/{name}"));
            }
        }
        while let Some(path) = left.pop() {
            if site.pages.contains_key(&path) {
                continue;
            }
            let text = fs::read_to_string(root.join(&path))
                .with_context(|| format!("{path} cannot be read"))?;
            let page = Page::read(&path, &text);
            for Target { path: to, .. } in page.targets() {
                if !root.join(&to).is_file() {
                    site.faults.push(format!("{path} links to {to}, which is no file."));
                } else if is_page(&to) {
                    left.push(to);
                } else {
                    site.files.insert(to);
                }
            }
            site.pages.insert(path, page);
        }
        site.check_headings();
        Ok(site)
    }

    /// Finds links to headings that do not exist.
    fn check_headings(&mut self) {
        for (path, page) in &self.pages {
            for Target { path: to, heading } in page.targets() {
                let (Some(heading), Some(target)) = (heading, self.pages.get(&to)) else {
                    continue;
                };
                if !target.headings.contains(&heading) {
                    let fault = format!("{path} links to {to}#{heading}, which is no heading.");
                    self.faults.push(fault);
                }
            }
        }
    }

    fn write(&self, root: &Path, folder: &Path) -> Result<()> {
        let put = |path: &str, bytes: &[u8]| -> Result<()> {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().context("a page has no folder")?)?;
            fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))
        };
        put("style.css", STYLE.as_bytes())?;
        for (path, page) in &self.pages {
            put(&links::html_path(path), self.html(path, page).as_bytes())?;
        }
        for path in &self.files {
            put(path, &fs::read(root.join(path))?)?;
        }
        Ok(())
    }

    /// Returns a page with its head and the menu.
    fn html(&self, path: &str, page: &Page) -> String {
        let up = "../".repeat(path.matches('/').count());
        let menu: String = MENU
            .iter()
            .filter(|(to, _)| self.pages.contains_key(*to))
            .map(|(to, title)| {
                let here = if *to == path { " aria-current=\"page\"" } else { "" };
                format!("<a href=\"{up}{}\"{here}>{title}</a>\n", links::html_path(to))
            })
            .collect();
        let title = match path {
            "README.md" => page.title.clone(),
            _ => format!("{} · Deep Pocket", page.title),
        };
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<link rel=\"stylesheet\" href=\"{up}style.css\">\n</head>\n\
             <body>\n<nav aria-label=\"Pages\">\n{menu}</nav>\n<main>\n{}</main>\n</body>\n</html>\n",
            page.html
        )
    }
}

/// Returns `true` for a Markdown file.
fn is_page(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|ending| ending == "md")
}

#[cfg(test)]
mod tests;
