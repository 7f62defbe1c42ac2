"""A FastAPI service without a line of tracing code."""

import logging

import aiohttp
import httpx
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("shop")
app = FastAPI()


@app.get("/items/{number}")
async def item(number: int):
    """Answer with an item."""
    log.info("item %d", number)
    return {"number": number}


@app.get("/call/{port}")
async def call(port: int):
    """Ask another service, by both clients."""
    url = f"http://127.0.0.1:{port}/items/1?token=secret"
    async with httpx.AsyncClient() as client:
        (await client.get(url)).raise_for_status()
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.json()


@app.get("/bad")
def bad():
    """Fail, in a thread."""
    raise ValueError("bad")


@app.get("/stream")
async def stream():
    """Answer in parts."""

    async def parts():
        for number in range(3):
            log.info("part %d", number)
            yield str(number)

    return StreamingResponse(parts())
