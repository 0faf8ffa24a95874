; Installer for Windows, for NSIS: for this user, without administrator rights.
; Defines: VERSION; FILES, the folder of the archive; OUT, the installer; TARGET, if not 32-bit.
!ifdef TARGET
Target ${TARGET}
!endif
Unicode true
Name "Deep Pocket"
OutFile "${OUT}"
RequestExecutionLevel user
SetCompressor /SOLID lzma
InstallDir "$LOCALAPPDATA\Programs\Deep Pocket"
!define COMMON "$LOCALAPPDATA\Programs\Common"
!define LISTED "Software\Microsoft\Windows\CurrentVersion\Uninstall\Deep Pocket"

Page instfiles
UninstPage uninstConfirm
UninstPage instfiles

Section
  SetOutPath "$INSTDIR"
  File /r /x "Deep Pocket.clap" /x "Deep Pocket.vst3" /x install.sh "${FILES}/*"
  SetOutPath "${COMMON}\CLAP"
  File "${FILES}/Deep Pocket.clap"
  RMDir /r "${COMMON}\VST3\Deep Pocket.vst3"
  SetOutPath "${COMMON}\VST3"
  File /r "${FILES}/Deep Pocket.vst3"
  CreateShortcut "$SMPROGRAMS\Deep Pocket.lnk" "$INSTDIR\deep-pocket.exe"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKCU "${LISTED}" "DisplayName" "Deep Pocket"
  WriteRegStr HKCU "${LISTED}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${LISTED}" "UninstallString" '"$INSTDIR\uninstall.exe"'
SectionEnd

; Presets, models and clips of the user stay.
Section Uninstall
  Delete "${COMMON}\CLAP\Deep Pocket.clap"
  RMDir /r "${COMMON}\VST3\Deep Pocket.vst3"
  Delete "$SMPROGRAMS\Deep Pocket.lnk"
  DeleteRegKey HKCU "${LISTED}"
  RMDir /r "$INSTDIR"
SectionEnd
