//! Signature of the checksums, in the format of minisign: `minisign -Vm FILE.sha256 -p KEY.pub`.

use crate::build::files::file_name;
use anyhow::{Context, Result};
use minisign::SecretKeyBox;
use std::fs;
use std::path::{Path, PathBuf};

/// Environment variable with the password of the key. Without it the terminal asks.
const PASSWORD: &str = "MINISIGN_PASSWORD";

/// Signs a file with the secret key in another file, and returns the path of the signature beside it.
///
/// # Errors
/// If the key cannot be read or decrypted, or a file cannot be read or written.
pub(super) fn sign(file: &Path, key: &Path) -> Result<PathBuf> {
    let text = fs::read_to_string(key)
        .with_context(|| format!("The key {} cannot be read", key.display()))?;
    let failed =
        || format!("{} is no secret key of minisign, or its password differs", key.display());
    let boxed = || SecretKeyBox::from_string(&text).with_context(failed);
    let key = match boxed()?.into_unencrypted_secret_key() {
        Ok(key) => key,
        Err(_) => boxed()?.into_secret_key(std::env::var(PASSWORD).ok()).with_context(failed)?,
    };
    let comment = format!("file:{}", file_name(file));
    let signature = minisign::sign(None, &key, fs::File::open(file)?, Some(&comment), None)?;
    let path = file.with_added_extension("minisig");
    fs::write(&path, signature.into_string())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use minisign::{KeyPair, SignatureBox, verify};
    use std::io::Cursor;

    #[test]
    fn checksums_are_signed_and_a_changed_file_or_another_key_is_refused() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let [file, secret] = ["a.sha256", "secret.key"].map(|name| folder.path().join(name));
        fs::write(&file, "ba78  a.tar.gz\n")?;
        let [keys, others] = [(); 2].map(|()| KeyPair::generate_unencrypted_keypair());
        let (keys, others) = (keys?, others?);
        fs::write(&secret, keys.sk.to_box(None)?.into_string())?;
        let path = sign(&file, &secret)?;
        assert_eq!(file_name(&path), "a.sha256.minisig");
        let signature = SignatureBox::from_string(&fs::read_to_string(path)?)?;
        assert_eq!(signature.trusted_comment()?, "file:a.sha256");
        let holds = |key, text: &str| {
            verify(key, &signature, Cursor::new(text.as_bytes()), true, false, false).is_ok()
        };
        assert!(holds(&keys.pk, "ba78  a.tar.gz\n"));
        assert!(!holds(&keys.pk, "ba79  a.tar.gz\n"), "another file");
        assert!(!holds(&others.pk, "ba78  a.tar.gz\n"), "another key");
        fs::write(&secret, "untrusted comment: x\nnot a key\n")?;
        assert!(sign(&file, &secret).unwrap_err().to_string().contains("secret.key"));
        Ok(())
    }
}
