"""A Qt 5 window that accepts dropped files, and offers the file on the command line for dragging.

It prints a line for each event: "ready x y" with the centre of the window on the screen, "over" and
"away" when a drag enters and leaves, "took URI" for a dropped file, and "gave" and "done" for the
file that is dragged from it."""

import sys

from PyQt5.QtCore import QMimeData, QPoint, Qt, QTimer, QUrl
from PyQt5.QtGui import QDrag
from PyQt5.QtWidgets import QApplication, QLabel


def say(*words):
    print(*words, flush=True)


class Window(QLabel):
    def __init__(self):
        super().__init__("Qt 5")
        self.setAcceptDrops(True)
        self.setGeometry(1220, 420, 300, 240)

    def dragEnterEvent(self, event):
        say("over")
        event.acceptProposedAction()

    def dragLeaveEvent(self, event):
        say("away")

    def dropEvent(self, event):
        event.acceptProposedAction()
        for url in event.mimeData().urls():
            say("took", url.toString(QUrl.FullyEncoded))

    def mouseMoveEvent(self, event):
        if len(sys.argv) > 1 and event.buttons() & Qt.LeftButton:
            data = QMimeData()
            data.setUrls([QUrl.fromLocalFile(sys.argv[1])])
            drag = QDrag(self)
            drag.setMimeData(data)
            say("gave")
            drag.exec_(Qt.CopyAction)
            say("done")

    def ready(self):
        middle = self.mapToGlobal(QPoint(150, 120))
        say("ready", middle.x(), middle.y())


application = QApplication(sys.argv[:1])
window = Window()
window.show()
QTimer.singleShot(500, window.ready)
application.exec_()
