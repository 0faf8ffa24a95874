//! Scenarios of saved and damaged states.

use crate::common::recording::Recording;
use crate::common::setup::{Load, SONG, TAKE, ready};
use crate::common::timing::play;
use anyhow::Result;
use xtask::host::saved_state::{body, framed};

pub fn a_saved_state_plays_the_same_in_a_new_instance(load: Load) -> Result<()> {
    let usual = play(&mut *load(), &SONG, 0.0, 16.0)?;
    let mut host = load();
    host.set(TAKE, 0.37)?;
    ready(&mut *host, &SONG)?;
    // The plugin receives the change with a block.
    SONG.roll_stopped(&mut *host, 0.0, 480)?;
    let other = play(&mut *host, &SONG, 0.0, 16.0)?;
    assert_ne!(usual, other, "another take plays the same");
    let state = host.save()?;
    let parameters = host.parameters();
    drop(host);
    // Loads the state before activation, and while playing.
    let mut fresh = load();
    fresh.load(&state)?;
    assert_eq!(parameters, fresh.parameters());
    assert_eq!(other, play(&mut *fresh, &SONG, 0.0, 16.0)?);
    let mut playing = load();
    ready(&mut *playing, &SONG)?;
    let mut heard = Recording::default();
    heard.roll(&SONG, &mut *playing, 0.0, SONG.samples(2.0))?;
    playing.load(&state)?;
    // Stopping ends the sounding notes.
    heard.stop(&SONG, &mut *playing, 2.0)?;
    assert_eq!(other, play(&mut *playing, &SONG, 0.0, 16.0)?);
    Ok(())
}

pub fn a_damaged_state_does_no_harm(load: Load) -> Result<()> {
    let mut host = load();
    let whole = host.save()?;
    let body = body(&whole);
    let mut states = vec![Vec::new(), vec![0], vec![0xff; 100]];
    // Damage to the whole state, including the framework's length prefix.
    states.extend((0..8).map(|eighth| whole[..whole.len() * eighth / 8].to_vec()));
    // Damage to the plugin's own part, with a correct length prefix.
    let mut bodies = vec![Vec::new(), b"{}".to_vec(), b"null".to_vec(), vec![b'['; 100_000]];
    bodies.extend((0..body.len()).step_by(body.len() / 40 + 1).map(|place| {
        let mut body = body.to_vec();
        body[place] ^= 0x15;
        body
    }));
    let text = String::from_utf8_lossy(body);
    for number in ["-1", "1e308", "NaN", "99999999999999999999", "null", "\"x\"", "[]"] {
        bodies.push(with_numbers(&text, number).into_bytes());
    }
    states.extend(bodies.iter().map(|body| framed(&whole, body)));
    let mut taken = 0;
    for state in &states {
        taken += usize::from(host.load(state).is_ok());
        ready(&mut *host, &SONG)?;
        let mut heard = Recording::default();
        heard.roll(&SONG, &mut *host, 0.0, SONG.samples(1.0))?;
        heard.stop(&SONG, &mut *host, 1.0)?;
        heard.notes()?;
    }
    println!("{} damaged states, {taken} taken", states.len());
    host.load(&whole)?;
    let usual = play(&mut *load(), &SONG, 0.0, 8.0)?;
    assert_eq!(usual, play(&mut *host, &SONG, 0.0, 8.0)?, "after all the damage");
    Ok(())
}

/// Replaces every number in a text.
fn with_numbers(text: &str, number: &str) -> String {
    let mut out = String::new();
    let mut in_number = false;
    for c in text.chars() {
        let numeric = c.is_ascii_digit() || (in_number && matches!(c, '.' | 'e'));
        if numeric && !in_number {
            out.push_str(number);
        } else if !numeric {
            out.push(c);
        }
        in_number = numeric;
    }
    out
}
