// swift-tools-version:5.9
// The generated module, a small sampler's client, and the tests of both. `test` lays this beside what was generated.
import PackageDescription

// Where the native library lies.
let library = Context.environment["FIELDSEAL_SWIFT_LIBRARY"] ?? "lib"

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
        .executableTarget(name: "SamplerClient", dependencies: ["Fieldseal"], path: "Sampler"),
        .target(name: "Story", dependencies: ["Fieldseal"], path: "Tests/Story"),
        .executableTarget(name: "UntilKilled", dependencies: ["Fieldseal", "Story"], path: "Tests/UntilKilled"),
        .testTarget(name: "FieldsealTests", dependencies: ["Fieldseal", "SamplerClient", "Story", "UntilKilled"]),
    ],
    // What is generated is Swift 5: under 6 its globals are errors of concurrency.
    swiftLanguageVersions: [.v5]
)
