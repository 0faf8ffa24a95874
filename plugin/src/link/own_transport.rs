//! Transport of the standalone program, which has no host. The window sets it, the audio thread follows
//! it. Play and tempo are the parameters of free run; here is the rest. Lock-free but for the ends of
//! the MIDI clock, which are handed out once.

use std::sync::atomic::{AtomicU8, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use groove::Meter;

use super::midi_clock::{ClockAudioEnd, ClockPortEnd, ClockSwitches, clock_ends};
use super::switch::Switch;

/// Sound of the standalone program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// The system's sound card.
    Card,
    /// JACK, which has a transport.
    Jack,
    /// None: no sound card answers.
    Missing,
}

/// Sound of this program; 0 in a host. The framework creates the instance, so `main` cannot hand it
/// over.
static SOUND: AtomicU8 = AtomicU8::new(0);

impl Sound {
    /// Declares this program the standalone one. Call it before the instance is created.
    pub fn declare(self) {
        let number = match self {
            Sound::Card => 1,
            Sound::Jack => 2,
            Sound::Missing => 3,
        };
        SOUND.store(number, Ordering::Relaxed);
    }

    /// Returns the sound of the standalone program; `None` in a host.
    fn of_program() -> Option<Sound> {
        match SOUND.load(Ordering::Relaxed) {
            1 => Some(Sound::Card),
            2 => Some(Sound::Jack),
            3 => Some(Sound::Missing),
            _ => None,
        }
    }
}

/// MIDI ports of the clock that the command line names: followed and sent.
static CLOCK_PORTS: OnceLock<[Option<String>; 2]> = OnceLock::new();

/// Settings of the transport.
#[derive(Debug)]
pub struct OwnTransport {
    sound: Option<Sound>,
    /// Numerator and denominator.
    meter: AtomicU16,
    /// The metronome.
    pub click: Switch,
    /// A bar is counted before the song starts.
    pub count_in: Switch,
    /// Beat of the count-in, from 1; 0 while nothing is counted.
    counted: AtomicU8,
    /// Switches and state of the MIDI clock.
    pub clock: ClockSwitches,
    /// The audio thread's end of the clock, until it is taken.
    clock_end: Mutex<Option<ClockAudioEnd>>,
    /// `None` in a host, as the other end.
    clock_ports: Option<Arc<ClockPortEnd>>,
}

impl Default for OwnTransport {
    fn default() -> Self {
        OwnTransport::new(Sound::of_program())
    }
}

impl OwnTransport {
    /// Creates the transport of a program with this sound; `None` in a host.
    #[must_use]
    pub fn new(sound: Option<Sound>) -> Self {
        let (clock_end, clock_ports) = sound.map(|_| clock_ends()).unzip();
        let own = OwnTransport {
            sound,
            meter: AtomicU16::new(0),
            click: Switch::default(),
            count_in: Switch::default(),
            counted: AtomicU8::new(0),
            clock: ClockSwitches::default(),
            clock_end: Mutex::new(clock_end),
            clock_ports: clock_ports.map(Arc::new),
        };
        own.set_meter(Meter::FOUR_FOUR);
        own
    }

    /// Returns `true` in a standalone program without JACK: nobody else starts and stops the song.
    #[must_use]
    pub fn is_present(&self) -> bool {
        matches!(self.sound, Some(Sound::Card | Sound::Missing))
    }

    /// Returns `true` if no sound card answers.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.sound == Some(Sound::Missing)
    }

    /// Returns the meter.
    #[must_use]
    pub fn meter(&self) -> Meter {
        let [numerator, denominator] = self.meter.load(Ordering::Relaxed).to_be_bytes();
        Meter::new(numerator.into(), denominator.into())
    }

    /// Sets the meter.
    pub fn set_meter(&self, meter: Meter) {
        let meter = u16::from_be_bytes([meter.numerator, meter.denominator]);
        self.meter.store(meter, Ordering::Relaxed);
    }

    /// Returns the beat of the count-in, from 1; 0 while nothing is counted.
    #[must_use]
    pub fn counted(&self) -> u8 {
        self.counted.load(Ordering::Relaxed)
    }

    /// Publishes the beat of the count-in.
    pub fn set_counted(&self, beat: u8) {
        self.counted.store(beat, Ordering::Relaxed);
    }

    /// Declares the ports of the MIDI clock that the command line names. Call it before the window
    /// opens.
    pub fn request_ports(ports: [Option<String>; 2]) {
        // Set only once.
        let _ = CLOCK_PORTS.set(ports);
    }

    /// Returns the ports of the MIDI clock that the command line names.
    #[must_use]
    pub fn requested_ports() -> [Option<String>; 2] {
        CLOCK_PORTS.get().cloned().unwrap_or_default()
    }

    /// Takes the audio thread's end of the MIDI clock; `None` the second time, and in a host.
    #[must_use]
    pub fn take_clock_end(&self) -> Option<ClockAudioEnd> {
        self.clock_end.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Returns the ports' end of the MIDI clock; `None` in a host.
    #[must_use]
    pub fn clock_ports(&self) -> Option<Arc<ClockPortEnd>> {
        self.clock_ports.clone()
    }
}
