// JSON of the story, as it is read.

import Foundation

enum Json: Codable, Equatable, Sendable {
    case nothing
    case bool(Bool)
    case number(Int64)
    case text(String)
    case list([Json])
    case object([String: Json])

    init(from decoder: Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .nothing
        } else if let it = try? value.decode(Bool.self) {
            self = .bool(it)
        } else if let it = try? value.decode(Int64.self) {
            self = .number(it)
        } else if let it = try? value.decode(String.self) {
            self = .text(it)
        } else if let it = try? value.decode([Json].self) {
            self = .list(it)
        } else {
            self = .object(try value.decode([String: Json].self))
        }
    }

    func encode(to encoder: Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .nothing: try value.encodeNil()
        case .bool(let it): try value.encode(it)
        case .number(let it): try value.encode(it)
        case .text(let it): try value.encode(it)
        case .list(let it): try value.encode(it)
        case .object(let it): try value.encode(it)
        }
    }

    static func read(_ text: String) throws -> Json {
        try JSONDecoder().decode(Json.self, from: Data(text.utf8))
    }

    func written() throws -> String {
        String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
    }

    /// What stands under a name; what does not is `nothing`.
    subscript(name: String) -> Json {
        if case .object(let members) = self { members[name] ?? .nothing } else { .nothing }
    }

    subscript(at: Int) -> Json { list[at] }

    var text: String {
        guard case .text(let it) = self else { preconditionFailure("\(self) is no text") }
        return it
    }

    var number: Int64 {
        guard case .number(let it) = self else { preconditionFailure("\(self) is no number") }
        return it
    }

    var bool: Bool {
        guard case .bool(let it) = self else { preconditionFailure("\(self) is neither true nor false") }
        return it
    }

    var list: [Json] {
        guard case .list(let it) = self else { preconditionFailure("\(self) is no list") }
        return it
    }

    var bytes: Data { Data(text.utf8) }
}
