//! The page of a listening test: texts, script, clips, and the key that the script applies when the
//! answers are exported.

use std::fmt::Write as _;

use serde_json::json;

use super::clips::{Pair, Source};
use super::power::{answers_to_equate, answers_to_tell};

const TEMPLATE: &str = include_str!("page.html");

/// Shares of right answers in the table of needed listeners.
const SHARES: [f64; 5] = [0.55, 0.6, 0.65, 0.7, 0.75];

/// Estimated time of an answer, in seconds.
const SECONDS: usize = 30;

/// Returns the page.
pub(super) fn page(pairs: &[Pair], model: &str) -> String {
    let of_pair = |(number, pair): (usize, &Pair)| {
        let clips = pair.clips.each_ref().map(|(_, bytes)| base64(bytes));
        json!({ "id": number + 1, "style": pair.style, "tempo": pair.tempo, "clips": clips })
    };
    let letters = |pair: &Pair| -> String {
        let letter = |source| if source == Source::Model { 'm' } else { 'd' };
        pair.clips.iter().map(|(source, _)| letter(*source)).collect()
    };
    let data: Vec<_> = pairs.iter().enumerate().map(of_pair).collect();
    let key = json!({ "model": model, "clips": pairs.iter().map(letters).collect::<Vec<_>>() });
    let mixed = pairs.iter().filter(|pair| pair.clips[0].0 != pair.clips[1].0).count();
    let listeners = |answers: f64| (answers / mixed as f64).ceil();
    let mut power = String::new();
    for share in SHARES {
        let answers = answers_to_tell(share);
        // Writing to a string does not fail.
        let _ = writeln!(
            power,
            "<tr><td>{share:.2}</td><td>{answers}</td><td>{}</td></tr>",
            listeners(answers)
        );
    }
    let equal = answers_to_equate(0.1);
    // In a script element nothing may look like a tag.
    let script = |value: String| value.replace('<', "\\u003c");
    TEMPLATE
        .replace("{count}", &pairs.len().to_string())
        .replace("{minutes}", &(pairs.len() * SECONDS).div_ceil(60).to_string())
        .replace("{power}", power.trim_end())
        .replace("{equal_answers}", &equal.to_string())
        .replace("{equal_listeners}", &listeners(equal).to_string())
        .replace("{pairs}", &script(json!(data).to_string()))
        .replace("{key}", &script(key.to_string()))
}

/// Encodes bytes in base 64, as RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |place: usize| usize::from(chunk.get(place).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let letter = LETTERS[word >> (18 - 6 * place) & 63];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::listening_test::clips::tests::small_pairs;
    use serde_json::Value;

    #[test]
    fn bytes_are_encoded_as_in_the_standard() {
        let all = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let encoded = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        assert_eq!(all.map(|text| base64(text.as_bytes())), encoded);
    }

    /// The JSON of a script element.
    fn block(page: &str, id: &str) -> Value {
        let start = format!("<script type=\"application/json\" id=\"{id}\">");
        let (_, rest) = page.split_once(&start).expect("the element");
        let (text, _) = rest.split_once("</script>").expect("its end");
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn only_the_key_tells_the_clips_apart() {
        let mut pairs = small_pairs(4);
        pairs[0].style = "</script>".into();
        let page = page(&pairs, "Mine");
        let (data, key) = (block(&page, "pairs"), block(&page, "key"));
        let data = data.as_array().expect("pairs");
        assert_eq!((data.len(), &data[0]["style"]), (8, &Value::from("</script>")));
        for (number, pair) in data.iter().enumerate() {
            let names: Vec<&String> = pair.as_object().expect("an object").keys().collect();
            assert_eq!(names, ["clips", "id", "style", "tempo"]);
            assert_eq!(pair["id"], number + 1);
            let [a, b] = [0, 1].map(|side| pair["clips"][side].as_str().expect("a file"));
            assert_eq!((a.len(), &a[..58]), (b.len(), &b[..58]), "equal headers");
            for (side, clip) in [a, b].into_iter().enumerate() {
                let (source, bytes) = &pairs[number].clips[side];
                assert_eq!(clip, base64(bytes));
                let letters = key["clips"][number].as_str().expect("letters");
                let letter = letters.chars().nth(side).expect("a letter");
                assert_eq!(letter == 'm', *source == Source::Model);
            }
        }
        // Without the clips and the key nothing is left of either.
        assert_eq!(page.matches("Mine").count(), 1);
        assert!(!page.contains("{count}") && !page.contains("{power}"));
        let tags = |tag: &str| page.matches(&format!("<{tag}")).count();
        for tag in ["section", "script", "table", "details", "button", "main", "html"] {
            assert_eq!(tags(tag), page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
        assert!(!page.contains("http://") && !page.contains("https://"), "self-contained");
    }

    #[test]
    fn the_table_of_listeners_divides_by_the_mixed_pairs() {
        let page = page(&small_pairs(4), "");
        assert!(page.contains("<tr><td>0.60</td><td>153</td><td>39</td></tr>"));
        assert!(page.contains("takes 215 answers, 54 listeners"));
    }
}
