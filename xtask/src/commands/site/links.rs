//! Links between pages: targets within the repository, and their paths in the site.

/// Target of a link or picture within the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Path from the workspace's root, with forward slashes.
    pub(super) path: String,
    /// Heading within the page.
    pub(super) heading: Option<String>,
}

/// Returns the target of a link on a page; `None` for an address on the web.
pub(super) fn local_target(page: &str, link: &str) -> Option<Target> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, heading) = match link.split_once('#') {
        Some((file, heading)) => (file, Some(heading.to_owned())),
        None => (link, None),
    };
    if file.is_empty() {
        return Some(Target { path: page.to_owned(), heading });
    }
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            "." => {}
            // Above the root stays there, where no such file exists.
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(Target { path: parts.join("/"), heading })
}

/// Returns the path of a page in the site.
pub(super) fn html_path(page: &str) -> String {
    match page.strip_suffix(".md") {
        Some("README") => "index.html".to_owned(),
        Some(stem) => format!("{stem}.html"),
        None => page.to_owned(),
    }
}

/// Returns a link of a page as the site has it: to a page of the site instead of its source.
pub(super) fn site_link(page: &str, link: &str) -> String {
    let Some(target) = local_target(page, link) else { return link.to_owned() };
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    if file.is_empty() {
        return link.to_owned();
    }
    let folder = file.rfind('/').map_or("", |slash| &file[..=slash]);
    let name = html_path(&target.path);
    let name = name.rsplit('/').next().unwrap_or_default();
    let mark = if heading.is_empty() { "" } else { "#" };
    format!("{folder}{name}{mark}{heading}")
}
