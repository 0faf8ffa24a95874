//! The plugin's window, embedded in an X11 window.

use super::ClapHost;
use anyhow::{Context, Result, ensure};
use clack_extensions::gui::{GuiApiType, GuiConfiguration, GuiSize, PluginGui, Window};
use clack_host::prelude::*;

impl ClapHost {
    /// Creates the plugin's window and returns its size in pixels. The window becomes visible with
    /// [`ClapHost::attach_window`].
    ///
    /// # Errors
    /// If the plugin has no X11 window or cannot create it.
    pub fn create_window(&mut self) -> Result<(u32, u32)> {
        let (gui, handle) = self.gui()?;
        let x11 = GuiConfiguration { api_type: GuiApiType::X11, is_floating: false };
        ensure!(gui.is_api_supported(&handle, x11), "the plugin has no window for X11");
        gui.create(&handle, x11)?;
        let size = gui.get_size(&handle).context("the plugin's window has no size")?;
        Ok((size.width, size.height))
    }

    /// Sets the scale factor and returns the window's size in pixels.
    ///
    /// # Errors
    /// If the plugin has no window.
    pub fn scale_window(&mut self, scale: f64) -> Result<(u32, u32)> {
        let (gui, handle) = self.gui()?;
        gui.set_scale(&handle, scale)?;
        let size = gui.get_size(&handle).context("the plugin's window has no size")?;
        Ok((size.width, size.height))
    }

    /// Resizes the window as far as the plugin allows, and returns its size in pixels.
    ///
    /// # Errors
    /// If the plugin has no window, or its window cannot be resized.
    pub fn resize_window(&mut self, (width, height): (u32, u32)) -> Result<(u32, u32)> {
        let (gui, handle) = self.gui()?;
        let asked = GuiSize { width, height };
        let size = gui.adjust_size(&handle, asked).context("the window's size is fixed")?;
        gui.set_size(&handle, size)?;
        Ok((size.width, size.height))
    }

    /// Embeds the plugin's window in an X11 window, which must outlive it.
    ///
    /// # Errors
    /// If the plugin cannot draw there.
    pub fn attach_window(&mut self, parent: u32) -> Result<()> {
        let (gui, handle) = self.gui()?;
        // SAFETY: the caller keeps the window until `close_window`.
        unsafe { gui.set_parent(&handle, Window::from_x11_handle(parent.into())) }?;
        // Some plugins refuse because they need no showing.
        let _ = gui.show(&handle);
        Ok(())
    }

    /// Closes the plugin's window.
    ///
    /// # Errors
    /// If the plugin has no window.
    pub fn close_window(&mut self) -> Result<()> {
        let (gui, handle) = self.gui()?;
        gui.destroy(&handle);
        Ok(())
    }

    fn gui(&mut self) -> Result<(PluginGui, PluginMainThreadHandle<'_>)> {
        let handle = self.instance.plugin_handle();
        let gui = handle.get_extension().context("the plugin has no window")?;
        Ok((gui, handle))
    }
}
