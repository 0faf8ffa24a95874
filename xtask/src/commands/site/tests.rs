//! Tests of the site: the real pages, and a small site with every kind of broken link.

use super::links::{local_target, site_link};
use super::*;

fn broken(pages: &[(&str, &str)]) -> Result<Vec<String>> {
    let root = tempfile::tempdir()?;
    fs::create_dir(root.path().join("docs"))?;
    for (path, text) in pages {
        fs::write(root.path().join(path), text)?;
    }
    Ok(Site::read(root.path())?.faults)
}

#[test]
fn site_links_and_pictures_of_all_pages_lead_somewhere() -> Result<()> {
    let workspace = Workspace::find()?;
    let site = Site::read(&workspace.root)?;
    assert_eq!(site.faults, Vec::<String>::new());
    for (page, _) in MENU {
        assert!(site.pages.contains_key(page), "{page} of the menu is missing");
    }
    let folder = tempfile::tempdir()?;
    site.write(&workspace.root, folder.path())?;
    // The written pages, too, as a browser reads them.
    for path in site.pages.keys() {
        let path = links::html_path(path);
        let html = fs::read_to_string(folder.path().join(&path))?;
        assert!(html.contains("<h1"), "{path} has no heading");
        for attribute in ["href=\"", "src=\""] {
            for link in html.split(attribute).skip(1) {
                let link = link.split('"').next().unwrap_or_default();
                let Some(target) = local_target(&path, link) else { continue };
                assert!(folder.path().join(&target.path).is_file(), "{path}: {link}");
                assert!(!is_page(&target.path), "{path}: {link} is a source");
            }
        }
    }
    Ok(())
}

#[test]
fn site_faults_name_page_and_link() -> Result<()> {
    let good = "# A\n\n[b](docs/b.md#two-words) [web](https://example.org/x.md) [here](#a)\n";
    assert!(broken(&[("README.md", good), ("docs/b.md", "# B\n\n## Two *words*\n")])?.is_empty());
    for (text, fault) in [
        ("[x](docs/none.md)", "README.md links to docs/none.md, which is no file."),
        ("![x](picture.png)", "README.md links to picture.png, which is no file."),
        ("[x](docs)", "README.md links to docs, which is no file."),
        ("[x](../README.md)", "README.md links to ../README.md, which is no file."),
        ("[x](docs/b.md#three)", "README.md links to docs/b.md#three, which is no heading."),
        ("[x](#none)", "README.md links to README.md#none, which is no heading."),
    ] {
        let text = format!("# A\n\n{text}\n");
        assert_eq!(broken(&[("README.md", &text), ("docs/b.md", "# B\n")])?, [fault]);
    }
    Ok(())
}

#[test]
fn site_links_lead_to_pages_instead_of_sources() {
    for (page, link, written) in [
        ("README.md", "docs/a.md#b", "docs/a.html#b"),
        ("docs/a.md", "../README.md", "../index.html"),
        ("docs/a.md", "b.md", "b.html"),
        ("README.md", "assets/patterns/README.md", "assets/patterns/README.html"),
        ("docs/a.md", "#b", "#b"),
        ("docs/a.md", "a/picture.png", "a/picture.png"),
        ("docs/a.md", "https://example.org/a.md", "https://example.org/a.md"),
    ] {
        assert_eq!(site_link(page, link), written);
    }
}

#[test]
fn site_pages_escape_text_and_number_equal_headings() {
    let page =
        Page::read("docs/a.md", "# Bits & `<pieces>`\n\n## One\n\n## One\n\n| a |\n|---|\n| 1 |\n");
    assert_eq!(page.title, "Bits &amp; &lt;pieces&gt;");
    let headings: Vec<&str> = page.headings.iter().map(String::as_str).collect();
    assert_eq!(headings, ["bits--pieces", "one", "one-1"]);
    assert!(page.html.contains("<h2 id=\"one-1\">One</h2>"), "{}", page.html);
    assert!(page.html.contains("<div class=\"wide\"><table>"));
}
