"""A GTK 3 window that accepts dropped files, and offers the file on the command line for dragging.

It prints a line for each event: "ready x y" with the centre of the window on the screen, "over" and
"away" when a drag enters and leaves, "took URI" for a dropped file, and "gave" and "done" for the
file that is dragged from it."""

import sys

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GLib, Gtk


def say(*words):
    print(*words, flush=True)


window = Gtk.Window(title="GTK 3")
window.set_default_size(300, 240)
window.move(1220, 60)
area = Gtk.EventBox()
area.add(Gtk.Label(label="GTK 3"))
window.add(area)

area.drag_dest_set(Gtk.DestDefaults.ALL, [], Gdk.DragAction.COPY)
area.drag_dest_add_uri_targets()
area.connect("drag-motion", lambda *_: say("over"))
area.connect("drag-leave", lambda *_: say("away"))


def took(widget, context, x, y, data, info, time):
    for uri in data.get_uris():
        say("took", uri)


area.connect("drag-data-received", took)

if len(sys.argv) > 1:
    area.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
    area.drag_source_add_uri_targets()

    def give(widget, context, data, info, time):
        data.set_uris([GLib.filename_to_uri(sys.argv[1], None)])
        say("gave")

    area.connect("drag-data-get", give)
    area.connect("drag-end", lambda *_: say("done"))


def ready():
    _, x, y = window.get_window().get_origin()
    say("ready", x + 150, y + 120)


window.connect("map-event", lambda *_: GLib.timeout_add(300, ready) and None)
window.show_all()
Gtk.main()
