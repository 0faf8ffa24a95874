//! Bundles of macOS: the library, its property list, and a signature.

use super::files::copy_file;
use super::process;
use anyhow::Result;
use std::fs;
use std::path::Path;
use std::process::Command;
use xtask::workspace::{CLAP_ID, NAME};

/// Environment variable with the identity that signs the bundles. Without it the signature is ad hoc,
/// which is enough for the machine that built them: Apple silicon loads only signed libraries.
const IDENTITY: &str = "DEEP_POCKET_SIGNING_IDENTITY";

/// Audio Units of the library: type, subtype, name. A host knows a unit by type, subtype and
/// manufacturer, which must therefore never change.
const AUDIO_UNITS: [[&str; 3]; 2] =
    [["aumu", "DpDr", "Deep Pocket"], ["aumi", "DpNt", "Deep Pocket Notes"]];

/// Manufacturer of the Audio Units.
const MANUFACTURER: &str = "DpPk";

/// Writes a bundle. One whose name ends with `.component` is an Audio Unit.
///
/// # Errors
/// If a file cannot be written or the bundle cannot be signed.
pub(super) fn mac_bundle(library: &Path, bundle: &Path) -> Result<()> {
    let is_component = bundle.extension().is_some_and(|ending| ending == "component");
    copy_file(library, &bundle.join("Contents/MacOS").join(NAME))?;
    fs::write(bundle.join("Contents/PkgInfo"), "BNDL????")?;
    fs::write(bundle.join("Contents/Info.plist"), property_list(is_component))?;
    let identity = std::env::var(IDENTITY);
    let mut sign = Command::new("codesign");
    sign.args(["--force", "--sign", identity.as_deref().unwrap_or("-")]);
    if identity.is_ok() {
        // Required for notarisation.
        sign.args(["--timestamp", "--options", "runtime"]);
    }
    process::run(sign.arg(bundle), &format!("{} could not be signed", bundle.display()))
}

fn property_list(is_component: bool) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let (suffix, units) =
        if is_component { (".component", audio_units()) } else { ("", String::new()) };
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>CFBundleExecutable</key><string>{NAME}</string>
  <key>CFBundleIdentifier</key><string>{CLAP_ID}{suffix}</string>
  <key>CFBundleName</key><string>{NAME}</string>
  <key>CFBundlePackageType</key><string>BNDL</string>
  <key>CFBundleShortVersionString</key><string>{version}</string>
  <key>CFBundleVersion</key><string>{version}</string>
  <key>NSHighResolutionCapable</key><true/>
{units}</dict>
</plist>
"#
    )
}

/// Returns the property of the Audio Units. Both are the instrument of the CLAP: clap-wrapper needs an
/// audio output in every unit.
fn audio_units() -> String {
    // One byte for each of the three numbers.
    let version = env!("CARGO_PKG_VERSION").split('.');
    let version = version.fold(0, |sum, part| (sum << 8) | part.parse().unwrap_or(0_u32));
    let units: String = AUDIO_UNITS
        .iter()
        .map(|[kind, subtype, name]| {
            format!(
                r#"    <dict>
      <key>type</key><string>{kind}</string>
      <key>subtype</key><string>{subtype}</string>
      <key>manufacturer</key><string>{MANUFACTURER}</string>
      <key>name</key><string>{NAME}: {name}</string>
      <key>description</key><string>{name}</string>
      <key>version</key><integer>{version}</integer>
      <key>factoryFunction</key><string>GetPluginFactoryAUV2_0</string>
      <key>sandboxSafe</key><true/>
    </dict>
"#
            )
        })
        .collect();
    format!("  <key>AudioComponents</key>\n  <array>\n{units}  </array>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_component_declares_audio_units_and_has_an_identifier_of_its_own() {
        let [plugin, component] = [false, true].map(property_list);
        assert!(!plugin.contains("AudioComponents") && plugin.contains(&format!(">{CLAP_ID}<")));
        assert!(component.contains(&format!(">{CLAP_ID}.component<")));
        for [kind, subtype, name] in AUDIO_UNITS {
            assert_eq!(component.matches(&format!("<string>{kind}</string>")).count(), 1);
            assert_eq!(component.matches(&format!("<string>{subtype}</string>")).count(), 1);
            assert!(component.contains(&format!("<string>{NAME}: {name}</string>")));
            // Codes of four characters; those of Apple are in lower case alone.
            assert!(subtype.len() == 4 && kind.len() == 4);
        }
        assert!(MANUFACTURER.len() == 4 && MANUFACTURER.contains(char::is_uppercase));
        for tag in ["dict", "array", "plist", "key", "string"] {
            let count = |text: String| component.matches(&text).count();
            assert_eq!(
                count(format!("<{tag}>")) + usize::from(tag == "plist"),
                count(format!("</{tag}>"))
            );
        }
    }
}
