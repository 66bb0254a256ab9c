"""The process that is killed: enrols, plays the first half, tells what it made and waits for its end."""

import asyncio
import json
import sys
import time

from world import StoryPhone


async def play(folder, known, code):
    phone = await StoryPhone.open(folder, "first", known, known["now_ms"])
    await phone.enrol(code)
    visit, sheets = await phone.visits_offline(folder)
    print(json.dumps({"visit": visit, "sheets": sheets}), flush=True)
    while True:
        time.sleep(1)


asyncio.run(play(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]))
