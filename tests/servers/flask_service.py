"""The traced service by Flask."""

from __future__ import annotations

from flask import Flask
from service import work

app = Flask(__name__)


@app.get("/")
def index():
    """Answer with the one span."""
    work()
    return "ok"
