// swift-tools-version:5.9
// The generated module with its tests. `test` lays it beside what was generated.
import Foundation
import PackageDescription

let library = ProcessInfo.processInfo.environment["FIELDSEAL_SWIFT_LIBRARY"] ?? "lib"

let package = Package(
    name: "Fieldseal",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [.library(name: "Fieldseal", targets: ["Fieldseal"])],
    targets: [
        .systemLibrary(name: "FieldsealFFI"),
        .target(
            name: "Fieldseal",
            dependencies: ["FieldsealFFI"],
            linkerSettings: [.unsafeFlags(["-L\(library)", "-lmobile_ffi", "-Xlinker", "-rpath", "-Xlinker", library])]
        ),
        .testTarget(name: "FieldsealTests", dependencies: ["Fieldseal"]),
    ],
    swiftLanguageVersions: [.v5]
)
