// Opening a phone in Swift: what is there before anybody is enrolled, and hosts that refuse.

import Fieldseal
import Foundation
import XCTest

/// A Keychain that does not give its key.
final class Refusing: KeyStore, @unchecked Sendable {
    func databaseKey() throws -> Data? {
        throw HostFailure.Failed(reason: "the user is not authenticated")
    }
}

final class OpeningTests: XCTestCase {
    private func folder() throws -> String {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        addTeardownBlock { try FileManager.default.removeItem(at: place) }
        return place.path
    }

    private func code(_ work: () async throws -> Void) async -> String? {
        do {
            try await work()
            return nil
        } catch FieldsealError.Failed(let problem) {
            return problem.code
        } catch {
            return "\(error)"
        }
    }

    func testThePhoneOpensAndIsNobodys() async throws {
        XCTAssertFalse(coreVersion().isEmpty)
        let phone = try await openFieldseal(folder: folder(), hosts: Hosts())
        let owner = try await phone.owner()
        XCTAssertNil(owner)
        let visits = try await phone.visits()
        XCTAssertEqual(visits.count, 0)
    }

    func testAnErrorCarriesItsCode() async throws {
        let phone = try await openFieldseal(folder: folder(), hosts: Hosts())
        let refused = await code { _ = try await phone.visitJson(visit: String(repeating: "0", count: 64)) }
        XCTAssertEqual(refused, "visit.unknown")
    }

    func testAKeyStoreThatRefusesLeavesNothingBehind() async throws {
        let place = try folder()
        let refused = await code {
            _ = try await openFieldseal(folder: place, hosts: Hosts(keyStore: Refusing()))
        }
        XCTAssertEqual(refused, "key_store.refused")
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: place), [])
    }
}
