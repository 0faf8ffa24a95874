//! Scenarios that a plugin must pass in any host. Each creates its instances with `load`, so that
//! both formats run the same scenarios.

mod playback;
mod robustness;
mod saved_state;

pub use playback::*;
pub use robustness::*;
pub use saved_state::{
    a_damaged_state_does_no_harm, a_saved_state_plays_the_same_in_a_new_instance,
};

/// Defines the tests of both formats, with instances from `$load`.
#[macro_export]
macro_rules! scenarios {
    ($load:expr) => {
        scenarios!($load;
            every_note_is_on_its_sample,
            notes_are_on_time_at_any_tempo_and_start,
            meters_play_the_same_in_any_block_size,
            the_same_place_in_the_song_plays_the_same,
            a_stop_or_jump_ends_all_notes,
            a_loop_plays_the_same_each_time,
            a_stopped_transport_is_silent,
            held_keys_change_the_take_by_the_next_beat,
            all_notes_off_and_a_stop_close_the_gate,
            a_saved_state_plays_the_same_in_a_new_instance,
            a_damaged_state_does_no_harm,
            incomplete_transports_are_accepted,
            extreme_tempi_and_rates_play_the_same_in_any_block_size,
            in_real_time_the_notes_equal_an_offline_render,
            a_channel_change_leaves_no_hanging_notes,
            no_note_hangs_under_random_host_actions,
        );
    };
    ($load:expr; $($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() -> anyhow::Result<()> {
            common::scenarios::$name(&$load)
        })*
    };
}
