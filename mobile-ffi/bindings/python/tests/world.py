"""The world of the story of conformance: a real server in a process of its own, and phones on it."""

import asyncio
import json
import os
import pathlib
import subprocess
import time

import fieldseal as fs

HERE = pathlib.Path(__file__).resolve().parent
STORY = json.loads((HERE / "../../conformance/story.json").read_text(encoding="utf-8"))
PATIENCE_S = 60


class World:
    """Started by its first use; ends with its process."""

    def __init__(self):
        program = os.environ["FIELDSEAL_CONFORMANCE"]
        self.process = subprocess.Popen(
            [program, "world"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self.known = self._hears()

    def _hears(self):
        line = self.process.stdout.readline()
        assert line, "the world ended"
        return json.loads(line)

    def asks(self, **what):
        self.process.stdin.write(json.dumps(what, ensure_ascii=False) + "\n")
        self.process.stdin.flush()
        return self._hears()

    def code(self, who):
        return self.asks(do="enrolment_code", who=who)["code"]

    def line(self, mode, bytes=0):
        self.asks(do="line", mode=mode, bytes=bytes)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class StoryClock(fs.Clock):
    """Stands until the story moves it."""

    def __init__(self, now_ms):
        self.now_ms = now_ms

    def now(self):
        return fs.ClockReading(wall_ms=self.now_ms, monotonic_ms=self.now_ms - 1_000_000, boot_id="story")


class StoryPlace(fs.LocationSource):
    def __init__(self, place):
        self.place = fs.GeoFix(**place)

    def fix(self):
        return self.place


class StoryPhone:
    """A phone of the story, driven as an app would."""

    @classmethod
    async def open(cls, folder, name, known, now_ms, **hosts):
        self = cls()
        self.name, self.known, self.clock = name, known, StoryClock(now_ms)
        place = STORY["places"].get(name)
        given = {"clock": self.clock, "location": StoryPlace(place) if place else None, **hosts}
        self.face = await fs.open_fieldseal(str(pathlib.Path(folder) / name), fs.Hosts(**given))
        return self

    async def enrol(self, code):
        await self.face.enrol(self.known["url"], code, self.name)
        for key in STORY["phones"][self.name]["signatories"]:
            username = self.known["people"][key]["username"]
            await self.face.add_signatory(username, self.known["password"], STORY["pin"])
        assert (await self.sync()).outcome == "complete"

    async def try_sync(self, attempts=None, listener=None):
        task = self.face.sync(fs.SyncOptions(attempts_max=attempts), listener)
        return await task.wait()

    async def sync(self):
        done = await self.try_sync()
        if done.outcome != "login_needed":
            return done
        owner = STORY["phones"][self.name]["owner"]
        await self.face.log_in(self.known["people"][owner]["username"], self.known["password"])
        return await self.try_sync()

    def people(self):
        return [
            fs.SignatureAct(
                user_id=self.known["people"][key]["user_id"],
                pin=STORY["pin"],
                handwriting=f"handwriting of {key}".encode(),
            )
            for key in STORY["phones"][self.name]["signatories"]
        ]

    def plan(self, enterprise):
        return fs.VisitPlan(
            campaign_id=self.known["campaigns"][STORY["campaign"]],
            place=fs.Place.LISTED(enterprise_id=self.known["enterprises"][enterprise]),
            team_id=self.known["teams"][STORY["team"]],
        )

    def arrival(self):
        return fs.ArrivalForm(
            samplers=[it.user_id for it in self.people()],
            notice_no=STORY["visit"]["arrival"]["notice_no"],
            id_shown=True,
        )

    async def photographs(self, document, photo, shows):
        form = fs.EvidenceForm(media_type=photo["media_type"], kind=photo["kind"], shows=shows)
        return await self.face.capture_bytes(document, form, photo["text"].encode())

    async def visits_offline(self, folder):
        """The first half: a visit without a network, until both sheets are sealed."""
        face, told = self.face, STORY["visit"]
        for search in ("search_by_name", "search_by_uscc"):
            found = await face.find_enterprises(told[search])
            assert found[0].name == "泽州示例铸造", search
        held = await face.rules_held()
        assert held.index_as_of_ms is not None and held.rulebooks
        visit = await face.start_visit(self.plan(told["enterprise"]))
        await face.record_arrival(visit, self.arrival())
        await self.photographs(visit, told["photos"][0], fs.RecordRef.VISIT())
        sheets = []
        for number, sheet in enumerate(told["sheets"]):
            if number == 1:
                # The next day they walk in again, and say nothing of why.
                self.clock.now_ms += told["next_day_ms"]
                await face.record_arrival(visit, self.arrival())
            task = self.known["tasks"][sheet["task"]]
            sheets.append(await face.new_sheet(visit, task, json.dumps(sheet["fields"])))
            for piece in sheet["trail"]:
                await self.photographs(visit, piece, fs.RecordRef.SHEET(id=sheets[-1]))
        photo = told["photos"][1]
        file = pathlib.Path(folder) / "camera.jpg"
        file.write_bytes(photo["text"].encode())
        form = fs.EvidenceForm(
            media_type=photo["media_type"], kind=photo["kind"], shows=fs.RecordRef.SHEET(id=sheets[0])
        )
        await face.capture_file(visit, form, str(file), None)
        preview = await face.preview(visit)
        for rule, said in ((told["preview"]["finding"], preview.findings), (told["preview"]["advice"], preview.advice)):
            found = next((it for it in said if it.rule_id == rule), None)
            assert found, f"no {rule} in {preview}"
            assert found.citation and found.zh != found.en
        party = told["party"]
        for sheet in sheets:
            signed = fs.PartySignatureAct.SIGNED(
                name=party["name"], handwriting=party["handwriting"].encode(), stamp=party["stamp"].encode()
            )
            await face.seal_record(visit, fs.RecordRef.SHEET(id=sheet), self.people(), signed)
        return visit, sheets

    async def digest_at_the_end(self, visit, expected):
        until = time.monotonic() + PATIENCE_S
        while True:
            assert (await self.sync()).outcome == "complete"
            digest = await self.face.visit_digest(visit)
            if digest == expected or time.monotonic() > until:
                return digest
            await asyncio.sleep(0.2)
