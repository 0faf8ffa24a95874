//! Just enough Rust syntax to find the modules, imports, and paths of a file.

use super::blank::blank;
use std::collections::HashSet;

/// An imported name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// Path segments; for a glob, those of the module.
    pub(crate) path: Vec<String>,
    /// Name in the importing module; `None` for a glob.
    pub(crate) name: Option<String>,
    /// The import is public: a re-export.
    pub(crate) exported: bool,
}

/// A declaration `mod name;`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Declaration {
    /// Name of the module.
    pub(crate) name: String,
    /// Value of its `#[path]` attribute.
    pub(crate) path: Option<String>,
}

/// A module: a file, or an inline module in it. Test code is left out.
#[derive(Debug, Default)]
pub(crate) struct ModuleSource {
    /// Names of the inline modules around it, from the outside in; empty for the file itself.
    pub(crate) nesting: Vec<String>,
    /// Modules in other files.
    pub(crate) declarations: Vec<Declaration>,
    /// Names from `use` statements.
    pub(crate) imports: Vec<Import>,
    /// Items that are defined here.
    pub(crate) items: HashSet<String>,
    /// Paths of at least two segments outside of `use` statements.
    pub(crate) paths: Vec<Vec<String>>,
    /// All words outside of `use` statements.
    pub(crate) words: HashSet<String>,
}

/// Returns the modules of a file; the first is the file itself.
pub(crate) fn parse(text: &str) -> Vec<ModuleSource> {
    let code = blank(text);
    let tokens = tokens(&code);
    let mut parser = Parser { text, tokens, next: 0, modules: Vec::new() };
    parser.modules.push(ModuleSource::default());
    parser.module(0);
    parser.modules
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Mark(char),
}

/// A token and its byte offset.
type Placed<'a> = (usize, Token<'a>);

/// Splits code without comments and literals into words and single punctuation marks.
fn tokens(code: &str) -> Vec<Placed<'_>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut rest = code.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        if is_word(c) {
            let mut end = at + c.len_utf8();
            while let Some((next, c)) = rest.next_if(|(_, c)| is_word(*c)) {
                end = next + c.len_utf8();
            }
            tokens.push((at, Token::Word(&code[at..end])));
        } else if !c.is_whitespace() {
            tokens.push((at, Token::Mark(c)));
        }
    }
    tokens
}

struct Parser<'a> {
    /// The file with its literals.
    text: &'a str,
    tokens: Vec<Placed<'a>>,
    next: usize,
    modules: Vec<ModuleSource>,
}

/// Attributes in front of an item.
#[derive(Default)]
struct Attributes {
    /// The item is compiled for tests only.
    test: bool,
    path: Option<String>,
}

impl<'a> Parser<'a> {
    fn peek(&self, ahead: usize) -> Option<Token<'a>> {
        self.tokens.get(self.next + ahead).map(|(_, token)| *token)
    }

    fn word(&self, ahead: usize) -> Option<&'a str> {
        match self.peek(ahead) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn is_mark(&self, ahead: usize, mark: char) -> bool {
        self.peek(ahead) == Some(Token::Mark(mark))
    }

    fn is_path_separator(&self, ahead: usize) -> bool {
        self.is_mark(ahead, ':') && self.is_mark(ahead + 1, ':')
    }

    /// Reads a module up to its closing brace or the end of the file.
    fn module(&mut self, module: usize) {
        let mut depth = 0_usize;
        let mut attributes = Attributes::default();
        while let Some(token) = self.peek(0) {
            match token {
                Token::Mark('#') if self.is_mark(1, '[') || self.is_mark(1, '!') => {
                    self.attribute(&mut attributes);
                    continue;
                }
                _ if attributes.test => self.skip_item(),
                Token::Word("pub") => {
                    self.skip_visibility();
                    continue;
                }
                Token::Word("mod") if self.word(1).is_some() => {
                    self.nested_module(module, &attributes);
                }
                Token::Word("use") if !self.is_mark(1, '<') => self.use_statement(module),
                Token::Word(word) => self.words(module, word, depth == 0),
                Token::Mark('{') => {
                    depth += 1;
                    self.next += 1;
                }
                Token::Mark('}') => {
                    self.next += 1;
                    if depth == 0 {
                        return;
                    }
                    depth -= 1;
                }
                Token::Mark(_) => self.next += 1,
            }
            attributes = Attributes::default();
        }
    }

    /// Reads `#[...]` or `#![...]`.
    fn attribute(&mut self, attributes: &mut Attributes) {
        let is_inner = self.is_mark(1, '!');
        self.next += if is_inner { 2 } else { 1 };
        let begin = self.next;
        self.skip_group();
        let group = &self.tokens[begin..self.next];
        let has = |word| group.iter().any(|(_, token)| *token == Token::Word(word));
        let first = group.get(1).map(|(_, token)| *token);
        if is_inner {
            return;
        }
        let is_test = first == Some(Token::Word("test"))
            || first == Some(Token::Word("cfg")) && has("test") && !has("not");
        attributes.test |= is_test;
        if let (Some(Token::Word("path")), Some((begin, _)), Some((end, _))) =
            (first, group.first(), group.last())
        {
            attributes.path = self.text[*begin..*end].split('"').nth(1).map(str::to_owned);
        }
    }

    /// Skips a bracketed group, which begins at the next token.
    fn skip_group(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.peek(0) {
            self.next += 1;
            match token {
                Token::Mark('(' | '[' | '{') => depth += 1,
                Token::Mark(')' | ']' | '}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Skips `pub` or `pub(...)`.
    fn skip_visibility(&mut self) {
        if self.word(0) != Some("pub") {
            return;
        }
        self.next += 1;
        let scope = self.word(1);
        if self.is_mark(0, '(') && matches!(scope, Some("crate" | "super" | "self" | "in")) {
            self.skip_group();
        }
    }

    /// Skips an item, a field, or a statement.
    fn skip_item(&mut self) {
        const KEYWORDS: [&str; 13] = [
            "fn", "mod", "use", "struct", "enum", "impl", "trait", "const", "static", "type",
            "unsafe", "extern", "async",
        ];
        self.skip_visibility();
        let is_item = self.word(0).is_some_and(|word| KEYWORDS.contains(&word));
        let is_use = self.word(0) == Some("use");
        while let Some(token) = self.peek(0) {
            match token {
                Token::Mark('{') if !is_use => return self.skip_group(),
                Token::Mark('(' | '[' | '{') => self.skip_group(),
                Token::Mark(';') => {
                    self.next += 1;
                    return;
                }
                Token::Mark(',') if !is_item => {
                    self.next += 1;
                    return;
                }
                Token::Mark('}') => return,
                _ => self.next += 1,
            }
        }
    }

    /// Reads `mod name;` or an inline module.
    fn nested_module(&mut self, module: usize, attributes: &Attributes) {
        let name = self.word(1).unwrap_or_default().to_owned();
        let is_inline = self.is_mark(2, '{');
        self.next += 3;
        if is_inline {
            let mut nesting = self.modules[module].nesting.clone();
            nesting.push(name);
            self.modules.push(ModuleSource { nesting, ..ModuleSource::default() });
            self.module(self.modules.len() - 1);
        } else {
            let path = attributes.path.clone();
            self.modules[module].declarations.push(Declaration { name, path });
        }
    }

    /// Reads a `use` statement up to its semicolon.
    fn use_statement(&mut self, module: usize) {
        let before = |back: usize| self.next.checked_sub(back).map(|place| self.tokens[place].1);
        let exported = before(1) == Some(Token::Word("pub"))
            || before(1) == Some(Token::Mark(')'))
                && (3..8).any(|back| before(back) == Some(Token::Word("pub")));
        self.next += 1;
        self.use_tree(module, &[], exported);
        if self.is_mark(0, ';') {
            self.next += 1;
        }
    }

    fn use_tree(&mut self, module: usize, prefix: &[String], exported: bool) {
        let mut path = prefix.to_vec();
        loop {
            if self.is_path_separator(0) {
                self.next += 2;
            } else if self.is_mark(0, '*') {
                self.next += 1;
                self.modules[module].imports.push(Import { path, name: None, exported });
                return;
            } else if self.is_mark(0, '{') {
                self.next += 1;
                while !self.is_mark(0, '}') && self.peek(0).is_some() {
                    let before = self.next;
                    self.use_tree(module, &path, exported);
                    if self.is_mark(0, ',') || self.next == before {
                        self.next += 1;
                    }
                }
                self.next += 1;
                return;
            } else if let Some(word) = self.word(0).filter(|word| *word != "as") {
                self.next += 1;
                if word != "self" || path.is_empty() {
                    path.push(word.to_owned());
                }
            } else {
                break;
            }
        }
        let mut name = path.last().cloned();
        if self.word(0) == Some("as") {
            name = self.word(1).map(str::to_owned);
            self.next += 2;
        }
        self.modules[module].imports.push(Import { path, name, exported });
    }

    /// Reads a word, with the path that it begins or the item that it defines.
    fn words(&mut self, module: usize, word: &str, is_outside: bool) {
        const DEFINITIONS: [&str; 9] =
            ["fn", "struct", "enum", "union", "trait", "type", "const", "static", "macro_rules"];
        let module = &mut self.modules[module];
        module.words.insert(word.to_owned());
        let token = |ahead: usize| self.tokens.get(ahead).map(|(_, token)| *token);
        if is_outside && DEFINITIONS.contains(&word) {
            let skipped = usize::from(token(self.next + 1) == Some(Token::Mark('!')));
            if let Some(Token::Word(name)) = token(self.next + 1 + skipped) {
                module.items.insert(name.to_owned());
            }
        }
        let mut path = vec![word.to_owned()];
        self.next += 1;
        while token(self.next) == Some(Token::Mark(':'))
            && token(self.next + 1) == Some(Token::Mark(':'))
            && let Some(Token::Word(segment)) = token(self.next + 2)
        {
            path.push(segment.to_owned());
            module.words.insert(segment.to_owned());
            self.next += 3;
        }
        if path.len() > 1 {
            module.paths.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(module: &ModuleSource) -> Vec<String> {
        module.paths.iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn nested_use_statements_are_flattened() {
        let modules = parse("pub(crate) use a::{self, b::C as D, e::*};\nuse super::f;");
        let imports: Vec<_> = modules[0]
            .imports
            .iter()
            .map(|it| (it.path.join("::"), it.name.as_deref(), it.exported))
            .collect();
        assert_eq!(
            imports,
            [
                ("a".into(), Some("a"), true),
                ("a::b::C".into(), Some("D"), true),
                ("a::e".into(), None, true),
                ("super::f".into(), Some("f"), false),
            ]
        );
    }

    #[test]
    fn paths_items_and_inline_modules_are_found() {
        let modules = parse(
            "mod a; #[path = \"c.rs\"] mod b;\npub fn f() -> crate::x::Y { super::z::<T>() }\n\
             mod inner { fn g() { super::h::i(); } }",
        );
        assert_eq!(paths(&modules[0]), ["crate::x::Y", "super::z"]);
        assert!(modules[0].items.contains("f") && !modules[0].items.contains("g"));
        let [a, b] = &modules[0].declarations[..] else { panic!("two modules") };
        assert_eq!((a.name.as_str(), &a.path), ("a", &None));
        assert_eq!((b.name.as_str(), b.path.as_deref()), ("b", Some("c.rs")));
        assert_eq!(modules[1].nesting, ["inner"]);
        assert_eq!(paths(&modules[1]), ["super::h::i"]);
    }

    #[test]
    fn test_code_is_skipped() {
        let modules = parse(
            "#[cfg(test)] use a::{b, c};\n#[cfg(test)] mod d;\n#[cfg(all(test, unix))]\n\
             mod tests { fn e() { f::g() } }\nstruct S { #[cfg(test)] h: i::J, k: l::M }\n\
             #[cfg(not(test))] mod n;\n#[test] fn o() { p::q() }\nfn r() { s::t() }",
        );
        assert_eq!(paths(&modules[0]), ["l::M", "s::t"]);
        assert_eq!(modules[0].imports, []);
        assert_eq!(modules[0].declarations.len(), 1);
        assert_eq!(modules.len(), 1);
    }
}
