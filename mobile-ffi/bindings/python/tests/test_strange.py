"""Strange use: each call ends with a code that an app can act on, the library lives on, and nothing stored is lost."""

import asyncio
import json
import os
import pathlib
import re
import threading

import fieldseal as fs
import pytest
from world import StoryPhone

NOBODY = "01890000-0000-7000-8000-000000000001"
NO_DOCUMENT = "ab" * 32
TEXTS = ["", " ", "\0", "a\0b", "\u202e", "😀" * 3, "x" * 1_000_000, "'; DROP TABLE visits; --", "../../etc/passwd", NOBODY, NO_DOCUMENT]
NUMBERS = [0, -1, 1, 2**63 - 1, -(2**63)]
CODE = re.compile(r"^[a-z0-9_]+(\.[a-z0-9_]+)*$")


async def outcome(call):
    """The code of what was refused, or none; nothing else comes across the border, and no text of a megabyte."""
    try:
        await call
    except fs.FieldsealError.Failed as failed:
        problem = failed.problem
        assert CODE.match(problem.code) and problem.code != "internal", problem
        assert problem.message and len(problem.details) <= 2_000, (problem.code, len(problem.details))
        return problem.code
    return None


def calls(face, text, number):
    """Every call that takes a text or a number."""
    form = fs.EvidenceForm(media_type=text, kind=text, shows=fs.RecordRef.SHEET(id=text))
    act = fs.SignatureAct(user_id=text, pin=text, handwriting=text.encode())
    sheet = fs.RecordRef.SHEET(id=text)
    plan = fs.VisitPlan(campaign_id=text, place=fs.Place.LISTED(enterprise_id=text), team_id=text)
    arrival = fs.ArrivalForm(samplers=[text], notice_no=text, id_shown=False)
    refused = fs.PartySignatureAct.REFUSED(reason=text, witness=text, handwriting=None)
    yield face.add_signatory(text, text, text)
    yield face.check_pin(text, text)
    yield face.find_enterprises(text)
    yield face.reference_records(text)
    yield face.visit_json(text)
    yield face.visit_digest(text)
    yield face.rulings(text)
    yield face.ruled(text)
    yield face.conflicts(text)
    yield face.settle_conflict(text, text, text)
    yield face.take_lease(text, text, number)
    yield face.release_lease(text)
    yield face.door(plan)
    yield face.set_metered_limit(number)
    yield face.free_space(number)
    yield face.verdict(text)
    yield face.start_visit(plan)
    yield face.record_arrival(text, arrival)
    yield face.suspend_visit(text, text)
    yield face.resume_visit(text, text, arrival)
    yield face.new_sheet(text, text, text)
    yield face.next_batch(text, text)
    yield face.edit_record(text, sheet, text)
    yield face.void_sheet(text, text, text)
    yield face.splice_notes(text, number, number, text)
    yield face.declare_recusal(text, text, text)
    yield face.claim_prior_sampling(text, text, text, text, text, text)
    yield face.preview(text)
    yield face.missing_for_seal(text, sheet)
    yield face.seal_record(text, sheet, [act], refused)
    yield face.amend_record(text, sheet, text, text, act)
    yield face.capture_file(text, form, text, None)
    yield face.capture_bytes(text, form, text.encode())
    yield face.evidence(text)
    yield face.evidence_totals(text)
    yield face.original(text)
    yield face.pause_evidence(text)
    yield face.resume_evidence(text)
    yield face.offer_evidence_again(text)
    yield face.reviews(text)
    yield face.answer_review(text, text, text, text)
    yield face.form(text, text, text, True)
    yield face.confirmations(text)
    yield face.confirmation_json(text)
    yield face.preview_confirmation(text)
    yield face.missing_for_confirmation(text)
    yield face.confirm_here(text)
    yield face.read_code(text)
    yield face.hear_answer(text)
    yield face.answer_code(text, text, sheet)
    yield face.make_parcel(text, text)
    yield face.open_parcel(text.encode())
    yield fs.code_png(text, number)
    yield fs.code_svg(text)


def test_whatever_texts_and_numbers_are_given_each_call_ends_with_a_code(world, tmp_path):
    async def play():
        phone = await StoryPhone.open(tmp_path, "first", world.known, world.known["now_ms"])
        await phone.enrol(world.code("王"))
        visit = await phone.face.start_visit(phone.plan("铸造"))
        await phone.face.record_arrival(visit, phone.arrival())
        before = await phone.face.visit_digest(visit)
        for at, text in enumerate(TEXTS):
            for call in calls(phone.face, text, NUMBERS[at % len(NUMBERS)]):
                await outcome(call)
        assert await phone.face.visit_digest(visit) == before
        assert (await phone.sync()).outcome == "complete"

    asyncio.run(play())


def test_strange_texts_in_a_visit_that_is_there_are_kept_or_refused_and_sync(world, tmp_path):
    async def play():
        phone = await StoryPhone.open(tmp_path, "first", world.known, world.known["now_ms"])
        await phone.enrol(world.code("王"))
        face = phone.face
        visit = await face.start_visit(phone.plan("铸造"))
        await face.record_arrival(visit, phone.arrival())
        sheet = await face.new_sheet(visit, None, "{}")
        record = fs.RecordRef.SHEET(id=sheet)
        for text in TEXTS:
            fields = {"product_name": text, "lot_no": text, "sampled_party": {"name": text, "uscc": text}}
            await outcome(face.edit_record(visit, record, json.dumps(fields)))
            await outcome(face.edit_record(visit, record, json.dumps({text: text})))
            await outcome(face.edit_record(visit, record, json.dumps({"lot_base_milli": text})))
            await outcome(face.suspend_visit(visit, text))
            await outcome(face.form(visit, "sheet", text, False))
            await outcome(face.settle_conflict(visit, text, NO_DOCUMENT))
        for number in NUMBERS:
            await outcome(face.edit_record(visit, record, json.dumps({"lot_base_milli": number, "unit_price_fen": number})))
            await outcome(face.splice_notes(visit, number, number, "x"))
        deep = "[" * 50_000 + "]" * 50_000
        await outcome(face.edit_record(visit, record, '{"remarks": ' + deep + "}"))
        await outcome(face.verdict('{"scope": ' + deep + "}"))
        preview = await face.preview(visit)
        assert preview.findings
        await face.missing_for_seal(visit, record)
        done = await phone.sync()
        assert (done.outcome, done.unsent) == ("complete", 0)

    asyncio.run(play())


class Growing(fs.ProgressListener):
    """Makes the file longer while it is read."""

    def __init__(self, path):
        self.path = path

    def progressed(self, step):
        with open(self.path, "ab") as file:
            file.write(b"more")


def test_files_that_are_not_there_or_no_files_or_change_are_told_and_what_is_captured_is_its_hash(world, tmp_path):
    async def play():
        phone = await StoryPhone.open(tmp_path, "first", world.known, world.known["now_ms"])
        await phone.enrol(world.code("王"))
        face = phone.face
        visit = await face.start_visit(phone.plan("铸造"))
        form = fs.EvidenceForm(media_type="image/jpeg", kind="place", shows=fs.RecordRef.VISIT())
        empty, growing, pipe = tmp_path / "empty.jpg", tmp_path / "growing.jpg", tmp_path / "pipe"
        empty.write_bytes(b"")
        growing.write_bytes(b"jpeg" * 1_000_000)
        os.mkfifo(pipe)
        for path in ("", "\0", str(tmp_path / "nowhere"), str(tmp_path), str(pipe), "/dev/null"):
            assert await asyncio.wait_for(outcome(face.capture_file(visit, form, path, None)), 20), path
        assert await outcome(face.capture_file(visit, form, str(empty), None))
        assert await outcome(face.capture_bytes(visit, form, b""))
        assert await face.evidence(visit) == []
        await outcome(face.capture_file(visit, form, str(growing), Growing(growing)))
        for row in await face.evidence(visit):
            kept = await face.original(row.sha256)
            assert kept and pathlib.Path(kept).stat().st_size > 0

    asyncio.run(play())


def test_one_phone_serves_many_threads_and_ends_once(world, tmp_path):
    async def play():
        phone = await StoryPhone.open(tmp_path, "first", world.known, world.known["now_ms"])
        await phone.enrol(world.code("王"))
        face = phone.face
        visit = await face.start_visit(phone.plan("铸造"))
        failed = []

        def work(number):
            async def several():
                for _ in range(5):
                    await face.splice_notes(visit, 0, 0, f"{number} ")
                    await face.preview(visit)
                    await face.visits()

            try:
                asyncio.run(several())
            except BaseException as error:  # noqa: BLE001
                failed.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        tasks = [face.sync(fs.SyncOptions(), None) for _ in range(3)]
        for thread in threads:
            thread.start()
        # Stopped twice, and once more when it is over.
        tasks[2].cancel()
        tasks[2].cancel()
        for task in tasks[:2]:
            assert (await task.wait()).outcome == "complete"
        assert await outcome(tasks[2].wait()) in (None, "cancelled")
        tasks[2].cancel()
        for thread in threads:
            thread.join()
        assert failed == []
        assert len(json.loads(await face.visit_json(visit))["notes"].split()) == 20
        # A clock that goes back takes nothing with it.
        phone.clock.now_ms -= 400 * 24 * 3_600_000
        await face.splice_notes(visit, 0, 0, "earlier ")
        assert (await phone.sync()).outcome in ("complete", "login_needed")
        phone.clock.now_ms += 400 * 24 * 3_600_000
        assert (await phone.sync()).unsent == 0
        running = face.sync(fs.SyncOptions(), None)
        unsent = await face.unsent_work()
        await face.wipe(unsent.changes + unsent.originals + unsent.damaged_stores)
        await outcome(running.wait())
        for call in (face.visits(), face.preview(visit), face.splice_notes(visit, 0, 0, "x"), face.storage()):
            assert await outcome(call) in (None, "store.wiped", "visit.unknown")
        assert await outcome(face.splice_notes(visit, 0, 0, "x")) is not None
        await face.close_store()
        await face.close_store()
        for call in calls(face, NO_DOCUMENT, 1):
            code = await outcome(call)
            assert code == "closed" or call.__name__ in ("code_png", "code_svg"), (call.__name__, code)

    asyncio.run(play())


@pytest.mark.parametrize("word", ["", "x" * 1_000_000, "http://[", "file:///etc/passwd", "http://127.0.0.1:1\0", "ftp://a"])
def test_a_server_that_is_none_is_told_and_leaves_the_phone_as_it_was(word, tmp_path):
    async def play():
        face = await fs.open_fieldseal(str(tmp_path), fs.Hosts(request_timeout_ms=2_000))
        assert await outcome(face.enrol(word, word, word)) is not None
        assert await face.owner() is None
        for call in (face.log_in(word, word), face.tasks(), face.todos(), face.doctor(), face.ask_code()):
            await outcome(call)
        assert (await face.unsent_work()).changes == 0

    asyncio.run(play())
