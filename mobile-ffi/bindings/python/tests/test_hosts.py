"""Hosts that fail: each has a clear outcome, and nothing is lost."""

import asyncio
import json
import threading
import time

import fieldseal as fs
import pytest
from world import STORY, StoryPhone


def code_of(caught):
    return caught.value.problem.code


class Hanging(fs.Transport):
    """Never answers before it is let go."""

    def __init__(self):
        self.over = threading.Event()

    def send(self, request):
        self.over.wait()
        raise fs.HostFailure.TimedOut()


class Throwing(fs.Transport):
    def send(self, request):
        raise RuntimeError("the host's own code is broken")


class NoPlace(fs.LocationSource):
    def __init__(self):
        self.over = threading.Event()

    def fix(self):
        self.over.wait()
        return None


class Refusing(fs.KeyStore):
    def database_key(self):
        raise fs.HostFailure.Failed(reason="the user is not authenticated")


class BrokenClock(fs.Clock):
    def now(self):
        raise RuntimeError("no clock")


class BrokenListener(fs.ProgressListener):
    def __init__(self):
        self.called = 0

    def progressed(self, step):
        self.called += 1
        raise RuntimeError("the app's own code is broken")


class RefusingKey(fs.DeviceSigner):
    def public_key(self):
        raise RuntimeError("no hardware")

    def sign(self, message):
        raise RuntimeError("no hardware")


def test_a_key_store_that_refuses_opens_nothing_and_spoils_nothing(tmp_path):
    async def play():
        with pytest.raises(fs.FieldsealError.Failed) as caught:
            await fs.open_fieldseal(str(tmp_path), fs.Hosts(key_store=Refusing()))
        assert code_of(caught) == "key_store.refused"
        assert "not authenticated" in caught.value.problem.details
        assert list(tmp_path.glob("*.db")) == []
        face = await fs.open_fieldseal(str(tmp_path), fs.Hosts())
        assert await face.visits() == []

    asyncio.run(play())


@pytest.mark.parametrize("transport", [Throwing, Hanging])
def test_a_network_of_the_host_that_fails_is_told_as_one_and_keeps_what_is_unsent(transport, world, tmp_path):
    async def play():
        phone = await StoryPhone.open(tmp_path, "first", world.known, world.known["now_ms"])
        await phone.enrol(world.code("王"))
        visit, _ = await phone.visits_offline(tmp_path)
        unsent = (await phone.face.visits())[0].unsent
        await phone.face.close_store()
        network = transport()
        phone = await StoryPhone.open(
            tmp_path, "first", world.known, phone.clock.now_ms, transport=network, request_timeout_ms=300
        )
        done = await phone.try_sync(attempts=1)
        assert (done.outcome, done.unsent) == ("offline", unsent)
        if transport is Hanging:
            network.over.set()
        await phone.face.close_store()
        phone = await StoryPhone.open(tmp_path, "first", world.known, phone.clock.now_ms)
        world.asks(do="advance", ms=STORY["visit"]["next_day_ms"])
        assert (await phone.sync()).unsent == 0

    asyncio.run(play())


def test_a_place_that_never_answers_holds_up_nobody_for_long(world, tmp_path):
    async def play():
        place = NoPlace()
        phone = await StoryPhone.open(tmp_path, "first", world.known, world.known["now_ms"], location=place)
        await phone.enrol(world.code("王"))
        visit = await phone.face.start_visit(phone.plan("铸造"))
        await phone.face.record_arrival(visit, phone.arrival())
        place.over.set()
        read = json.loads(await phone.face.visit_json(visit))
        assert read["arrivals"][0]["record"].get("location") is None

    asyncio.run(play())


def test_a_clock_and_a_listener_that_throw_cost_no_more_than_themselves(world, tmp_path):
    async def play():
        phone = await StoryPhone.open(tmp_path, "first", world.known, world.known["now_ms"], clock=BrokenClock())
        await phone.enrol(world.code("王"))
        listener = BrokenListener()
        done = await phone.try_sync(listener=listener)
        assert done.outcome == "complete" and listener.called > 0

    asyncio.run(play())


def test_a_device_key_that_refuses_stores_nothing_of_what_was_to_be_signed(world, tmp_path):
    async def play():
        phone = await StoryPhone.open(tmp_path, "first", world.known, world.known["now_ms"], signer=RefusingKey())
        with pytest.raises(fs.FieldsealError.Failed) as caught:
            await phone.face.enrol(world.known["url"], world.code("王"), "a phone")
        assert code_of(caught) == "signer.refused"
        assert await phone.face.owner() is None

    asyncio.run(play())


def test_what_is_no_id_and_no_json_is_told_by_its_code(tmp_path):
    async def play():
        face = await fs.open_fieldseal(str(tmp_path), fs.Hosts())
        for call, code in (
            (face.visit_json("nothing"), "id.malformed"),
            (face.verdict("[1]"), "json.malformed"),
            (face.enrol("http://127.0.0.1:9", "code", "phone"), "network.unreachable"),
        ):
            with pytest.raises(fs.FieldsealError.Failed) as caught:
                await call
            assert code_of(caught) == code

    asyncio.run(play())


class Slow(fs.Transport):
    """Half a second of work inside."""

    def send(self, request):
        time.sleep(0.5)
        raise fs.HostFailure.Unreachable(reason="slow")


def test_half_a_second_of_work_inside_does_not_hold_up_the_callers_loop(tmp_path):
    async def longest_gap():
        face = await fs.open_fieldseal(str(tmp_path), fs.Hosts(transport=Slow()))
        gaps, over = [], asyncio.Event()

        async def ticks():
            last = time.monotonic()
            while not over.is_set():
                await asyncio.sleep(0.002)
                now = time.monotonic()
                gaps.append(now - last)
                last = now

        ticking = asyncio.create_task(ticks())
        begun = time.monotonic()
        with pytest.raises(fs.FieldsealError.Failed):
            await face.enrol("http://127.0.0.1:9", "code", "phone")
        assert time.monotonic() - begun > 0.45
        over.set()
        await ticking
        await face.close_store()
        return max(gaps)

    # A busy machine may hold up anybody's loop: one undisturbed measure is what shows it.
    measured = []
    for _ in range(8):
        measured.append(asyncio.run(longest_gap()))
        if measured[-1] < 0.05:
            return
    raise AssertionError(f"the loop stood still for {min(measured):.3f} s")
