"""A Flask service without a line of tracing code."""

import logging

import requests
from flask import Flask

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("shop")
app = Flask(__name__)


@app.get("/items/<int:number>")
def item(number):
    """Answer with an item."""
    log.info("item %d", number)
    return {"number": number}


@app.get("/call/<int:port>")
def call(port):
    """Ask another service."""
    return requests.get(f"http://127.0.0.1:{port}/items/1?token=secret", timeout=10).text


@app.get("/bad")
def bad():
    """Fail."""
    raise ValueError("bad")


@app.get("/stream")
def stream():
    """Answer in parts."""

    def parts():
        for number in range(3):
            log.info("part %d", number)
            yield str(number)

    return app.response_class(parts())
