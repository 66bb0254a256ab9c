"""A disk that is full: each call says so by its code, what was acknowledged is there, and work goes on when there is room."""

import asyncio
import json
import subprocess

import fieldseal as fs
import pytest
from world import STORY, StoryPhone

MIB = 1024 * 1024
DISK_BYTES = 40 * MIB


def code_of(caught):
    return caught.value.problem.code


class SmallDisk:
    """A file system in memory, of so many bytes."""

    def __init__(self, at):
        self.at = at
        self.others = at / "of-somebody-else"

    def __enter__(self):
        self.at.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "fieldseal", str(self.at)]
        mounted = subprocess.run(mount, capture_output=True, text=True)
        if mounted.returncode != 0:
            pytest.skip(f"this user may not mount a small disk: {mounted.stderr.strip()}")
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", str(self.at)], check=True)

    def fill(self):
        """Somebody else takes all that is left."""
        with open(self.others, "ab", buffering=0) as file:
            for block in (MIB, 4096, 1):
                try:
                    while file.write(bytes(block)) == block:
                        pass
                except OSError:
                    pass


def test_a_full_disk_is_told_by_its_code_and_loses_nothing(world, tmp_path):
    with SmallDisk(tmp_path / "disk") as disk:
        asyncio.run(play(world, disk))


async def play(world, disk):
    phone = await StoryPhone.open(disk.at, "first", world.known, world.known["now_ms"])
    await phone.enrol(world.code("王"))
    visit = await phone.face.start_visit(phone.plan("铸造"))
    await phone.face.record_arrival(visit, phone.arrival())
    photo = STORY["visit"]["photos"][0]
    form = fs.EvidenceForm(media_type=photo["media_type"], kind=photo["kind"], shows=fs.RecordRef.VISIT())

    # Evidence finds no room; forms have theirs, until that is taken too.
    disk.fill()
    with pytest.raises(fs.FieldsealError.Failed) as caught:
        await phone.face.capture_bytes(visit, form, bytes(MIB))
    assert code_of(caught) == "evidence.no_space"
    written, code = "", None
    for number in range(2_000):
        disk.fill()
        words = f"{number:04} " + "x" * 20_000 + "\n"
        try:
            await phone.face.splice_notes(visit, len(written), 0, words)
        except fs.FieldsealError.Failed as error:
            code = error.problem.code
            break
        written += words
    assert code == "store.full" and written

    async def holds(face):
        assert [it.document_id for it in await face.visits()] == [visit]
        read = json.loads(await face.visit_json(visit))
        assert read["notes"] == written and len(read["arrivals"]) == 1
        assert await face.evidence(visit) == []

    await holds(phone.face)

    # There is room again: all goes on, and is there when it is opened anew.
    disk.others.unlink()
    await phone.face.splice_notes(visit, len(written), 0, "the end")
    written += "the end"
    await holds(phone.face)
    await phone.face.capture_bytes(visit, form, bytes(MIB))
    await phone.face.close_store()
    phone = await StoryPhone.open(disk.at, "first", world.known, phone.clock.now_ms)
    assert json.loads(await phone.face.visit_json(visit))["notes"] == written
    done = await phone.sync()
    assert (done.outcome, done.unsent) == ("complete", 0)
    assert len(await phone.face.evidence(visit)) == 1
    await phone.face.close_store()
