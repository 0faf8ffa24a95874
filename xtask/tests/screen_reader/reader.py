"""A screen reader for the tests: lists the controls of the window, and acts on one of them.

reader.py on              tells the system that assistive tools run
reader.py list            one line a control: role, name, value, description, states
reader.py click NAME      does its first action
reader.py focus NAME      gives it the keyboard
reader.py set NAME VALUE  sets its value
"""

import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, Gio, GLib


def window():
    """Returns the plugin's window, once it is on the bus."""
    for _ in range(100):
        desktop = Atspi.get_desktop(0)
        for place in range(desktop.get_child_count()):
            program = desktop.get_child_at_index(place)
            for child in range(program.get_child_count() if program else 0):
                found = program.get_child_at_index(child)
                if found and found.get_name() == "Deep Pocket":
                    return found
        time.sleep(0.1)
    sys.exit("no window of the plugin is on the bus")


def controls(node):
    for place in range(node.get_child_count()):
        child = node.get_child_at_index(place)
        if child:
            yield child
            yield from controls(child)


def line(node):
    value = node.get_value_iface()
    states = node.get_state_set().get_states()
    checked = "on" if Atspi.StateType.CHECKED in states else ""
    focused = "focused" if Atspi.StateType.FOCUSED in states else ""
    shown = f"{value.get_current_value():g}" if value else ""
    words = [node.get_role_name(), node.get_name(), shown, node.get_description(), checked, focused]
    return "|".join(words).replace("\n", " ")


def switch_on():
    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    properties = "org.freedesktop.DBus.Properties"
    value = GLib.Variant("(ssv)", ("org.a11y.Status", "IsEnabled", GLib.Variant("b", True)))
    place = ("org.a11y.Bus", "/org/a11y/bus", properties, "Set", value)
    bus.call_sync(*place, None, Gio.DBusCallFlags.NONE, -1, None)


def main(action, name=None, value=None):
    if action == "on":
        switch_on()
        return
    if action == "list":
        print(*map(line, controls(window())), sep="\n")
        return
    fitting = (node for node in controls(window()) if node.get_name() == name)
    node = next((node for node in fitting if node.get_role_name() != "label"), None)
    if node is None:
        sys.exit(f"no control is named {name}")
    if action == "click":
        done = node.get_action_iface().do_action(0)
    elif action == "focus":
        done = node.get_component_iface().grab_focus()
    else:
        done = node.get_value_iface().set_current_value(float(value))
    if not done:
        sys.exit(f"{name} refuses: {action}")


main(*sys.argv[1:])
