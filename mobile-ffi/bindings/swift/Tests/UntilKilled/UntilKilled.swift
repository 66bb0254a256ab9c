// The process that is killed: enrols, plays the first half, tells what it made and waits for its end.

import Fieldseal
import Foundation
@testable import Story

@main
enum UntilKilled {
    static func main() async throws {
        let folder = URL(fileURLWithPath: CommandLine.arguments[1])
        let known = try Json.read(CommandLine.arguments[2])
        let phone = try await StoryPhone(folder, "first", known, nowMs: known["now_ms"].number)
        try await phone.enrol(CommandLine.arguments[3])
        let (visit, sheets) = try await phone.visitsOffline(folder)
        let made = Json.object(["visit": .text(visit), "sheets": .list(sheets.map { .text($0) })])
        try FileHandle.standardOutput.write(contentsOf: Data((made.written() + "\n").utf8))
        while true { try await Task.sleep(nanoseconds: 1_000_000_000) }
    }
}
