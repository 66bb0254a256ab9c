// The small sampler's client is really run.

import Fieldseal
import Foundation
@testable import SamplerClient
@testable import Story
import XCTest

final class SamplerTests: PhoneTestCase {
    func testASamplerGoesFromEnrolmentToAReceivedSample() async throws {
        let (world, folder) = (try world(), try folder())
        var screen: [String] = []
        let phone = try await StoryPhone(folder, "first", world.known, nowMs: world.known["now_ms"].number)
        let camera = { (kind: String) in
            let file = folder.appendingPathComponent(kind)
            try Data("a picture of \(kind)".utf8).write(to: file)
            return file.path
        }
        let sampler = Sampler(phone: phone.face, camera: camera, say: { screen.append($0) })
        try await sampler.enrol(url: world.known["url"].text, code: world.code("王"))
        for key in ["王", "赵"] {
            let username = world.known["people"][key]["username"].text
            _ = try await phone.face.addSignatory(
                username: username, password: world.known["password"].text, pin: story["pin"].text
            )
        }
        try await sampler.sync()
        try await sampler.showTasks()
        let visit = try await sampler.enter(search: "铸造", taskCode: "T1", samplers: phone.people.map(\.userId))
        let fields = story["visit"]["sheets"][0]["fields"]
        _ = try await sampler.draw(visit: visit, taskCode: "T1", fields: fields, people: phone.people)
        try await sampler.sync()
        let unsent = try await phone.face.unsentWork()
        XCTAssertEqual(unsent.changes, 0)
        let said = screen.joined(separator: "\n")
        for words in ["王建国", "任务 T1 检查井盖", "进门 泽州示例铸造", "DUP6", "封样", "同步 complete"] {
            XCTAssertTrue(said.contains(words), "\(words) is missing in:\n\(said)")
        }
    }

    func testTheClientRunsAsAProgramOfItsOwn() throws {
        let world = try world()
        let client = try program("SamplerClient", [folder().path, world.known["url"].text, world.code("赵")])
        let (said, status) = client.saysAll()
        XCTAssertEqual(status, 0, said)
        for words in ["同步 complete", "任务 T1 检查井盖"] {
            XCTAssertTrue(said.contains(words), "\(words) is missing in:\n\(said)")
        }
    }
}
