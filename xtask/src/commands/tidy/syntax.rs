//! Modules, imports, and paths of a Rust file, read from its tokens.

use proc_macro2::{Delimiter, LexError, TokenStream, TokenTree};
use std::collections::HashSet;

/// An imported name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImportedName {
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
    pub(crate) imports: Vec<ImportedName>,
    /// Items that are defined here.
    pub(crate) items: HashSet<String>,
    /// Paths of at least two segments outside of `use` statements.
    pub(crate) paths: Vec<Vec<String>>,
    /// All words outside of `use` statements.
    pub(crate) words: HashSet<String>,
}

/// Returns the modules of a file; the first is the file itself.
///
/// # Errors
/// If the file does not consist of Rust tokens.
pub(crate) fn parse(text: &str) -> Result<Vec<ModuleSource>, LexError> {
    let mut modules = Modules(vec![ModuleSource::default()]);
    modules.read(0, &tokens(text.parse()?), true);
    Ok(modules.0)
}

/// Returns the words and marks of code with their lines, without comments and literals.
///
/// # Errors
/// If it does not consist of Rust tokens.
pub(crate) fn words_and_marks(code: &str) -> Result<Vec<(String, usize)>, LexError> {
    fn add(stream: TokenStream, found: &mut Vec<(String, usize)>) {
        for tree in stream {
            match tree {
                TokenTree::Group(group) => add(group.stream(), found),
                TokenTree::Literal(_) => {}
                tree => found.push((tree.to_string(), tree.span().start().line)),
            }
        }
    }
    let mut found = Vec::new();
    add(code.parse()?, &mut found);
    Ok(found)
}

/// A [`TokenTree`] that patterns can match.
enum Token {
    Word(String),
    Mark(char),
    Literal(String),
    Group(Delimiter, Vec<Token>),
}

use Token::{Group, Literal, Mark, Word};

fn tokens(stream: TokenStream) -> Vec<Token> {
    let token = |tree| match tree {
        TokenTree::Ident(word) => Word(word.to_string()),
        TokenTree::Punct(mark) => Mark(mark.as_char()),
        TokenTree::Literal(literal) => Literal(literal.to_string()),
        TokenTree::Group(group) => Group(group.delimiter(), tokens(group.stream())),
    };
    stream.into_iter().map(token).collect()
}

/// Attributes and visibility in front of an item.
#[derive(Default)]
struct ItemPrefix {
    /// The item is compiled for tests only.
    test: bool,
    path: Option<String>,
    public: bool,
}

impl ItemPrefix {
    /// Adds an attribute, without its brackets.
    fn add(&mut self, attribute: &[Token]) {
        match attribute {
            [Word(name)] if name == "test" => self.test = true,
            [Word(name), Group(_, when)] if name == "cfg" => {
                self.test |= has_word(when, "test") && !has_word(when, "not");
            }
            [Word(name), Mark('='), Literal(path)] if name == "path" => {
                self.path = Some(path.trim_matches('"').to_owned());
            }
            _ => {}
        }
    }
}

fn has_word(tokens: &[Token], word: &str) -> bool {
    tokens.iter().any(|token| match token {
        Word(found) => found == word,
        Group(_, inside) => has_word(inside, word),
        Mark(_) | Literal(_) => false,
    })
}

/// Splits `pub` or `pub(...)` off.
fn split_visibility(tokens: &[Token]) -> Option<&[Token]> {
    let (_, rest) = tokens.split_first().filter(|(first, _)| is_word(first, &["pub"]))?;
    match rest {
        [Group(Delimiter::Parenthesis, scope), after @ ..]
            if scope.first().is_some_and(|it| is_word(it, &["crate", "super", "self", "in"])) =>
        {
            Some(after)
        }
        _ => Some(rest),
    }
}

fn is_word(token: &Token, words: &[&str]) -> bool {
    matches!(token, Word(word) if words.contains(&word.as_str()))
}

/// Returns the tokens after an item, a field, or a statement.
fn after_item(tokens: &[Token]) -> &[Token] {
    const KEYWORDS: [&str; 13] = [
        "fn", "mod", "use", "struct", "enum", "impl", "trait", "const", "static", "type", "unsafe",
        "extern", "async",
    ];
    let tokens = split_visibility(tokens).unwrap_or(tokens);
    let begins = |words: &[&str]| tokens.first().is_some_and(|first| is_word(first, words));
    let (is_item, is_use) = (begins(&KEYWORDS), begins(&["use"]));
    let ends = |token: &Token| match token {
        Group(Delimiter::Brace, _) => !is_use,
        Mark(';') => true,
        Mark(',') => !is_item,
        _ => false,
    };
    tokens.iter().position(ends).map_or(&[], |end| &tokens[end + 1..])
}

/// The modules of a file that have been found.
struct Modules(Vec<ModuleSource>);

impl Modules {
    /// Reads the tokens of a module, or of a group in it.
    fn read(&mut self, module: usize, mut rest: &[Token], is_outside: bool) {
        let mut prefix = ItemPrefix::default();
        while let Some((first, after)) = rest.split_first() {
            let is_prefix;
            (is_prefix, rest) = match (first, after) {
                (Mark('#'), [Mark('!'), Group(..), after @ ..]) => (true, after),
                (Mark('#'), [Group(_, attribute), after @ ..]) => {
                    prefix.add(attribute);
                    (true, after)
                }
                _ if prefix.test => (false, after_item(rest)),
                _ if let Some(after) = split_visibility(rest) => {
                    prefix.public = true;
                    (true, after)
                }
                (Word(first), [Word(name), Group(Delimiter::Brace, inside), after @ ..])
                    if first == "mod" =>
                {
                    let nesting =
                        [self.0[module].nesting.as_slice(), std::slice::from_ref(name)].concat();
                    self.0.push(ModuleSource { nesting, ..ModuleSource::default() });
                    self.read(self.0.len() - 1, inside, true);
                    (false, after)
                }
                (Word(first), [Word(name), Mark(';'), after @ ..]) if first == "mod" => {
                    let declaration = Declaration { name: name.clone(), path: prefix.path.take() };
                    self.0[module].declarations.push(declaration);
                    (false, after)
                }
                (Word(first), after) if first == "use" && !matches!(after, [Mark('<'), ..]) => {
                    (false, self.use_tree(module, after, &[], prefix.public))
                }
                (Word(first), after) => (false, self.words(module, first, after, is_outside)),
                (Group(_, inside), after) => {
                    self.read(module, inside, false);
                    (false, after)
                }
                (Mark(_) | Literal(_), after) => (false, after),
            };
            if !is_prefix {
                prefix = ItemPrefix::default();
            }
        }
    }

    /// Reads a part of a `use` statement and returns the tokens after it.
    fn use_tree<'a>(
        &mut self,
        module: usize,
        mut rest: &'a [Token],
        prefix: &[String],
        exported: bool,
    ) -> &'a [Token] {
        let mut path = prefix.to_vec();
        let name = loop {
            rest = match rest {
                [Mark(':'), Mark(':'), after @ ..] => after,
                [Mark('*'), after @ ..] => {
                    rest = after;
                    break None;
                }
                [Group(_, parts), after @ ..] => {
                    let mut parts = parts.as_slice();
                    while !parts.is_empty() {
                        let end = self.use_tree(module, parts, &path, exported);
                        // A comma follows each part.
                        parts = end.split_first().map_or(&[], |(_, after)| after);
                    }
                    return after;
                }
                [Word(renamed), Word(name), after @ ..] if renamed == "as" => {
                    rest = after;
                    break Some(name.clone());
                }
                [Word(word), after @ ..] => {
                    if word != "self" || path.is_empty() {
                        path.push(word.clone());
                    }
                    after
                }
                _ => break path.last().cloned(),
            };
        };
        self.0[module].imports.push(ImportedName { path, name, exported });
        rest
    }

    /// Reads a word, with the path that it begins or the item that it defines, and returns the
    /// tokens after it.
    fn words<'a>(
        &mut self,
        module: usize,
        word: &str,
        mut rest: &'a [Token],
        is_outside: bool,
    ) -> &'a [Token] {
        const DEFINITIONS: [&str; 9] =
            ["fn", "struct", "enum", "union", "trait", "type", "const", "static", "macro_rules"];
        let module = &mut self.0[module];
        if is_outside
            && DEFINITIONS.contains(&word)
            && let [Word(name), ..] | [Mark('!'), Word(name), ..] = rest
        {
            module.items.insert(name.clone());
        }
        let mut path = vec![word.to_owned()];
        while let [Mark(':'), Mark(':'), Word(segment), after @ ..] = rest {
            path.push(segment.clone());
            rest = after;
        }
        module.words.extend(path.iter().cloned());
        if path.len() > 1 {
            module.paths.push(path);
        }
        rest
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
        let modules = parse("pub(crate) use a::{self, b::C as D, e::*};\nuse super::f;").unwrap();
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
        )
        .unwrap();
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
        )
        .unwrap();
        assert_eq!(paths(&modules[0]), ["l::M", "s::t"]);
        assert_eq!(modules[0].imports, []);
        assert_eq!(modules[0].declarations.len(), 1);
        assert_eq!(modules.len(), 1);
    }
}
