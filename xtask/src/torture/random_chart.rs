//! Random charts of songs.

use super::reference::LEARNED_BEATS;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// Kinds of sections.
const KINDS: [&str; 8] =
    ["intro", "verse", "pre_chorus", "chorus", "bridge", "solo", "break", "outro"];

/// Signs of accents; most steps have none.
const ACCENTS: [char; 8] = ['.', '.', '.', '.', '.', '1', '2', '3'];

/// Returns a chart of the reference's bars, in which every bar may have 24 steps.
pub(super) fn random_chart(seed: u64) -> Value {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let last = LEARNED_BEATS.end.unsigned_abs();
    let mut sections = Vec::new();
    let mut bar = rng.random_range(0..4);
    while bar < last && sections.len() < 64 {
        let kind = KINDS[rng.random_range(0..KINDS.len())];
        let intensity = rng.random_range(0.0..=1.0);
        sections.push(json!({ "start": bar, "kind": kind, "intensity": intensity }));
        bar += rng.random_range(1..12);
    }
    let mut stops = Vec::new();
    let mut bar = 0;
    while bar < last && stops.len() < 64 {
        bar += rng.random_range(1..8);
        let (start, end) = (rng.random_range(0..24), rng.random_range(0..24));
        let bars = rng.random_range(0..3);
        stops.push(json!({
            "start": { "bar": bar, "step": start },
            "end": { "bar": bar + bars, "step": end },
            "pick_up": rng.random_range(0..9),
            "hit": rng.random_bool(0.3),
        }));
        bar += bars;
    }
    let bars = (0..last.min(160)).filter(|_| rng.random_bool(0.5)).collect::<Vec<_>>();
    let mut accents =
        || (0..24).map(|_| ACCENTS[rng.random_range(0..ACCENTS.len())]).collect::<String>();
    let accents: Vec<Value> = bars.into_iter().map(|bar| json!([bar, accents()])).collect();
    let follow = rng.random_range(0.0..=1.0);
    let energy: Vec<Value> = (0..last.min(160))
        .map(|bar| {
            let beat = |_| char::from_digit(rng.random_range(1..15), 16).unwrap_or('.');
            json!([bar, (0..6).map(beat).collect::<String>()])
        })
        .collect();
    json!({
        "sections": sections,
        "stops": stops,
        "accents": { "bar_steps": 24, "bars": accents },
        "follow": follow,
        "energy": { "bar_beats": 6, "bars": energy },
    })
}
