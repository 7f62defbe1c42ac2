"""Celery tasks without a line of tracing code."""

import os
import tempfile
from pathlib import Path

from celery import Celery
from celery.utils.log import get_task_logger
from kombu.transport import filesystem

log = get_task_logger(__name__)
folder = Path(os.environ["QUEUE"])
app = Celery("celery_shop", broker="filesystem://", backend=f"file://{folder / 'results'}")
app.conf.broker_transport_options = {
    "data_folder_in": str(folder / "in"),
    "data_folder_out": str(folder / "in"),
    "control_folder": str(folder / "control"),
    "polling_interval": 0.1,
}


class Channel(filesystem.Channel):
    """Puts a message where the worker looks as soon as it is whole: half of one ends the worker."""

    def _put(self, *arguments, **options):
        with tempfile.TemporaryDirectory(dir=folder) as written:
            self.data_folder_out = written
            super()._put(*arguments, **options)
            for path in Path(written).iterdir():
                path.rename(folder / "in" / path.name)


filesystem.Transport.Channel = Channel


@app.task
def add(first, second):
    """Return a sum."""
    log.info("adding")
    return first + second


@app.task
def bad():
    """Send a task, and fail."""
    add.delay(3, 4)
    raise ValueError("bad")
