"""The story of conformance: an offline visit, a kill, a cut line, a sync that is stopped, a conflict, a parcel, a
confirmation, and the same digests in every language."""

import asyncio
import json
import pathlib
import subprocess
import sys

import fieldseal as fs
import pytest
from world import STORY, StoryPhone

HERE = pathlib.Path(__file__).resolve().parent


def code_of(caught):
    return caught.value.problem.code


def test_the_story_of_conformance_ends_with_its_digests(world, tmp_path):
    asyncio.run(play(world, tmp_path))


async def play(world, folder):
    known = world.known
    # A phone works offline, and is killed.
    phone = subprocess.Popen(
        [sys.executable, str(HERE / "until_killed.py"), str(folder), json.dumps(known), world.code("王")],
        stdout=subprocess.PIPE,
        text=True,
    )
    made = json.loads(phone.stdout.readline())
    phone.kill()
    phone.wait()
    visit = made["visit"]
    now = world.asks(do="advance", ms=STORY["visit"]["next_day_ms"])["now_ms"]

    # Nothing of it is lost.
    first = await StoryPhone.open(folder, "first", known, now)
    rows = await first.face.visits()
    assert [(row.sheets, row.sealed) for row in rows] == [(2, 2)]
    unsent = rows[0].unsent
    assert unsent > 0

    # A line that is cut, and a sync that is stopped while nobody answers.
    world.line("cut", STORY["cut_after_bytes"])
    done = await first.try_sync(attempts=1)
    assert (done.outcome, done.unsent) == ("offline", unsent)
    world.line("stalled")
    task = first.face.sync(fs.SyncOptions(), None)
    await asyncio.sleep(0.3)
    assert not task.is_finished()
    task.cancel()
    with pytest.raises(fs.FieldsealError.Failed) as caught:
        await task.wait()
    assert code_of(caught) == "cancelled" and task.is_finished()
    world.line("open")
    done = await first.sync()
    assert (done.outcome, done.unsent, done.files) == ("complete", 0, STORY["expected"]["files"])

    # A refusal, which two phones write at the same time.
    teammate = await StoryPhone.open(folder, "teammate", known, now)
    await teammate.enrol(world.code("赵"))
    supervisor = await StoryPhone.open(folder, "supervisor", known, now)
    await supervisor.enrol(world.code("韩"))
    case = STORY["refusal"]
    refused = await first.face.start_visit(first.plan(case["enterprise"]))
    await first.face.record_arrival(refused, first.arrival())
    form = fs.RefusalForm(
        kind=case["kind"],
        fact_description=case["fact_description"],
        product=case["product"],
        witness=case["witness"],
        consequence_explained=True,
        consequence=case["consequence"],
        task_id=known["tasks"][case["task"]],
    )
    refusal = fs.RecordRef.REFUSAL(id=await first.face.record_refusal(refused, form))
    await first.photographs(refused, case["photo"], refusal)
    for phone in (first, teammate):
        assert (await phone.sync()).outcome == "complete"
    for phone, says in ((first, case["first_says"]), (teammate, case["teammate_says"])):
        await phone.face.edit_record(refused, refusal, json.dumps({"fact_description": says}))
    for phone in (first, teammate, first):
        assert (await phone.sync()).outcome == "complete"
    conflict, = await first.face.conflicts(refused)
    assert conflict.open and len(conflict.sides) == 2
    side = next(it for it in conflict.sides if json.loads(it.json) == case["chosen"])
    await first.face.settle_conflict(refused, conflict.path, side.change)
    settled, = await first.face.conflicts(refused)
    assert not settled.open
    party = case["party"]
    unsigned = fs.PartySignatureAct.REFUSED(
        reason=party["reason"], witness=party["witness"], handwriting=party["handwriting"].encode()
    )
    await first.face.seal_record(refused, refusal, first.people(), unsigned)

    # Handed to the supervisor without a network, and confirmed.
    question = (await supervisor.face.ask_code()).text
    answer = await first.face.answer_code(question, refused, refusal)
    heard = await supervisor.face.hear_answer(answer.text)
    assert heard.subject == refusal
    parcel = await first.face.make_parcel(question, refused)
    opened = await supervisor.face.open_parcel(parcel.bytes)
    assert opened.visits == [refused]
    with pytest.raises(fs.FieldsealError.Failed) as caught:
        await supervisor.face.open_parcel(parcel.bytes)
    assert code_of(caught) == "parcel.replayed"
    assert len(await supervisor.face.cases_waiting()) == 1
    found = STORY["confirmation"]
    form = fs.ConfirmationForm(
        outcome=found["outcome"],
        measures=found["measures"],
        opinion=found["opinion"],
        officers=[it.user_id for it in supervisor.people()],
    )
    confirmation = await supervisor.face.begin_confirmation(refused, refusal, form)
    read = json.loads(await supervisor.face.confirmation_json(confirmation))
    shows = fs.RecordRef.CONFIRMATION(id=read["identity"]["confirmation"])
    await supervisor.photographs(confirmation, found["photo"], shows)
    await supervisor.face.seal_confirmation(confirmation, supervisor.people())
    assert (await supervisor.sync()).outcome == "complete"

    # What is ruled is read back, and says the same in every language.
    expected = STORY["expected"]
    digests = [
        await first.digest_at_the_end(visit, expected["visit_digest"]),
        await first.digest_at_the_end(refused, expected["refusal_digest"]),
    ]
    ruled = {it.subject: it.outcome for it in await first.face.rulings(refused)}
    assert [it for subject, it in ruled.items() if subject.startswith("refusal/")] == [expected["refusal"]]
    ruled = {it.subject: it.outcome for it in await first.face.rulings(visit)}
    assert [ruled[f"sample/{sheet}"] for sheet in made["sheets"]] == expected["sheets"]
    assert digests == [expected["visit_digest"], expected["refusal_digest"]]
    assert await first.face.log_out() == 0
    await first.face.close_store()
    with pytest.raises(fs.FieldsealError.Failed) as caught:
        await first.face.visits()
    assert code_of(caught) == "closed"
