//! Rust code without its comments and literals.

/// Replaces comments and literals by spaces of the same length.
pub(crate) fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = if rest.starts_with(b"//") {
            rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            block_comment(rest)
        } else {
            string(rest).filter(|_| !continues_word(bytes, at)).unwrap_or(0)
        };
        for byte in out[at..at + length].iter_mut().filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
        at += length.max(1);
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Returns true if the byte before a position belongs to a word.
fn continues_word(bytes: &[u8], at: usize) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    is_word(&bytes[at]) && at.checked_sub(1).is_some_and(|before| is_word(&bytes[before]))
}

/// Returns the length of a block comment, which may contain others.
fn block_comment(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if rest[at..].starts_with(b"*/") {
            (at, depth) = (at + 2, depth - 1);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Returns the length of the string or character literal that begins here, if one does.
fn string(rest: &[u8]) -> Option<usize> {
    let prefix = rest.iter().take_while(|byte| b"bcr".contains(byte)).count();
    let hashes = rest[prefix..].iter().take_while(|&&byte| byte == b'#').count();
    let is_raw = rest[..prefix].contains(&b'r');
    let begin = prefix + hashes;
    match rest.get(begin)? {
        b'"' if is_raw => {
            let end = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
            let inside = &rest[begin + 1..];
            let length = inside.windows(end.len()).position(|window| window == end)?;
            Some(begin + 1 + length + end.len())
        }
        b'"' if hashes == 0 => Some(begin + closing(&rest[begin..], b'"')?),
        // A lifetime has no closing quote.
        b'\'' if hashes == 0 => {
            let inside = rest.get(begin + 1..)?;
            let length = std::str::from_utf8(&inside[..inside.len().min(4)])
                .map_or_else(|error| error.valid_up_to(), str::len);
            let first = std::str::from_utf8(&inside[..length]).ok()?.chars().next()?;
            if first != '\\' && inside.get(first.len_utf8()) != Some(&b'\'') {
                return None;
            }
            Some(begin + closing(&rest[begin..], b'\'')?)
        }
        _ => None,
    }
}

/// Returns the length of a literal with escapes, from its opening to its closing quote.
fn closing(rest: &[u8], quote: u8) -> Option<usize> {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_characters_are_blanked() {
        let text = r##"a("x::y"); // b::c
/* d::e /* f */ */ 'g'; '\''; r#"h::i"# b"j" fn k<'l>() -> &'l str"##;
        let code = blank(text);
        assert_eq!(code.len(), text.len());
        let words: Vec<&str> = code.split_whitespace().collect();
        assert_eq!(words, ["a(", ");", ";", ";", "fn", "k<'l>()", "->", "&'l", "str"]);
    }
}
