// The world of the story of conformance: a real server in a process of its own, and phones on it.

import Fieldseal
import Foundation

let environment = ProcessInfo.processInfo.environment
/// The story's data; the file is named by `FIELDSEAL_STORY`.
let story: Json = {
    do {
        return try Json.read(String(contentsOfFile: environment["FIELDSEAL_STORY"] ?? "story.json", encoding: .utf8))
    } catch {
        preconditionFailure("the story: \(error)")
    }
}()
let patienceS: TimeInterval = 60

/// Something is not as the story says.
struct Unexpected: Error, CustomStringConvertible {
    let description: String
}

func expect(_ holds: Bool, _ otherwise: @autoclosure () -> String) throws {
    if !holds { throw Unexpected(description: otherwise()) }
}

/// The code with which something fails.
func codeOf(_ act: () async throws -> Void) async throws -> String {
    do {
        try await act()
    } catch FieldsealError.Failed(let problem) {
        return problem.code
    }
    throw Unexpected(description: "nothing failed")
}

/// A program that is heard line by line.
final class Program {
    private let process = Process()
    private let asked = Pipe()
    private let told = Pipe()
    private var heard = Data()

    init(_ program: URL, _ arguments: [String]) throws {
        process.executableURL = program
        process.arguments = arguments
        process.standardInput = asked
        process.standardOutput = told
        try process.run()
    }

    func hears() throws -> Json {
        while true {
            if let end = heard.firstIndex(of: UInt8(ascii: "\n")) {
                let line = heard[..<end]
                heard = Data(heard[heard.index(after: end)...])
                return try Json.read(String(decoding: line, as: UTF8.self))
            }
            let more = told.fileHandleForReading.availableData
            try expect(!more.isEmpty, "\(process.executableURL?.lastPathComponent ?? "it") ended")
            heard.append(more)
        }
    }

    /// What it says until it ends, and how it ends.
    func saysAll() -> (text: String, status: Int32) {
        let all = heard + told.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (String(decoding: all, as: UTF8.self), process.terminationStatus)
    }

    func tell(_ what: Json) throws {
        try asked.fileHandleForWriting.write(contentsOf: Data((what.written() + "\n").utf8))
    }

    /// It has no moment to tidy up.
    func dies() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func close() {
        try? asked.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}

/// Its program is named by `FIELDSEAL_CONFORMANCE`.
final class World {
    private let program: Program
    let known: Json

    init() throws {
        guard let path = environment["FIELDSEAL_CONFORMANCE"] else {
            throw Unexpected(description: "FIELDSEAL_CONFORMANCE names no program")
        }
        program = try Program(URL(fileURLWithPath: path), ["world"])
        known = try program.hears()
    }

    @discardableResult
    func asks(_ what: [String: Json]) throws -> Json {
        try program.tell(.object(what))
        return try program.hears()
    }

    func code(_ who: String) throws -> String {
        try asks(["do": .text("enrolment_code"), "who": .text(who)])["code"].text
    }

    func line(_ mode: String, bytes: Int64 = 0) throws {
        try asks(["do": .text("line"), "mode": .text(mode), "bytes": .number(bytes)])
    }

    /// A day goes by; what the time is then.
    func nextDay() throws -> Int64 {
        try asks(["do": .text("advance"), "ms": story["visit"]["next_day_ms"]])["now_ms"].number
    }

    func close() {
        program.close()
    }
}

/// Stands until the story moves it.
final class StoryClock: Clock, @unchecked Sendable {
    private let lock = NSLock()
    private var standsAtMs: Int64

    init(nowMs: Int64) {
        standsAtMs = nowMs
    }

    var nowMs: Int64 {
        get { lock.withLock { standsAtMs } }
        set { lock.withLock { standsAtMs = newValue } }
    }

    func now() throws -> ClockReading {
        let nowMs = nowMs
        return ClockReading(wallMs: nowMs, monotonicMs: nowMs - 1_000_000, bootId: "story")
    }
}

final class StoryPlace: LocationSource {
    private let place: GeoFix

    init(_ place: Json) {
        self.place = GeoFix(
            system: place["system"].text, latitudeE7: place["latitude_e7"].number, longitudeE7: place["longitude_e7"].number,
            accuracyMm: place["accuracy_mm"].number, mocked: place["mocked"].bool
        )
    }

    func fix() throws -> GeoFix? { place }
}

/// A phone of the story, driven as an app would.
final class StoryPhone {
    let name: String
    let known: Json
    let clock: StoryClock
    let face: Fieldseal

    init(
        _ folder: URL, _ name: String, _ known: Json, nowMs: Int64, hosts change: (inout Hosts) -> Void = { _ in }
    ) async throws {
        self.name = name
        self.known = known
        clock = StoryClock(nowMs: nowMs)
        let place = story["places"][name]
        var hosts = Hosts(clock: clock, location: place == .nothing ? nil : StoryPlace(place))
        change(&hosts)
        face = try await openFieldseal(folder: folder.appendingPathComponent(name).path, hosts: hosts)
    }

    private var signatories: [String] { story["phones"][name]["signatories"].list.map(\.text) }

    private func username(_ key: String) -> String { known["people"][key]["username"].text }

    func enrol(_ code: String) async throws {
        _ = try await face.enrol(serverUrl: known["url"].text, code: code, label: name)
        for key in signatories {
            _ = try await face.addSignatory(
                username: username(key), password: known["password"].text, pin: story["pin"].text
            )
        }
        try await syncs()
    }

    func trySync(attempts: Int64? = nil, listener: ProgressListener? = nil) async throws -> SyncDone {
        try await face.sync(options: SyncOptions(attemptsMax: attempts), listener: listener).wait()
    }

    /// Syncs to the end, logging in where that is needed.
    @discardableResult
    func syncs() async throws -> SyncDone {
        var done = try await trySync()
        if done.outcome == "login_needed" {
            let owner = story["phones"][name]["owner"].text
            try await face.logIn(username: username(owner), password: known["password"].text)
            done = try await trySync()
        }
        try expect(done.outcome == "complete", "\(name): \(done)")
        return done
    }

    var people: [SignatureAct] {
        signatories.map {
            SignatureAct(
                userId: known["people"][$0]["user_id"].text, pin: story["pin"].text,
                handwriting: Data("handwriting of \($0)".utf8)
            )
        }
    }

    func plan(_ enterprise: String) -> VisitPlan {
        VisitPlan(
            campaignId: known["campaigns"][story["campaign"].text].text,
            place: .listed(enterpriseId: known["enterprises"][enterprise].text),
            teamId: known["teams"][story["team"].text].text
        )
    }

    var arrival: ArrivalForm {
        ArrivalForm(
            samplers: people.map(\.userId), noticeNo: story["visit"]["arrival"]["notice_no"].text, idShown: true
        )
    }

    func photographs(_ document: String, _ photo: Json, _ shows: RecordRef) async throws {
        let form = EvidenceForm(mediaType: photo["media_type"].text, kind: photo["kind"].text, shows: shows)
        _ = try await face.captureBytes(document: document, form: form, bytes: photo["text"].bytes)
    }

    /// The first half: a visit without a network, until both sheets are sealed.
    func visitsOffline(_ folder: URL) async throws -> (visit: String, sheets: [String]) {
        let told = story["visit"]
        for search in ["search_by_name", "search_by_uscc"] {
            let found = try await face.findEnterprises(text: told[search].text)
            try expect(found.first?.name == "泽州示例铸造", search)
        }
        let held = try await face.rulesHeld()
        try expect(held.indexAsOfMs != nil && !held.rulebooks.isEmpty, "\(held)")
        let visit = try await face.startVisit(plan: plan(told["enterprise"].text))
        _ = try await face.recordArrival(visit: visit, arrival: arrival)
        try await photographs(visit, told["photos"][0], .visit)
        var sheets: [String] = []
        for sheet in told["sheets"].list {
            if sheets.count == 1 {
                // The next day they walk in again, and say nothing of why.
                clock.nowMs += told["next_day_ms"].number
                _ = try await face.recordArrival(visit: visit, arrival: arrival)
            }
            let id = try await face.newSheet(
                visit: visit, taskId: known["tasks"][sheet["task"].text].text, fieldsJson: sheet["fields"].written()
            )
            for piece in sheet["trail"].list { try await photographs(visit, piece, .sheet(id: id)) }
            sheets.append(id)
        }
        let photo = told["photos"][1]
        let file = folder.appendingPathComponent("camera.jpg")
        try photo["text"].bytes.write(to: file)
        let form = EvidenceForm(mediaType: photo["media_type"].text, kind: photo["kind"].text, shows: .sheet(id: sheets[0]))
        _ = try await face.captureFile(document: visit, form: form, path: file.path, listener: nil)
        let preview = try await face.preview(visit: visit)
        let wanted = told["preview"]
        for (rule, said) in [(wanted["finding"].text, preview.findings), (wanted["advice"].text, preview.advice)] {
            let found = said.first { $0.ruleId == rule }
            try expect(found.map { !$0.citation.isEmpty && $0.zh != $0.en } ?? false, "no \(rule) in \(preview)")
        }
        let party = told["party"]
        for sheet in sheets {
            let signed = PartySignatureAct.signed(
                name: party["name"].text, handwriting: party["handwriting"].bytes, stamp: party["stamp"].bytes
            )
            _ = try await face.sealRecord(visit: visit, record: .sheet(id: sheet), people: people, party: signed)
        }
        return (visit, sheets)
    }

    func digestAtTheEnd(_ visit: String, expected: String) async throws -> String {
        let until = Date().addingTimeInterval(patienceS)
        while true {
            try await syncs()
            let digest = try await face.visitDigest(visit: visit)
            if digest == expected || Date() > until { return digest }
            try await Task.sleep(nanoseconds: 200_000_000)
        }
    }
}
