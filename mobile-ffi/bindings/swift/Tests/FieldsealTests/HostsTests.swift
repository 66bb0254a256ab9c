// Hosts that fail: each has a clear outcome, and nothing is lost. And a caller's loop that goes on.

import Dispatch
import Fieldseal
import Foundation
@testable import Story
import XCTest

/// What an app's own code throws.
struct Broken: Error {}

/// Closed until it is opened for good.
final class Gate: @unchecked Sendable {
    private let opened = DispatchSemaphore(value: 0)

    func waits() {
        opened.wait()
        opened.signal()
    }

    func opens() {
        opened.signal()
    }
}

/// Never answers before it is let go.
final class Hanging: Transport {
    let over = Gate()

    func send(request: HttpExchange) throws -> HttpReply {
        over.waits()
        throw HostFailure.TimedOut
    }
}

final class Throwing: Transport {
    func send(request: HttpExchange) throws -> HttpReply { throw Broken() }
}

/// Half a second of work inside.
final class Slow: Transport {
    func send(request: HttpExchange) throws -> HttpReply {
        Thread.sleep(forTimeInterval: 0.5)
        throw HostFailure.Unreachable(reason: "slow")
    }
}

final class NoPlace: LocationSource {
    let over = Gate()

    func fix() throws -> GeoFix? {
        over.waits()
        return nil
    }
}

/// A Keychain that does not give its key.
final class Refusing: KeyStore {
    func databaseKey() throws -> Data? {
        throw HostFailure.Failed(reason: "the user is not authenticated")
    }
}

final class BrokenClock: Clock {
    func now() throws -> ClockReading { throw Broken() }
}

final class BrokenListener: ProgressListener, @unchecked Sendable {
    private let lock = NSLock()
    private var calls = 0

    var called: Int { lock.withLock { calls } }

    func progressed(step: SyncStep) throws {
        lock.withLock { calls += 1 }
        throw Broken()
    }
}

final class RefusingKey: DeviceSigner {
    func publicKey() throws -> Data { throw Broken() }

    func sign(message: Data) throws -> Data { throw Broken() }
}

final class HostsTests: PhoneTestCase {
    func testAKeyStoreThatRefusesOpensNothingAndSpoilsNothing() async throws {
        let folder = try folder()
        do {
            _ = try await openFieldseal(folder: folder.path, hosts: Hosts(keyStore: Refusing()))
            XCTFail("it opened")
        } catch FieldsealError.Failed(let problem) {
            XCTAssertEqual(problem.code, "key_store.refused")
            XCTAssertTrue(problem.details.contains("not authenticated"), problem.details)
        }
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".db") }, [])
        let visits = try await openFieldseal(folder: folder.path, hosts: Hosts()).visits()
        XCTAssertEqual(visits, [])
    }

    private func keepsWhatIsUnsent(_ network: Transport, letGo: () -> Void) async throws {
        let (world, folder) = (try world(), try folder())
        let phone = try await StoryPhone(folder, "first", world.known, nowMs: world.known["now_ms"].number)
        try await phone.enrol(world.code("王"))
        _ = try await phone.visitsOffline(folder)
        let unsent = try await phone.face.visits()[0].unsent
        XCTAssertGreaterThan(unsent, 0)
        try await phone.face.closeStore()
        let cutOff = try await StoryPhone(folder, "first", world.known, nowMs: phone.clock.nowMs) {
            $0.transport = network
            $0.requestTimeoutMs = 300
        }
        let done = try await cutOff.trySync(attempts: 1)
        XCTAssertEqual(done.outcome, "offline")
        XCTAssertEqual(done.unsent, unsent)
        letGo()
        try await cutOff.face.closeStore()
        _ = try world.nextDay()
        let back = try await StoryPhone(folder, "first", world.known, nowMs: phone.clock.nowMs)
        let synced = try await back.syncs()
        XCTAssertEqual(synced.unsent, 0)
    }

    func testANetworkThatThrowsIsToldAsOneAndKeepsWhatIsUnsent() async throws {
        try await keepsWhatIsUnsent(Throwing()) {}
    }

    func testANetworkThatHangsIsToldAsOneAndKeepsWhatIsUnsent() async throws {
        let hanging = Hanging()
        try await keepsWhatIsUnsent(hanging) { hanging.over.opens() }
    }

    func testAPlaceThatNeverAnswersHoldsUpNobodyForLong() async throws {
        let world = try world()
        let place = NoPlace()
        let phone = try await StoryPhone(folder(), "first", world.known, nowMs: world.known["now_ms"].number) {
            $0.location = place
        }
        try await phone.enrol(world.code("王"))
        let visit = try await phone.face.startVisit(plan: phone.plan("铸造"))
        _ = try await phone.face.recordArrival(visit: visit, arrival: phone.arrival)
        place.over.opens()
        let arrival = try Json.read(try await phone.face.visitJson(visit: visit))["arrivals"][0]["record"]
        XCTAssertNotEqual(arrival, .nothing)
        XCTAssertEqual(arrival["location"], .nothing)
    }

    func testAClockAndAListenerThatThrowCostNoMoreThanThemselves() async throws {
        let world = try world()
        let phone = try await StoryPhone(folder(), "first", world.known, nowMs: 0) { $0.clock = BrokenClock() }
        try await phone.enrol(world.code("王"))
        let listener = BrokenListener()
        let done = try await phone.trySync(listener: listener)
        XCTAssertEqual(done.outcome, "complete")
        XCTAssertGreaterThan(listener.called, 0)
    }

    func testADeviceKeyThatRefusesStoresNothingOfWhatWasToBeSigned() async throws {
        let world = try world()
        let phone = try await StoryPhone(folder(), "first", world.known, nowMs: world.known["now_ms"].number) {
            $0.signer = RefusingKey()
        }
        let code = try world.code("王")
        let refused = try await codeOf {
            _ = try await phone.face.enrol(serverUrl: world.known["url"].text, code: code, label: "a phone")
        }
        XCTAssertEqual(refused, "signer.refused")
        let owner = try await phone.face.owner()
        XCTAssertNil(owner)
    }

    func testWhatIsNoIdAndNoJsonIsToldByItsCode() async throws {
        XCTAssertFalse(coreVersion().isEmpty)
        let face = try await openFieldseal(folder: folder().path, hosts: Hosts())
        let noId = try await codeOf { _ = try await face.visitJson(visit: "nothing") }
        XCTAssertEqual(noId, "id.malformed")
        let noJson = try await codeOf { _ = try await face.verdict(factsJson: "[1]") }
        XCTAssertEqual(noJson, "json.malformed")
        let nobody = try await codeOf {
            _ = try await face.enrol(serverUrl: "http://127.0.0.1:9", code: "code", label: "phone")
        }
        XCTAssertEqual(nobody, "network.unreachable")
    }

    /// The longest that the main actor stood still while half a second of work was done inside, seconds.
    @MainActor
    private func longestGap() async throws -> TimeInterval {
        let face = try await openFieldseal(folder: folder().path, hosts: Hosts(transport: Slow()))
        let ticking = Task { @MainActor in
            var longest: TimeInterval = 0
            var last = ProcessInfo.processInfo.systemUptime
            while !Task.isCancelled {
                try? await Task.sleep(nanoseconds: 2_000_000)
                let now = ProcessInfo.processInfo.systemUptime
                longest = max(longest, now - last)
                last = now
            }
            return longest
        }
        let begun = ProcessInfo.processInfo.systemUptime
        _ = try await codeOf { _ = try await face.enrol(serverUrl: "http://127.0.0.1:9", code: "code", label: "phone") }
        XCTAssertGreaterThan(ProcessInfo.processInfo.systemUptime - begun, 0.45)
        ticking.cancel()
        let longest = await ticking.value
        try await face.closeStore()
        return longest
    }

    func testHalfASecondOfWorkInsideDoesNotHoldUpTheMainActor() async throws {
        // A busy machine may hold up anybody's loop: one undisturbed measure is what shows it.
        var measured: [TimeInterval] = []
        for _ in 0..<8 {
            measured.append(try await longestGap())
            if measured[measured.count - 1] < 0.05 { return }
        }
        XCTFail("the main actor stood still for \(measured.min() ?? 0) s")
    }
}
