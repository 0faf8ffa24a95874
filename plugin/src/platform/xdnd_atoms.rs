//! Atoms of the XDND protocol, for drags out of the window and drops on it. Deleted with
//! `xdnd_receiver` and `drag`.

x11rb::atom_manager! {
    /// Atoms of the XDND protocol.
    pub(crate) Atoms: AtomsCookie {
        XdndAware,
        XdndProxy,
        XdndSelection,
        XdndTypeList,
        XdndEnter,
        XdndPosition,
        XdndStatus,
        XdndLeave,
        XdndDrop,
        XdndFinished,
        XdndActionCopy,
        TARGETS,
        FILES: b"text/uri-list",
        TIME: b"DEEP_POCKET_TIME",
    }
}
