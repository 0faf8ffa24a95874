//! Screen of the tests: an Xvfb server on a free display, host windows, and access to their pixels.

use anyhow::{Context, Result, bail, ensure};
use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::CURRENT_TIME;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ConnectionExt, CreateWindowAux, EventMask, ImageFormat, InputFocus, WindowClass,
};
use x11rb::rust_connection::RustConnection;

/// Environment variable of the process that a test runs itself in, on the screen.
const ON_SCREEN: &str = "DEEP_POCKET_ON_SCREEN";

/// Runs a test's body on a screen of its own.
///
/// Plugin and toolkits find the screen by an environment variable, which must be set before any
/// thread starts. The test therefore runs itself again in its own process; a crash at unload then
/// does not affect other tests.
pub fn on_screen(test: &str, body: impl FnOnce(&Screen)) {
    if std::env::var_os(ON_SCREEN).is_some() {
        body(&Screen::connect().expect("the screen answers"));
        return;
    }
    let test_binary = std::env::current_exe().expect("the test knows its own file");
    run_again(test, Command::new(test_binary));
}

/// Like [`on_screen`], on a session bus of its own, for tests with a screen reader. Skips the test if
/// its programs are not installed.
pub fn on_bus(test: &str, body: impl FnOnce(&Screen)) {
    if std::env::var_os(ON_SCREEN).is_some() {
        return on_screen(test, body);
    }
    let works = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        let quiet = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    };
    let client = "import gi; gi.require_version('Atspi', '2.0')";
    if !works("dbus-run-session", &["--version"]) || !works("/usr/bin/python3", &["-c", client]) {
        println!(
            "{test} is skipped: it needs dbus-run-session and the AT-SPI bindings of Python, which \
             `cargo xtask test` installs."
        );
        return;
    }
    let test_binary = std::env::current_exe().expect("the test knows its own file");
    let mut session = Command::new("dbus-run-session");
    session.arg("--").arg(test_binary);
    run_again(test, session);
}

/// Runs a test again by the start of its command, on a screen of its own.
fn run_again(test: &str, mut again: Command) {
    again.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(ON_SCREEN, "1");
    let output = run_on_screen(&mut again, Command::output).expect("the test runs itself again");
    let said = String::from_utf8_lossy(&output.stdout);
    // An indented result is not counted as another test's.
    said.lines().for_each(|line| println!("    {line}"));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "{test} on its screen ended with {}", output.status);
    assert!(output.status.success(), "{test} on its screen ended with {}", output.status);
}

/// Runs a program on a screen of its own, and with a home folder of its own for the plugin's files.
///
/// # Errors
/// If the screen or the program does not start.
pub fn run_on_screen<T>(
    program: &mut Command,
    run: impl FnOnce(&mut Command) -> std::io::Result<T>,
) -> Result<T> {
    let xvfb = Xvfb::start()?;
    let home = tempfile::tempdir()?;
    program
        .env("DISPLAY", &xvfb.display)
        // Keeps the plugin's files out of the home folder of the user who runs the tests.
        .env("XDG_DATA_HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path())
        // Only the virtual screen: neither an accelerated one nor Wayland.
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env_remove("WAYLAND_DISPLAY");
    Ok(run(program)?)
}

/// An Xvfb server, which ends when this is dropped.
pub struct Xvfb {
    server: Child,
    /// Display name, for the variable DISPLAY.
    pub display: String,
}

impl Xvfb {
    /// Starts a server, which selects a free display.
    ///
    /// # Errors
    /// If Xvfb is not installed or does not start.
    pub fn start() -> Result<Self> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "2600x1500x24", "-nolisten", "tcp"])
            .args(["+extension", "GLX"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Xvfb could not be run; `cargo xtask test` installs it")?;
        let out = server.stdout.take().context("Xvfb has no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        ensure!(!line.trim().is_empty(), "Xvfb ended before it had a display");
        Ok(Xvfb { server, display: format!(":{}", line.trim()) })
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Connection to the screen of a test.
pub struct Screen {
    connection: RustConnection,
    number: usize,
}

impl Screen {
    /// Connects to the screen of this process.
    ///
    /// # Errors
    /// If there is no screen.
    pub fn connect() -> Result<Self> {
        let (connection, number) = RustConnection::connect(None)?;
        Ok(Screen { connection, number })
    }

    /// Creates and shows a window, as a host does for a plugin's window.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn window(&self, (width, height): (u32, u32)) -> Result<u32> {
        let screen = &self.connection.setup().roots[self.number];
        let window = self.connection.generate_id()?;
        self.connection
            .create_window(
                COPY_DEPTH_FROM_PARENT,
                window,
                screen.root,
                0,
                0,
                u16::try_from(width)?,
                u16::try_from(height)?,
                0,
                WindowClass::INPUT_OUTPUT,
                screen.root_visual,
                &CreateWindowAux::new()
                    .background_pixel(screen.white_pixel)
                    .event_mask(EventMask::KEY_PRESS),
            )?
            .check()?;
        self.connection.map_window(window)?.check()?;
        // A reply arrives only after all earlier requests were processed.
        self.connection.get_input_focus()?.reply()?;
        Ok(window)
    }

    /// Gives a window the keyboard focus.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn give_keys(&self, window: u32) -> Result<()> {
        self.connection.set_input_focus(InputFocus::PARENT, window, CURRENT_TIME)?.check()?;
        Ok(())
    }

    /// Number of keys pressed in the host's windows since the last call.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn keys_pressed(&self) -> Result<usize> {
        // A reply arrives only after all earlier events.
        self.connection.get_input_focus()?.reply()?;
        let mut pressed = 0;
        while let Some(event) = self.connection.poll_for_event()? {
            pressed += usize::from(matches!(event, Event::KeyPress(_)));
        }
        Ok(pressed)
    }

    /// Returns the pixels of a part of a window, four bytes each.
    ///
    /// # Errors
    /// If the window is gone.
    pub fn part(&self, window: u32, (x, y): (i16, i16), (w, h): (u16, u16)) -> Result<Vec<u8>> {
        let whole = ImageFormat::Z_PIXMAP;
        Ok(self.connection.get_image(whole, window, x, y, w, h, !0)?.reply()?.data)
    }

    /// Destroys a window.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn destroy(&self, window: u32) -> Result<()> {
        self.connection.destroy_window(window)?.check()?;
        Ok(())
    }

    /// Returns the pixels of a window and of the windows in it, four bytes each.
    ///
    /// # Errors
    /// If the window is gone.
    pub fn picture(&self, window: u32) -> Result<Vec<u8>> {
        let size = self.connection.get_geometry(window)?.reply()?;
        let whole = ImageFormat::Z_PIXMAP;
        let image =
            self.connection.get_image(whole, window, 0, 0, size.width, size.height, !0)?.reply()?;
        Ok(image.data)
    }

    /// Waits until a window shows a number of colours, and runs the host meanwhile. Text alone has
    /// dozens of colours, a blank window one.
    ///
    /// # Errors
    /// If it does not within ten seconds.
    pub fn wait_for_colours(
        &self,
        window: u32,
        least: usize,
        mut meanwhile: impl FnMut(),
    ) -> Result<Duration> {
        let start = Instant::now();
        loop {
            let picture = self.picture(window)?;
            let seen =
                picture.chunks_exact(4).map(|pixel| &pixel[..3]).collect::<HashSet<_>>().len();
            if seen >= least {
                return Ok(start.elapsed());
            }
            if start.elapsed() > Duration::from_secs(10) {
                bail!("the window shows {seen} colours after ten seconds, not {least}");
            }
            meanwhile();
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
