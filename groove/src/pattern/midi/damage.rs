//! Deviations of damaged tracks from the format, and the sentences that name them.

/// A deviation from the format. The reader goes on after each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deviation {
    /// A running status after a meta or system event, which ends it.
    RunningStatus,
    /// A time of more than four bytes.
    LongTime,
    /// An event without a time.
    MissingTime,
    /// A message of a MIDI cable, such as a clock.
    SystemMessage,
    /// Bytes that are no event, with their number.
    Skipped(usize),
}

/// Deviations of a track, counted by kind.
#[derive(Debug, Default)]
pub(super) struct Damage {
    /// Number of faults or bytes of a kind, with the tick of the first.
    running_status: Option<(usize, u64)>,
    long_time: Option<(usize, u64)>,
    missing_time: Option<(usize, u64)>,
    system_message: Option<(usize, u64)>,
    skipped: Option<(usize, u64)>,
}

impl Damage {
    /// Counts a fault at a tick from the track's start.
    pub(super) fn count(&mut self, fault: Deviation, tick: u64) {
        let (counted, number) = match fault {
            Deviation::RunningStatus => (&mut self.running_status, 1),
            Deviation::LongTime => (&mut self.long_time, 1),
            Deviation::MissingTime => (&mut self.missing_time, 1),
            Deviation::SystemMessage => (&mut self.system_message, 1),
            Deviation::Skipped(bytes) => (&mut self.skipped, bytes),
        };
        counted.get_or_insert((0, tick)).0 += number;
    }

    /// One sentence for each kind of fault. `beat` is the place of a tick.
    pub(super) fn sentences(&self, track: usize, beat: impl Fn(u64) -> String) -> Vec<String> {
        let one_byte = self.skipped.is_some_and(|(number, _)| number == 1);
        let skipped = match one_byte {
            true => "that is no MIDI event, skipped",
            false => "that are no MIDI events, skipped",
        };
        let kinds = [
            (
                self.running_status,
                "event",
                "without a status after a text or system event, read as \
             notes of the channel before",
            ),
            (self.long_time, "time", "of more than four bytes, counted as zero"),
            (self.missing_time, "event", "without a time, read at the time of the event before"),
            (self.system_message, "system message", "that does not belong in a file, skipped"),
            (self.skipped, "byte", skipped),
        ];
        let told = kinds.into_iter().filter_map(|(counted, noun, rest)| {
            let (number, tick) = counted?;
            Some(format!(
                "track {track} has {} {rest} ({})",
                counted_noun(number, noun),
                beat(tick)
            ))
        });
        told.collect()
    }
}

/// "1 note", "2 notes".
pub(super) fn counted_noun(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// "1", "1 and 2", "1, 2 and 3".
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
