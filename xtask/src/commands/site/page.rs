//! One page: Markdown to HTML, with its headings and links.

use super::links::{Target, local_target, site_link};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use std::collections::BTreeSet;

/// A page of the site.
pub(super) struct Page {
    path: String,
    /// Text of the first heading.
    pub(super) title: String,
    /// Names of the headings in links.
    pub(super) headings: BTreeSet<String>,
    /// Links and pictures, as written.
    links: Vec<String>,
    pub(super) html: String,
}

impl Page {
    /// Reads a page from its source.
    pub(super) fn read(path: &str, text: &str) -> Page {
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
        let mut events: Vec<Event> = Parser::new_ext(text, options).collect();
        let mut page = Page {
            path: path.to_owned(),
            title: String::new(),
            headings: BTreeSet::new(),
            links: Vec::new(),
            html: String::new(),
        };
        for place in 0..events.len() {
            if let Event::Start(Tag::Heading { .. }) = events[place] {
                let title = heading_text(&events[place + 1..]);
                let name = page.name_heading(&title);
                if let Event::Start(Tag::Heading { id, .. }) = &mut events[place] {
                    *id = Some(CowStr::from(name));
                }
                if page.title.is_empty() {
                    page.title = escaped(&title);
                }
            }
            if let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) =
                &mut events[place]
            {
                page.links.push(dest_url.to_string());
                *dest_url = CowStr::from(site_link(path, dest_url));
            }
        }
        html::push_html(&mut page.html, events.into_iter());
        // A wide table scrolls by itself on a narrow screen.
        page.html = page.html.replace("<table>", "<div class=\"wide\"><table>");
        page.html = page.html.replace("</table>", "</table></div>");
        page
    }

    /// Returns the targets of links and pictures within the repository.
    pub(super) fn targets(&self) -> impl Iterator<Item = Target> {
        self.links.iter().filter_map(|link| local_target(&self.path, link))
    }

    /// Adds a heading and returns its name in links, as GitHub makes it: lower case, hyphens for
    /// spaces, no punctuation, and a number if there is another of that name.
    fn name_heading(&mut self, title: &str) -> String {
        let plain: String = title
            .to_lowercase()
            .chars()
            .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter))
            .map(|letter| if letter == ' ' { '-' } else { letter })
            .collect();
        let numbered = (1..).map(|number| format!("{plain}-{number}"));
        let mut names = std::iter::once(plain.clone()).chain(numbered);
        let name = names.find(|name| !self.headings.contains(name)).unwrap_or(plain);
        self.headings.insert(name.clone());
        name
    }
}

/// Returns the text of the heading that the events continue.
fn heading_text(events: &[Event<'_>]) -> String {
    let inside = events.iter().take_while(|it| !matches!(it, Event::End(TagEnd::Heading(_))));
    let texts = inside.filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
        _ => None,
    });
    texts.collect()
}

/// Returns a text without the characters that HTML reserves.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
