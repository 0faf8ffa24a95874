//! A host's browser and piano roll: presets of the library and their loading, and note names.

use super::{ClapHost, open};
use anyhow::{Context, Result, anyhow, bail};
use clack_extensions::note_name::{NoteNameBuffer, PluginNoteName};
use clack_extensions::preset_discovery::prelude::*;
use clack_host::events::Match;
use clack_host::prelude::*;
use std::ffi::{CStr, CString};
use std::path::{Path, PathBuf};

/// A preset that the browser has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundPreset {
    /// File of the preset; `None` if it is in the plugin.
    pub file: Option<PathBuf>,
    /// Key of the preset among those of the plugin.
    pub load_key: Option<String>,
    /// Display name.
    pub name: String,
    /// Ids of the plugins that load it.
    pub plugins: Vec<String>,
    /// Description.
    pub description: String,
    /// Features, such as "drum".
    pub features: Vec<String>,
}

/// Returns the presets that the providers of a `.clap` file describe: those in the plugin, and the
/// files of the folders that it declares.
///
/// # Errors
/// If the file is not a CLAP library, it has no presets, or a preset cannot be read.
pub fn browse(path: &Path) -> Result<Vec<FoundPreset>> {
    let entry = open(path)?;
    let info = HostInfo::new("Deep Pocket's host", "Deep Pocket", "", env!("CARGO_PKG_VERSION"))?;
    let factory: PresetDiscoveryFactory =
        entry.get_factory().context("the library has no presets for a browser")?;
    let mut found = Vec::new();
    for descriptor in factory.provider_descriptors() {
        let id = descriptor.id().context("a provider has no id")?;
        let mut provider = Provider::instantiate(Declared::default(), &entry, id, &info)
            .map_err(|fault| anyhow!("the provider {id:?} failed: {fault}"))?;
        let Declared { in_plugin, folders } = provider.indexer().clone();
        if in_plugin {
            found.extend(read(&mut provider, None)?);
        }
        for folder in folders {
            let mut files: Vec<_> =
                std::fs::read_dir(&folder)?.map(|it| Ok(it?.path())).collect::<Result<_>>()?;
            files.sort();
            for file in files {
                found.extend(read(&mut provider, Some(&file))?);
            }
        }
    }
    Ok(found)
}

/// Returns the presets in the plugin or in a file.
fn read(provider: &mut Provider<Declared>, file: Option<&Path>) -> Result<Vec<FoundPreset>> {
    let path = file.map(c_path).transpose()?;
    let mut described = Described::default();
    provider.get_metadata(location(path.as_deref()), &mut described);
    if let Some(fault) = described.fault {
        bail!("a preset cannot be read: {fault}");
    }
    let file = file.map(Path::to_owned);
    Ok(described.presets.into_iter().map(|it| FoundPreset { file: file.clone(), ..it }).collect())
}

fn location(path: Option<&CStr>) -> Location<'_> {
    path.map_or(Location::Plugin, |path| Location::File { path })
}

fn c_path(path: &Path) -> Result<CString> {
    Ok(CString::new(path.to_str().context("a path is not UTF-8")?)?)
}

/// Locations that a provider has declared.
#[derive(Clone, Default)]
struct Declared {
    in_plugin: bool,
    folders: Vec<PathBuf>,
}

impl IndexerImpl for Declared {
    fn declare_filetype(&mut self, _: FileType) -> Result<(), HostError> {
        Ok(())
    }

    fn declare_location(&mut self, info: LocationInfo) -> Result<(), HostError> {
        match info.location {
            Location::Plugin => self.in_plugin = true,
            Location::File { path } => {
                self.folders.push(PathBuf::from(path.to_string_lossy().into_owned()));
            }
        }
        Ok(())
    }

    fn declare_soundpack(&mut self, _: Soundpack) -> Result<(), HostError> {
        Ok(())
    }
}

/// Presets that a provider has described, and the last fault that it has reported.
#[derive(Default)]
struct Described {
    presets: Vec<FoundPreset>,
    fault: Option<String>,
}

impl Described {
    /// Changes the preset that began last.
    fn last(&mut self, act: impl FnOnce(&mut FoundPreset)) {
        match self.presets.last_mut() {
            Some(preset) => act(preset),
            None => self.fault = Some("a fact came before its preset".to_owned()),
        }
    }
}

fn text(text: &CStr) -> String {
    text.to_string_lossy().into_owned()
}

impl MetadataReceiverImpl for Described {
    fn on_error(&mut self, _: i32, message: Option<&CStr>) {
        self.fault = Some(message.map(text).unwrap_or_default());
    }

    fn begin_preset(
        &mut self,
        name: Option<&CStr>,
        load_key: Option<&CStr>,
    ) -> Result<(), HostError> {
        let name = name.map(text).unwrap_or_default();
        let load_key = load_key.map(text);
        self.presets.push(FoundPreset { name, load_key, ..FoundPreset::default() });
        Ok(())
    }

    fn add_plugin_id(&mut self, plugin: UniversalPluginId) {
        self.last(|it| it.plugins.push(text(plugin.id)));
    }

    fn set_soundpack_id(&mut self, _: &CStr) {}

    fn set_flags(&mut self, _: Flags) {}

    fn add_creator(&mut self, _: &CStr) {}

    fn set_description(&mut self, description: &CStr) {
        self.last(|it| it.description = text(description));
    }

    fn set_timestamps(&mut self, _: Option<Timestamp>, _: Option<Timestamp>) {}

    fn add_feature(&mut self, feature: &CStr) {
        self.last(|it| it.features.push(text(feature)));
    }

    fn add_extra_info(&mut self, _: &CStr, _: &CStr) {}
}

impl ClapHost {
    /// Loads a preset that the browser has found.
    ///
    /// # Errors
    /// The sentence that the plugin has reported, if it refuses.
    pub fn load_preset(&mut self, preset: &FoundPreset) -> Result<()> {
        let handle = self.instance.plugin_handle();
        let presets: PluginPresetLoad =
            handle.get_extension().context("the plugin loads no presets")?;
        let path = preset.file.as_deref().map(c_path).transpose()?;
        let key = preset.load_key.as_deref().map(CString::new).transpose()?;
        let loaded = presets.load_from_location(&handle, location(path.as_deref()), key.as_deref());
        // Changes that were never processed do not belong to the preset.
        self.parameter_changes.clear();
        loaded.map_err(|_| {
            let fault = self.instance.access_handler(|host| host.preset_fault.take());
            anyhow!("{}", fault.unwrap_or_else(|| "the plugin gave no reason".to_owned()))
        })
    }

    /// Names of the keys in the piano roll: key and name.
    ///
    /// # Errors
    /// If the plugin names no notes or reports a number of names that it does not have.
    pub fn note_names(&mut self) -> Result<Vec<(u16, String)>> {
        let handle = self.instance.plugin_handle();
        let names: PluginNoteName = handle.get_extension().context("the plugin names no notes")?;
        let name = |index| {
            let mut buffer = NoteNameBuffer::new();
            let found = names.get(&handle, u32::try_from(index)?, &mut buffer);
            let found = found.context("a note name is missing")?;
            let Match::Specific(key) = found.key else { bail!("a name is for all keys") };
            Ok((key, String::from_utf8_lossy(found.name).into_owned()))
        };
        (0..names.count(&handle)).map(name).collect()
    }

    /// Number of times that the plugin has told the host of other note names.
    #[must_use]
    pub fn note_name_changes(&self) -> u32 {
        self.instance.access_handler(|host| host.note_name_changes.get())
    }
}
