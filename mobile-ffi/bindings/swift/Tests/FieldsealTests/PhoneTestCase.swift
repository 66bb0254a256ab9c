// A folder and a world for each test that asks for one.

import Foundation
@testable import Story
import XCTest

class PhoneTestCase: XCTestCase {
    func folder() throws -> URL {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("fieldseal-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        addTeardownBlock {
            // A phone that was only just let go of takes files of its own away meanwhile.
            for _ in 0..<20 where (try? FileManager.default.removeItem(at: place)) == nil {
                try await Task.sleep(nanoseconds: 50_000_000)
            }
        }
        return place
    }

    func world() throws -> World {
        let world = try World()
        addTeardownBlock { world.close() }
        return world
    }

    /// A program of this package, which lies beside its tests.
    func program(_ name: String, _ arguments: [String]) throws -> Program {
        #if os(macOS)
        let beside = Bundle(for: type(of: self)).bundleURL.deletingLastPathComponent()
        #else
        let beside = Bundle.main.bundleURL
        #endif
        return try Program(beside.appendingPathComponent(name), arguments)
    }
}
