// A small sampler's client: log in, see tasks, start a visit, hear the verdict in Chinese before the sample is cut, seal, and
// let the sync happen. Everything that an app on a phone would do, without its screens.

import Fieldseal
import Foundation

/// One sampler's phone. `camera` takes a picture of something and says in which file; `say` is the screen.
final class Sampler {
    /// There is no such task, or nobody of that name.
    struct NotFound: Error {
        let what: String
    }

    private let phone: Fieldseal
    private let camera: (String) throws -> String
    private let say: (String) -> Void

    init(phone: Fieldseal, camera: @escaping (String) throws -> String, say: @escaping (String) -> Void) {
        self.phone = phone
        self.camera = camera
        self.say = say
    }

    func enrol(url: String, code: String) async throws {
        var owner = try await phone.owner()
        if owner == nil { owner = try await phone.enrol(serverUrl: url, code: code, label: "Swift") }
        if let owner { say("\(owner.userName) · \(owner.deviceId)") }
    }

    func sync() async throws {
        let done = try await phone.sync(options: SyncOptions(), listener: nil).wait()
        say("同步 \(done.outcome): 上行 \(done.sent), 下行 \(done.received), 未发 \(done.unsent)")
        for (words, rows) in Dictionary(grouping: try await phone.doctor(), by: \.zh) {
            say("  \(rows.count) × \(words)")
        }
    }

    func showTasks() async throws {
        for task in try await phone.tasks() { say("任务 \(task.code) \(task.productName) (\(task.samplingKind))") }
    }

    private func task(_ code: String) async throws -> TaskInfo {
        guard let found = try await phone.tasks().first(where: { $0.code == code }) else { throw NotFound(what: code) }
        return found
    }

    /// Walks in at the first enterprise that the text finds, for the team that has the task.
    func enter(search: String, taskCode: String, samplers: [String]) async throws -> String {
        guard let enterprise = try await phone.findEnterprises(text: search).first else { throw NotFound(what: search) }
        let task = try await task(taskCode)
        let plan = VisitPlan(
            campaignId: task.campaignId, place: .listed(enterpriseId: enterprise.enterpriseId), teamId: task.teamId
        )
        let visit = try await phone.startVisit(plan: plan)
        let arrival = ArrivalForm(samplers: samplers, noticeNo: "通知-1", idShown: true)
        _ = try await phone.recordArrival(visit: visit, arrival: arrival)
        say("进门 \(enterprise.name)")
        return visit
    }

    /// Draws a sample: the form, the verdict on it, and the seals of everybody.
    func draw(visit: String, taskCode: String, fields: some Encodable, people: [SignatureAct]) async throws -> String {
        let task = try await task(taskCode)
        let form = String(decoding: try JSONEncoder().encode(fields), as: UTF8.self)
        let sheet = try await phone.newSheet(visit: visit, taskId: task.taskId, fieldsJson: form)
        let record = RecordRef.sheet(id: sheet)
        for kind in ["place", "label", "stock", "sealing"] {
            let type = kind == "sealing" ? "video/mp4" : "image/jpeg"
            let evidence = EvidenceForm(mediaType: type, kind: kind, shows: record)
            _ = try await phone.captureFile(document: visit, form: evidence, path: camera(kind), listener: nil)
        }
        let preview = try await phone.preview(visit: visit)
        for finding in preview.findings + preview.advice {
            say("\(finding.ruleId) \(finding.zh)【\(finding.citation)】")
        }
        let party = PartySignatureAct.signed(name: "联系人", handwriting: Data("手写".utf8), stamp: Data("章".utf8))
        do {
            _ = try await phone.sealRecord(visit: visit, record: record, people: people, party: party)
            say("封样 \(sheet)")
        } catch FieldsealError.Failed(let problem) {
            for obstacle in problem.obstacles { say("不能封样: \(obstacle.zh)") }
            throw FieldsealError.Failed(problem: problem)
        }
        return sheet
    }
}

/// `SamplerClient FOLDER URL CODE`: enrols, syncs and lists the tasks.
@main
enum SamplerClient {
    static func main() async throws {
        let (folder, url, code) = (CommandLine.arguments[1], CommandLine.arguments[2], CommandLine.arguments[3])
        let phone = try await openFieldseal(folder: folder, hosts: Hosts())
        let sampler = Sampler(phone: phone, camera: { "\(folder)/\($0)" }, say: { print($0) })
        try await sampler.enrol(url: url, code: code)
        try await sampler.sync()
        try await sampler.showTasks()
        try await phone.closeStore()
    }
}
