"""Celery tasks without a line of tracing code."""

import os
from pathlib import Path

from celery import Celery
from celery.utils.log import get_task_logger

log = get_task_logger(__name__)
folder = Path(os.environ["QUEUE"])
app = Celery("celery_shop", broker="filesystem://", backend=f"file://{folder / 'results'}")
app.conf.broker_transport_options = {
    "data_folder_in": str(folder / "in"),
    "data_folder_out": str(folder / "in"),
    "control_folder": str(folder / "control"),
    "polling_interval": 0.1,
}


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
