// The story of conformance: an offline visit, a kill, a cut line, a sync that is stopped, a conflict, a parcel, a confirmation,
// and the same digests in every language.

import Fieldseal
import Foundation
@testable import Story
import XCTest

final class StoryTests: PhoneTestCase {
    func testTheStoryOfConformanceEndsWithItsDigests() async throws {
        let (world, folder) = (try world(), try folder())
        let known = world.known
        // A phone works offline, and is killed.
        let killed = try program("UntilKilled", [folder.path, known.written(), world.code("王")])
        let made = try killed.hears()
        killed.dies()
        let visit = made["visit"].text
        let now = try world.nextDay()

        // Nothing of it is lost.
        let first = try await StoryPhone(folder, "first", known, nowMs: now)
        let rows = try await first.face.visits()
        XCTAssertEqual(rows.map { [$0.sheets, $0.sealed] }, [[2, 2]])
        let unsent = rows[0].unsent
        XCTAssertGreaterThan(unsent, 0)

        // A line that is cut, and a sync that is stopped while nobody answers.
        try world.line("cut", bytes: story["cut_after_bytes"].number)
        let cut = try await first.trySync(attempts: 1)
        XCTAssertEqual(cut.outcome, "offline")
        XCTAssertEqual(cut.unsent, unsent)
        try world.line("stalled")
        let task = try first.face.sync(options: SyncOptions(), listener: nil)
        try await Task.sleep(nanoseconds: 300_000_000)
        XCTAssertFalse(task.isFinished())
        task.cancel()
        let stopped = try await codeOf { _ = try await task.wait() }
        XCTAssertEqual(stopped, "cancelled")
        XCTAssertTrue(task.isFinished())
        try world.line("open")
        let done = try await first.syncs()
        XCTAssertEqual(done.unsent, 0)
        XCTAssertEqual(done.files, story["expected"]["files"].number)

        // A refusal, which two phones write at the same time.
        let teammate = try await StoryPhone(folder, "teammate", known, nowMs: now)
        try await teammate.enrol(world.code("赵"))
        let supervisor = try await StoryPhone(folder, "supervisor", known, nowMs: now)
        try await supervisor.enrol(world.code("韩"))
        let told = story["refusal"]
        let refused = try await first.face.startVisit(plan: first.plan(told["enterprise"].text))
        _ = try await first.face.recordArrival(visit: refused, arrival: first.arrival)
        let form = RefusalForm(
            kind: told["kind"].text, factDescription: told["fact_description"].text, product: told["product"].text,
            witness: told["witness"].text, consequenceExplained: true, consequence: told["consequence"].text,
            taskId: known["tasks"][told["task"].text].text
        )
        let refusal = RecordRef.refusal(id: try await first.face.recordRefusal(visit: refused, form: form))
        try await first.photographs(refused, told["photo"], refusal)
        for phone in [first, teammate] { try await phone.syncs() }
        for (phone, says) in [(first, "first_says"), (teammate, "teammate_says")] {
            let fields = try Json.object(["fact_description": told[says]]).written()
            try await phone.face.editRecord(visit: refused, record: refusal, fieldsJson: fields)
        }
        for phone in [first, teammate, first] { try await phone.syncs() }
        let conflicts = try await first.face.conflicts(visit: refused)
        XCTAssertEqual(conflicts.map(\.open), [true])
        XCTAssertEqual(conflicts[0].sides.count, 2)
        let chosen = try XCTUnwrap(conflicts[0].sides.first { try Json.read($0.json) == told["chosen"] })
        try await first.face.settleConflict(visit: refused, path: conflicts[0].path, change: chosen.change)
        let settled = try await first.face.conflicts(visit: refused)
        XCTAssertEqual(settled.map(\.open), [false])
        let party = told["party"]
        let unsigned = PartySignatureAct.refused(
            reason: party["reason"].text, witness: party["witness"].text, handwriting: party["handwriting"].bytes
        )
        _ = try await first.face.sealRecord(visit: refused, record: refusal, people: first.people, party: unsigned)

        // Handed to the supervisor without a network, and confirmed.
        let question = try await supervisor.face.askCode().text
        let answer = try await first.face.answerCode(question: question, visit: refused, subject: refusal)
        let heard = try await supervisor.face.hearAnswer(text: answer.text)
        XCTAssertEqual(heard.subject, refusal)
        let parcel = try await first.face.makeParcel(code: question, visit: refused)
        let taken = try await supervisor.face.openParcel(bytes: parcel.bytes)
        XCTAssertEqual(taken.visits, [refused])
        let replayed = try await codeOf { _ = try await supervisor.face.openParcel(bytes: parcel.bytes) }
        XCTAssertEqual(replayed, "parcel.replayed")
        let waiting = try await supervisor.face.casesWaiting()
        XCTAssertEqual(waiting.count, 1)
        let found = story["confirmation"]
        let confirmation = try await supervisor.face.beginConfirmation(
            visit: refused, subject: refusal,
            form: ConfirmationForm(
                outcome: found["outcome"].text, measures: found["measures"].text, opinion: found["opinion"].text,
                officers: supervisor.people.map(\.userId)
            )
        )
        let read = try Json.read(try await supervisor.face.confirmationJson(confirmation: confirmation))
        let shows = RecordRef.confirmation(id: read["identity"]["confirmation"].text)
        try await supervisor.photographs(confirmation, found["photo"], shows)
        _ = try await supervisor.face.sealConfirmation(confirmation: confirmation, people: supervisor.people)
        try await supervisor.syncs()

        // What is ruled is read back, and says the same in every language.
        let expected = story["expected"]
        let ofVisit = try await first.digestAtTheEnd(visit, expected: expected["visit_digest"].text)
        let ofRefusal = try await first.digestAtTheEnd(refused, expected: expected["refusal_digest"].text)
        let ofRefused = try await first.face.rulings(visit: refused)
        XCTAssertEqual(
            ofRefused.filter { $0.subject.hasPrefix("refusal/") }.map(\.outcome), [expected["refusal"].text]
        )
        let ruled = try await first.face.rulings(visit: visit)
        let outcomes = Dictionary(uniqueKeysWithValues: ruled.map { ($0.subject, $0.outcome) })
        XCTAssertEqual(
            made["sheets"].list.map { outcomes["sample/\($0.text)"] }, expected["sheets"].list.map(\.text)
        )
        XCTAssertEqual([ofVisit, ofRefusal], [expected["visit_digest"].text, expected["refusal_digest"].text])
        let left = try await first.face.logOut()
        XCTAssertEqual(left, 0)
        try await first.face.closeStore()
        let closed = try await codeOf { _ = try await first.face.visits() }
        XCTAssertEqual(closed, "closed")
    }
}
